// A configuration as YAML text of either version that reads back to the same configuration: what --dump shows. Options stand there
// when they differ from the built-in defaults, or all of them, so no `default:` is needed, save to take one away.
import type { Pos } from '../../base/diag.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { parseStack, printStack } from '../../gensio/syntax/gensio-str.ts';
import type { Stack } from '../../gensio/syntax/stack.ts';
import { ADMIN } from '../../options/admin.ts';
import { ATTACH } from '../../options/attach.ts';
import { CONNECTION, type ConnectionOptions } from '../../options/connection.ts';
import { LED } from '../../options/led.ts';
import { ROTATOR } from '../../options/rotator.ts';
import type { Row, Rows } from '../../options/row.ts';
import type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, RotatorConfig } from '../model.ts';
import { type Origins, originText } from '../origin.ts';
import { comment, scalar, wellFormed } from './quote.ts';

type Version = 1 | 2;

/** How a configuration is printed. */
export interface PrintForm {
  /** Every key and option that has a value, also where it is the built-in one. */
  readonly full?: boolean;
  /** Those of the reading the configuration is from: a comment after each value says where it came from. */
  readonly origins?: Origins | undefined;
  /** Which options are written; all, if it is not given. */
  readonly takes?: ((row: Row<unknown>) => boolean) | undefined;
  /** How an accepter or connector is written, if not as it was. */
  readonly stack?: ((stack: Stack, role: 'accepter' | 'connector') => string) | undefined;
}

/** Options whose text knows escapes: bytes that YAML cannot hold are written so. */
const ESCAPED: readonly string[] = ['banner', 'openstr', 'closestr', 'closeon', 'sendon', 'traceRead', 'traceWrite', 'traceBoth'];
const FILE_NAMES: readonly string[] = ['traceRead', 'traceWrite', 'traceBoth'];
const RAW_BYTE = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

/** A text as a value: substitution marks are written so that they stay themselves, and bytes that are not UTF-8 are replaced. */
const value = (text: string, version: Version): string => scalar(wellFormed(text), `v${version}`);

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

/** An accepter or connector as it is written where no defaults are set. */
export function stackText(stack: Stack, role: 'accepter' | 'connector'): string {
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

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

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
  readonly #form: PrintForm;
  readonly #connectionNames: Names;
  readonly #rotatorNames: Names;
  readonly #ledNames: Names;
  /** Version 2 has no way to take a default away. */
  readonly #unset: readonly string[];

  constructor(config: Config, version: Version, form: PrintForm) {
    this.#config = config;
    this.#version = version;
    this.#form = form;
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

  /** A line with where its value came from. field: its name in the notes of the section. */
  #line(line: string, section: Pos, field: string): string {
    const { origins } = this.#form;
    return origins === undefined ? line : `${line}  # ${comment(originText(origins.of(section, field)))}`;
  }
  #text(key: string, text: string, section: Pos): string {
    return this.#line(`${key}: ${value(text, this.#version)}`, section, key);
  }
  #list(key: string, items: readonly string[], section: Pos): string[] {
    return [this.#line(`${key}:`, section, key), ...items.map((item) => `  - ${item}`)];
  }
  /** A key that need not be there when it says what holds anyway. */
  #plain(key: string, text: string, same: boolean, section: Pos): string[] {
    return same && this.#form.full !== true ? [] : [this.#line(`${key}: ${text}`, section, key)];
  }

  /** Options as lines `name: value`: those that differ from the defaults, or every one with a value. */
  #options(rows: Rows, values: Readonly<Record<string, unknown>>, section: Pos, device?: string): string[] {
    const lines: string[] = [];
    for (const [key, row] of Object.entries(rows)) {
      const given = values[key];
      const same = JSON.stringify(given) === JSON.stringify(row.def) && !this.#unset.some((each) => each === key);
      if (row.yaml === false || given === undefined || (same && this.#form.full !== true)) continue;
      if (this.#form.takes?.(row) === false) continue;
      const parts = key === 'mdnsTxt' && Array.isArray(given) && given.length > 0 ? given.map((item) => [item]) : [given];
      for (const part of parts) {
        let text = row.kind.print(part);
        if (ESCAPED.includes(key)) {
          text = withoutAlias(text, device, FILE_NAMES.includes(key)).replace(
            RAW_BYTE,
            (c) => `\\x${(c.charCodeAt(0) - 0xdc00).toString(16)}`,
          );
        }
        lines.push(this.#line(`${row.yaml}: ${value(text, this.#version)}`, section, `options.${key}`));
      }
    }
    return lines.length === 0 ? [] : ['options:', ...indent(lines)];
  }

  #stack(stack: Stack, role: 'accepter' | 'connector'): string {
    return (this.#form.stack ?? stackText)(stack, role);
  }

  #connection(c: ConnectionConfig): string[] {
    const names = (name: string | undefined): string | undefined => (name === undefined ? undefined : this.#ledNames.of(name));
    const { ledRx, ledTx, ledConn } = c.options;
    const options: ConnectionOptions = { ...c.options, ledRx: names(ledRx), ledTx: names(ledTx), ledConn: names(ledConn) };
    return [
      this.#text('accepter', this.#stack(c.accepter, 'accepter'), c.pos),
      this.#text('connector', this.#stack(c.connector, 'connector'), c.pos),
      ...this.#plain('timeout', String(c.timeout), c.timeout === 0, c.pos),
      ...this.#plain('enable', c.enable ? 'on' : 'off', c.enable, c.pos),
      ...this.#options(CONNECTION, options, c.pos, c.device),
    ];
  }

  #rotator(r: RotatorConfig): string[] {
    const names = r.connections.map((name) => value(this.#connectionNames.of(name), this.#version));
    return [
      this.#text('accepter', this.#stack(r.accepter, 'accepter'), r.pos),
      ...this.#list('connections', names, r.pos),
      ...this.#options(ROTATOR, r.options, r.pos),
    ];
  }

  #attachment({ device, targets, enable, options, pos }: AttachConfig): string[] {
    const [first = '', ...others] = targets.map(({ written }) => written);
    return [
      this.#text('device', device, pos),
      ...(others.length === 0
        ? [this.#text('target', first, pos)]
        : this.#list(
            'target',
            [first, ...others].map((each) => value(each, this.#version)),
            pos,
          )),
      ...this.#plain('enable', enable ? 'on' : 'off', enable, pos),
      ...this.#options(ATTACH, options, pos),
    ];
  }

  #led({ driver, device, duration, state, mode, pos }: LedConfig): string[] {
    return [this.#text('driver', driver, pos), ...this.#options(LED, { device, duration, state, mode }, pos)];
  }

  #admin({ accepter, authdir, pamauth, timeout, pos }: AdminConfig): string[] {
    return [this.#text('accepter', stackText(accepter, 'accepter'), pos), ...this.#options(ADMIN, { authdir, pamauth, timeout }, pos)];
  }
}

/** The configuration as text of version 1 (ser2net 4.0 on) or 2 (4.6.0 on). */
export const printYaml = (config: Config, version: Version = 1, form: PrintForm = {}): string => new Printer(config, version, form).print();
