// What is wrong with a configuration as a whole, or legal but hardly meant: two listeners on one address, a device named twice, a
// comma forgotten. Warnings only: ser2net says nothing about them until a client comes.
import type { Diag, Pos } from '../base/diag.ts';
import { atOnce, type Steps } from '../base/slices.ts';
import { nearest } from '../base/text.ts';
import { callStack } from '../gensio/syntax/call-back.ts';
import { layerInfo } from '../gensio/syntax/custom-layers.ts';
import { portNumber } from '../gensio/syntax/net-addr.ts';
import { bottomOf, isWildcard, type Stack } from '../gensio/syntax/stack.ts';
import type { Sections } from '../options/sections/table.ts';
import { LAYERS, type LayerSpec, type NetAddr } from '../options/stack.ts';
import { Diags } from './diags.ts';
import type { Config, ConfigWithOrigins, ConnectionConfig } from './model.ts';
import { Origins } from './origin.ts';
import { PLAIN_QUOTES, TYPOGRAPHIC } from './stack-hint.ts';

const warn = (code: Diag['code'], pos: Pos, text: string, hint?: string): Diag => ({
  code,
  severity: 'warning',
  pos,
  text,
  ...(hint !== undefined && { hint }),
});

/** Every problem of a whole configuration, in its order. origins: those of its reading, for the exact places. */
export const checkConfig = (config: Config, origins = new Origins()): Diag[] => atOnce(checkSteps(config, origins));

/** The same, so that others may come in between. */
export function* checkSteps(config: Config, origins: Origins): Steps<Diag[]> {
  const reading = { config, origins };
  const out = new Diags();
  for (const look of [listenersTwice, portsTooHigh, devicesTwice, questionableSettings, unknownReferences, linksTwice]) {
    yield;
    for (const diag of look(reading)) {
      out.add(diag);
      if (out.full) return out.list;
    }
  }
  return out.list;
}

/** Something that listens. pos: where its accepter is written. */
export interface Listener {
  /** Its name for messages: `connection 'con1'`. */
  readonly what: string;
  /** Where its accepter is written. */
  readonly pos: Pos;
  /** What it listens with. */
  readonly accepter: Stack;
}

/** Everything of a configuration that listens, in the order the daemon opens it. */
export function listenersOf({ config: { connections, rotators, admin, sections }, origins }: ConfigWithOrigins): Listener[] {
  const of = (what: string, { pos, accepter }: { readonly pos: Pos; readonly accepter: Stack }): Listener => ({
    what,
    pos: origins.placeOf(pos, 'accepter'),
    accepter,
  });
  return [
    ...(admin === undefined ? [] : [of('the admin port', admin)]),
    ...rotators.map((r) => of(`the rotator '${r.name}'`, r)),
    ...connections.filter((c) => c.enable).map((c) => of(`the connection '${c.name}'`, c)),
    ...(sections === undefined ? [] : connections.filter((c) => c.enable).flatMap(({ name }) => doorsOf(name, sections))),
  ];
}

const seeAlso = ({ file, line }: Pos): string | undefined => (line > 0 ? `see ${file}, line ${line}` : undefined);

/** The further ways into a connection. */
function doorsOf(name: string, { ports }: Sections): Listener[] {
  const section = ports.get(name);
  return (section?.values.doors ?? []).flatMap(({ accepter }, i) =>
    accepter === undefined
      ? []
      : {
          what: `a door of '${name}'`,
          pos: section!.places.get(`doors.${i}.accepter`) ?? section!.pos,
          accepter: { ...accepter, error: undefined },
        },
  );
}

/** Listeners that want an address which another one has. */
export function listenersTwice(reading: ConfigWithOrigins): Diag[] {
  const all = listenersOf(reading);
  const out: Diag[] = [];
  /** By protocol and port: hosts, and who listens. */
  const taken = new Map<string, { readonly addr: NetAddr; readonly by: Listener }[]>();
  for (const listener of all) {
    const bottom = bottomOf(listener.accepter.spec);
    for (const [key, addr] of listening(bottom)) {
      const others = taken.get(key) ?? [];
      taken.set(key, others);
      const other = others.length > 50 ? undefined : others.find((o) => o.by !== listener && meet(o.addr, addr));
      if (other !== undefined) {
        const text = `'${listener.accepter.text}' uses the same address as ${other.by.what}`;
        out.push(warn('duplicate-listener', listener.pos, text, seeAlso(other.by.pos)));
      }
      others.push({ addr, by: listener });
    }
  }
  return out;
}

function listening(layer: LayerSpec | undefined): (readonly [string, NetAddr])[] {
  if (layer === undefined) return [];
  if (layer.type === 'tcp' || layer.type === 'udp') {
    return layer.addrs.filter((addr) => addr.port !== '0').map((addr) => [`${layer.type} ${addr.port}`, addr] as const);
  }
  if (layer.type === 'unix' || layer.type === 'unixdgram' || layer.type === 'unixseq') {
    return [[`unix ${layer.path}`, { family: undefined, host: undefined, port: '' }]];
  }
  return [];
}

/** Whether two listeners cannot both have their address: a wildcard meets everything of its family. */
function meet(a: NetAddr, b: NetAddr): boolean {
  const only = (addr: NetAddr): 4 | 6 | undefined => {
    if (addr.family === 'ipv4' || addr.host === '0.0.0.0') return 4;
    return addr.family === 'ipv6' ? 6 : undefined;
  };
  if (only(a) !== undefined && only(b) !== undefined && only(a) !== only(b)) return false;
  return isWildcard(a.host) || isWildcard(b.host) || a.host === b.host;
}

/** The device at the bottom of a stack, if there is one. */
export const deviceOf = (stack: Stack): string | undefined => {
  const bottom = bottomOf(stack.spec);
  if (bottom?.type === 'serialdev' || bottom?.type === 'sdev') return bottom.device;
  return bottom?.type === 'dev' ? bottom.path : undefined;
};

/** Ports that gensio takes modulo 65536, which nobody wants. */
function* portsTooHigh(reading: ConfigWithOrigins): Iterable<Diag> {
  const { config, origins } = reading;
  const connectors = config.connections.map((c) => ({ pos: origins.placeOf(c.pos, 'connector'), stack: c.connector }));
  for (const { pos, stack } of [...listenersOf(reading).map((l) => ({ pos: l.pos, stack: l.accepter })), ...connectors]) {
    const bottom = bottomOf(stack.spec);
    if (bottom?.type !== 'tcp' && bottom?.type !== 'udp') continue;
    const port = stack.text
      .slice(stack.text.lastIndexOf(')') + 1)
      .split(',')
      .find((word) => /^[0-9]+$/.test(word) && Number(word) > 65535);
    if (port === undefined) continue;
    const text = `the port ${port} in '${stack.text}' is above 65535: ${portNumber(port, bottom.type)} is used`;
    yield { ...warn('bad-address', pos, text, 'ports are numbers from 1 to 65535'), severity: 'error' };
  }
}

function devicesTwice({ config: { connections }, origins }: ConfigWithOrigins): Diag[] {
  const first = new Map<string, ConnectionConfig>();
  const out: Diag[] = [];
  for (const connection of connections) {
    const device = deviceOf(connection.connector);
    if (device === undefined || !connection.enable) continue;
    const other = first.get(device);
    if (other === undefined) first.set(device, connection);
    else {
      const text = `the connection '${other.name}' uses the device ${device}, too: only one of them can be used at a time`;
      out.push(warn('duplicate-device', origins.placeOf(connection.pos, 'connector'), text, seeAlso(other.pos)));
    }
  }
  return out;
}

function* questionableSettings({ config: { connections }, origins }: ConfigWithOrigins): Iterable<Diag> {
  for (const connection of connections) yield* questionsAbout(connection, origins);
}

function questionsAbout({ name, connector, accepter, pos, options }: ConnectionConfig, origins: Origins): Diag[] {
  const out: Diag[] = [];
  const device = deviceOf(connector);
  const below = origins.placeOf(pos, 'connector');
  if (device !== undefined && /[ \t]/.test(device)) {
    const hint = /^\S+[ \t]+[0-9]/.test(device)
      ? `a comma is missing after '${device.split(/[ \t]/)[0]}'`
      : device.trim() !== device
        ? 'spaces beside a comma are part of the text: leave them out'
        : undefined;
    out.push(warn('questionable', below, `the device name '${device}' of '${name}' contains a space`, hint));
  } else if (device !== undefined && TYPOGRAPHIC.test(connector.text)) {
    out.push(warn('questionable', below, `the device name '${device}' of '${name}' contains typographic quotes`, PLAIN_QUOTES));
  } else if (device !== undefined && /^['"]/.test(device)) {
    out.push(warn('questionable', below, `the quotes are part of the device name ${device}`, 'a device needs no quotes: leave them out'));
  } else if (device === '') out.push(warn('questionable', below, `the connector of '${name}' names no device`));
  else if (device !== undefined && !/^\.{0,2}\//.test(device)) {
    out.push(warn('questionable', below, `the device '${device}' of '${name}' is not a full path`, `did you mean '/dev/${device}'?`));
  }
  const tty = /^(tty[A-Za-z]+[0-9]*),/.exec(connector.text)?.[1];
  if (tty !== undefined && connector.spec !== undefined) {
    const hint = `write 'serialdev,/dev/${connector.text}'`;
    out.push(warn('questionable', below, `'${tty}' in '${connector.text}' is taken as the name of a host`, hint));
  }
  for (const stack of [accepter, connector]) {
    const near = likeLayer(stack);
    if (near !== undefined)
      out.push(
        warn(
          'questionable',
          stack === accepter ? origins.placeOf(pos, 'accepter') : below,
          `'${near.host}' in '${stack.text}' is taken as the name of a host`,
          stack === accepter && layerInfo(near.layer)?.roles.includes('accepter') === false
            ? `'${near.layer}' is for connectors; in an accepter write 'conacc,${near.layer},...'`
            : `did you mean '${near.layer}'?`,
        ),
      );
  }
  const connback = origins.placeOf(pos, 'options.connback');
  for (const address of options.connback ?? []) {
    const got = accepter.spec && callStack(accepter.spec, address);
    if (got !== undefined && 'error' in got)
      out.push(warn('questionable', connback, `'${name}' cannot connect back to '${address}': ${got.detail}`));
  }
  if ((options.connback?.length ?? 0) > options.maxConnections) {
    const text = `'${name}' connects back to more addresses than max-connections allows`;
    // The port says so itself when it is made.
    out.push({ ...warn('bad-address', connback, text), severity: 'error', further: true });
  }
  return out;
}

/** A host in front of a string that looks like the name of a layer. */
function likeLayer({ text, spec }: Stack): { readonly host: string; readonly layer: string } | undefined {
  const bottom = bottomOf(spec);
  const host = bottom !== undefined && 'addrs' in bottom ? bottom.addrs[0]?.host : undefined;
  if (host === undefined || !/^[A-Za-z][A-Za-z0-9]*$/.test(host) || !/^(?:[a-z]+(?:\([^)]*\))?,)*$/.test(text.slice(0, text.indexOf(host))))
    return undefined;
  if (/(?:^|,)(?:tcp|udp)[,(]/.test(text.slice(0, text.indexOf(host)))) return undefined;
  const layer = nearest(host, Object.keys(LAYERS));
  return layer === undefined ? undefined : { host, layer };
}

/** Attachments that would create the device of another one. */
function linksTwice({ config: { attachments = [] }, origins }: ConfigWithOrigins): Diag[] {
  const first = new Map<string, string>();
  return attachments
    .filter(({ enable }) => enable)
    .flatMap(({ name, device, pos }) => {
      const other = first.get(device);
      if (other === undefined) first.set(device, name);
      return other === undefined
        ? []
        : [
            warn(
              'duplicate-device',
              origins.placeOf(pos, 'device'),
              `the attachment '${other}' creates the device ${device}, too: '${name}' is not used`,
            ),
          ];
    });
}

/** Rotators that name connections which do not exist. */
function* unknownReferences({ config: { rotators, connections }, origins }: ConfigWithOrigins): Iterable<Diag> {
  const names = new Set(connections.map((c) => c.name));
  for (const { name, connections: wanted, pos } of rotators) {
    for (const [i, each] of wanted.entries()) {
      if (names.has(each)) continue;
      yield warn('not-found', origins.placeOf(pos, `connections.${i}`), `the rotator '${name}' names '${each}', which is not a connection`);
    }
  }
}
