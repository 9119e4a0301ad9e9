// Where `ser2net console` and `ser2net capture` connect to, and the other options of a console.
import { DEFAULT_ESCAPE, parseEscape } from '../attach/console/keys.ts';
import { MAPPINGS, type Mapping, parseMappings } from '../attach/console/received.ts';
import { SpokenTelnet } from '../attach/console/spoken-telnet.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { Builder } from '../gensio/registry.ts';
import { parseSpec } from '../gensio/syntax/gensio-str.ts';
import { type ParsedTarget, parseTarget, type Target, type TlsOptions, targetOfAccepter } from '../gensio/syntax/target.ts';
import { ATTACH, type LineWish } from '../options/attach.ts';
import { time } from '../options/kind.ts';
import { LAYERS, type LayerSpec } from '../options/stack.ts';
import { hostAndPort } from './host-and-port.ts';
import { readConfiguration } from './read-configuration.ts';
import { type SubcommandOptions, textOption } from './subcommand.ts';

const isLayer = (name: string): boolean => Object.hasOwn(LAYERS, name);

/** Telnet as a client with RFC 2217; the address does not matter. */
const telnetClient = (): LayerSpec => parseSpec('telnet(rfc2217,mode=client),tcp,localhost,1', 'connector')!;

/** What a command line asks for. */
export interface ConsoleRequest {
  /** Where the port is. */
  readonly target: Target;
  /** The server decides whether it is telnet: by beginning with it. */
  readonly mayBeTelnet: boolean;
  /** The key that begins a command. */
  readonly escape: number | 'none';
  /** What to ask of the line. */
  readonly speed: LineWish | undefined;
  /** What is changed of what is shown and typed. */
  readonly mappings: ReadonlySet<Mapping>;
  /** After the end of an input that is no terminal: how long to listen without hearing anything, ms. */
  readonly wait: number;
}

/** What the arguments mean, or what is wrong with them. */
export async function parseConsoleArgs(where: string, given: SubcommandOptions): Promise<ConsoleRequest | string> {
  const tls: TlsOptions = {
    tlsCert: textOption(given.tlsCert),
    tlsKey: textOption(given.tlsKey),
    tlsCa: textOption(given.tlsCa),
    tlsAllow: textOption(given.tlsAllow),
  };
  const target = await findTarget(where, given, tls);
  if ('problem' in target) return target.problem;
  const escapeKey = given.escape === undefined ? DEFAULT_ESCAPE : parseEscape(String(given.escape));
  if (escapeKey === undefined) return `--escape: '${String(given.escape)}' is not a key such as ^], or none`;
  const speed = given.speed === undefined ? { ok: undefined } : ATTACH.speed.kind.parse(String(given.speed));
  if ('expected' in speed) return `--speed: '${String(given.speed)}' is not ${speed.expected}`;
  const wait = time('s').parse(textOption(given.wait) ?? '1');
  if ('expected' in wait) return `--wait: '${String(given.wait)}' is not ${wait.expected}`;
  const mappings = parseMappings(textOption(given.map) ?? '');
  if (mappings === undefined) return `--map: '${String(given.map)}' is not one or more of ${Object.keys(MAPPINGS).join(', ')}`;
  const mayBeTelnet = target.mayBeTelnet === true;
  return {
    target: mayBeTelnet ? { ...target.ok, text: where } : target.ok,
    mayBeTelnet,
    mappings,
    escape: escapeKey,
    speed: speed.ok ?? target.ok.options.speed,
    wait: wait.ok,
  };
}

/** What leads to a target: telnet where the server begins with it, if that is for the server to decide. */
export function connectorFor({ target, mayBeTelnet }: Pick<ConsoleRequest, 'target' | 'mayBeTelnet'>, builder: Builder): Gensio {
  const connector = builder.connector(target.spec);
  return mayBeTelnet ? new SpokenTelnet(connector, (child) => builder.onAccepted(telnetClient(), child)) : connector;
}

/** A URL, a connection of the configuration by its name, HOST:PORT or PORT, or a connector string. */
async function findTarget(
  where: string,
  given: SubcommandOptions,
  tls: TlsOptions,
): Promise<ParsedTarget & { readonly mayBeTelnet?: boolean }> {
  const file = textOption(given.config);
  if (where.includes('://')) return parseTarget(where, tls);
  const outcome = await readConfiguration(file);
  if (outcome.kind === 'read') {
    const found = outcome.reading.config.connections.find(({ name }) => name === where)?.accepter.spec;
    if (found !== undefined) return targetOfAccepter(where, found, tls);
  } else if (file !== undefined) return { problem: outcome.text };
  // Who asks for a line wants RFC 2217.
  const scheme = given.raw !== true && given.speed !== undefined ? 'rfc2217' : 'tcp';
  const mayBeTelnet = given.raw !== true && scheme === 'tcp';
  if (/^[0-9]+$/.test(where)) return { ...parseTarget(`${scheme}://localhost:${where}`, tls), mayBeTelnet };
  const place = isLayer(/^[^,(]*/.exec(where)![0]) ? undefined : hostAndPort(where);
  if (place !== undefined) {
    const host = place.host.includes(':') ? `[${place.host}]` : place.host;
    return { ...parseTarget(`${scheme}://${host}:${place.port}`, tls), mayBeTelnet };
  }
  if (/^[A-Za-z0-9_.-]+$/.test(where)) {
    return { problem: `${where}: the configuration has no connection of that name; use HOST:PORT for a port on another machine` };
  }
  return parseTarget(where, tls);
}
