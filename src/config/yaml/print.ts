// A configuration as YAML text of either version that reads back to the same configuration: what --dump shows. Options stand there
// when they differ from the built-in defaults, so no `default:` is needed, save to take one away.
import { ATTACH } from '../../options/attach.ts';
import { CONNECTION, type ConnectionOptions } from '../../options/connection.ts';
import type { Row, Rows } from '../../options/row.ts';
import { Defaults } from '../defaults.ts';
import { parseStack, printStack } from '../gensio-str.ts';
import type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, RotatorConfig, Stack } from '../model.ts';
import { writeScalar } from './write-scalar.ts';

type Version = 1 | 2;

/** Options whose text knows escapes: bytes that YAML cannot hold are written so. */
const ESCAPED: readonly string[] = ['banner', 'openstr', 'closestr', 'closeon', 'sendon', 'traceRead', 'traceWrite', 'traceBoth'];
const FILE_NAMES: readonly string[] = ['traceRead', 'traceWrite', 'traceBoth'];
const RAW_BYTE = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A text as a value: substitution marks are written so that they stay themselves, bytes that are not UTF-8 become `?`. */
function value(text: string, version: Version): string {
  const marked = version === 1 ? text.replace(/\*([({])/g, '*$1*') : text.replace(/=(?=[=({]|$)/g, '==');
  return writeScalar(marked.replace(LONE, '?'));
}

/** Names that anchors can have, each once; version 2 takes any. */
class Names {
  readonly #version: Version;
  readonly #given = new Map<string, string>();
  readonly #taken = new Set<string>();
  constructor(version: Version) {
    this.#version = version;
  }
  of(name: string): string {
    const known = this.#given.get(name);
    if (known !== undefined) return known;
    const plain = this.#version === 2 ? name : name.replace(/[^A-Za-z0-9_-]/g, '-') || 'unnamed';
    let unique = plain;
    for (let n = 2; this.#taken.has(unique); n++) unique = `${plain}-${n}`;
    this.#taken.add(unique);
    this.#given.set(name, unique);
    return unique;
  }
}

const BARE = new Defaults();

function stackText(stack: Stack, role: 'accepter' | 'connector'): string {
  if (stack.spec === undefined) return stack.text;
  const { spec } = parseStack(stack.text, role, BARE);
  return JSON.stringify(spec) === JSON.stringify(stack.spec) ? stack.text : printStack(stack.spec);
}

/** `\o` written out, as YAML has no aliases for devices. */
function withoutAlias(text: string, device: string | undefined, fileName: boolean): string {
  if (device === undefined) return text;
  const shown = (fileName ? device.slice(device.lastIndexOf('/') + 1) : device).replaceAll('\\', '\\\\');
  return text.replace(/\\([\s\S])/g, (all, c: string) => (c === 'o' ? shown : all));
}

/** The options that differ from the defaults, as lines `name: value`. */
function optionLines(
  rows: Rows,
  values: Readonly<Record<string, unknown>>,
  version: Version,
  device?: string,
  unset: readonly string[] = [],
): string[] {
  const lines: string[] = [];
  for (const [key, row] of Object.entries(rows) as [string, Row<unknown>][]) {
    const given = values[key];
    if (row.yaml === false || given === undefined || (JSON.stringify(given) === JSON.stringify(row.def) && !unset.includes(key))) continue;
    const parts = key === 'mdnsTxt' && Array.isArray(given) ? given.map((item) => [item]) : [given];
    for (const part of parts) {
      let text = row.kind.print(part);
      if (ESCAPED.includes(key)) {
        text = withoutAlias(text, device, FILE_NAMES.includes(key)).replace(
          RAW_BYTE,
          (c) => `\\x${(c.charCodeAt(0) - 0xdc00).toString(16)}`,
        );
      }
      lines.push(`${row.yaml}: ${value(text, version)}`);
    }
  }
  return lines;
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
const section = (key: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [`${key}:`, ...indent(lines)]);

/** Options with a default that can be taken away, and are somewhere. */
const REMOVABLE = ['signature', 'authdir'] as const;
const removed = ({ connections, rotators }: Config): (typeof REMOVABLE)[number][] =>
  REMOVABLE.filter(
    (key) =>
      connections.some((c) => c.options[key] === undefined) || (key === 'authdir' && rotators.some((r) => r.options[key] === undefined)),
  );

class Printer {
  readonly #config: Config;
  readonly #version: Version;
  readonly #connectionNames: Names;
  readonly #rotatorNames: Names;
  readonly #ledNames: Names;
  /** Version 2 has no way to take a default away. */
  readonly #unset: readonly string[];

  constructor(config: Config, version: Version) {
    this.#config = config;
    this.#version = version;
    this.#connectionNames = new Names(version);
    this.#rotatorNames = new Names(version);
    this.#ledNames = new Names(version);
    this.#unset = version === 1 ? removed(config) : [];
    for (const led of config.leds) this.#ledNames.of(led.name);
    for (const connection of config.connections) this.#connectionNames.of(connection.name);
  }

  print(): string {
    const { connections, rotators, leds, admin, attachments = [] } = this.#config;
    const attachmentNames = new Names(this.#version);
    const sections = [
      ...this.#unset.map((key) => ['default:', `  name: ${key}`, '  class: ser2net']),
      ...this.#group('admin', admin === undefined ? [] : [admin], (a) => [a.name, this.#admin(a)]),
      ...this.#group('led', leds, (led) => [this.#ledNames.of(led.name), this.#led(led)]),
      ...this.#group('connection', connections, (c) => [this.#connectionNames.of(c.name), this.#connection(c)]),
      ...this.#group('rotator', rotators, (r) => [this.#rotatorNames.of(r.name), this.#rotator(r)]),
      ...this.#group('attachment', attachments, (a) => [attachmentNames.of(a.name), this.#attachment(a)]),
    ];
    if (sections.length === 0) sections.push(this.#version === 1 ? ['define: &confver 1.0'] : ['defines: {}']);
    return `%YAML 1.1\n---\n${sections.map((lines) => `${lines.join('\n')}\n`).join('\n')}`;
  }

  /** Sections of one kind: one after the other, or under one key. */
  #group<T>(kind: string, items: readonly T[], print: (item: T) => readonly [string | undefined, readonly string[]]): string[][] {
    const printed = items.map(print);
    if (this.#version === 1) return printed.map(([name, lines]) => [`${kind}:${name === undefined ? '' : ` &${name}`}`, ...indent(lines)]);
    if (printed.length === 0) return [];
    return [[`${kind}s:`, ...printed.flatMap(([name, lines]) => indent([`${value(name ?? kind, 2)}:`, ...indent(lines)]))]];
  }

  #text(key: string, text: string): string {
    return `${key}: ${value(text, this.#version)}`;
  }

  #connection(c: ConnectionConfig): string[] {
    const names = (name: string | undefined): string | undefined => (name === undefined ? undefined : this.#ledNames.of(name));
    const { ledRx, ledTx, ledConn } = c.options;
    const options: ConnectionOptions = { ...c.options, ledRx: names(ledRx), ledTx: names(ledTx), ledConn: names(ledConn) };
    return [
      this.#text('accepter', stackText(c.accepter, 'accepter')),
      this.#text('connector', stackText(c.connector, 'connector')),
      ...(c.timeout === 0 ? [] : [`timeout: ${c.timeout}`]),
      ...(c.enable ? [] : ['enable: off']),
      ...section('options', optionLines(CONNECTION, options, this.#version, c.device, this.#unset)),
    ];
  }

  #rotator(r: RotatorConfig): string[] {
    const { authdir, pamauth, allowedUsers, accepterRetryTime } = CONNECTION;
    return [
      this.#text('accepter', stackText(r.accepter, 'accepter')),
      'connections:',
      ...r.connections.map((name) => `  - ${value(this.#connectionNames.of(name), this.#version)}`),
      ...section(
        'options',
        optionLines({ authdir, pamauth, allowedUsers, accepterRetryTime }, r.options, this.#version, undefined, this.#unset),
      ),
    ];
  }

  #attachment({ device, targets, enable, options }: AttachConfig): string[] {
    const [first, ...others] = targets.map(({ written }) => value(written, this.#version));
    return [
      this.#text('device', device),
      ...(others.length === 0 ? [`target: ${first}`] : ['target:', ...[first, ...others].map((each) => `  - ${each}`)]),
      ...(enable ? [] : ['enable: off']),
      ...section('options', optionLines(ATTACH, options, this.#version)),
    ];
  }

  #led({ driver, device, duration, state, mode }: LedConfig): string[] {
    const options = [this.#text('device', device), `duration: ${duration}`, `state: ${state}`];
    if (mode !== 'transient') options.push(`mode: ${mode}`);
    return [`driver: ${driver}`, ...section('options', options)];
  }

  #admin({ accepter, authdir, pamauth }: AdminConfig): string[] {
    const options = authdir === '/etc/ser2net/auth' ? [] : [this.#text('authdir-admin', authdir)];
    if (pamauth !== undefined) options.push(this.#text('pamauth-admin', pamauth));
    return [this.#text('accepter', stackText(accepter, 'accepter')), ...section('options', options)];
  }
}

/** The configuration as text of version 1 (ser2net 4.0 on) or 2 (4.6.0 on). */
export const printYaml = (config: Config, version: Version = 1): string => new Printer(config, version).print();
