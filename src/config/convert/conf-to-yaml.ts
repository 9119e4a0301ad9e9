// A classic file as YAML: line by line, comments and order kept, strings by name, and a note at each place where the new file
// does not do quite the same.
import { isDeepStrictEqual } from 'node:util';
import type { Diag, Pos } from '../../base/diag.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { CONNECTION } from '../../options/connection.ts';
import type { Row, Rows } from '../../options/row.ts';
import type { DefaultEntry, Entry, NamedText, PortEntry } from '../conf/entry.ts';
import { namesFor, type ReadLine, readLines } from '../conf/model.ts';
import type { ConfNames } from '../conf/names.ts';
import { readTree } from '../conf/tree.ts';
import { isUnicode, scalar, substitutes, wellFormed, type YamlVersion } from '../yaml/quote.ts';
import { adaptText } from './adapt-text.ts';
import { DefaultsForV2, ROWS_OF, remarkOn, type Written } from './defaults-v2.ts';
import { accepterText, connectorText, telnetPrefix } from './stack-text.ts';
import { YamlText } from './yaml-text.ts';

/** Options whose texts have escapes; true: they are names of files. */
const ESCAPED: Readonly<Record<string, boolean>> = {
  banner: false,
  openstr: false,
  closestr: false,
  closeon: false,
  sendon: false,
  'trace-read': true,
  'trace-write': true,
  'trace-both': true,
};
/** Three options that one name sets. */
const TOGETHER = [
  ['trace-hexdump', 'traceReadHexdump', 'traceWriteHexdump', 'traceBothHexdump'],
  ['trace-timestamp', 'traceReadTimestamp', 'traceWriteTimestamp', 'traceBothTimestamp'],
] as const;

/** A converted text, with the problems of the old one and the differences of the new one. */
interface ConfAsYaml {
  readonly text: string;
  readonly diags: readonly Diag[];
}

/**
 * A classic text in a version of YAML. Any text can be converted. meant: write what the author of a file for 2.x or 3.x meant where
 * this version reads it otherwise: `\s` in texts, and ports with words in their options that are not understood.
 */
export function confToYaml(text: string, file: string, version: YamlVersion, meant: boolean): ConfAsYaml {
  const converter = new Converter(text, file, version, meant);
  return { text: converter.run(), diags: converter.diags };
}

class Converter {
  readonly diags: Diag[] = [];
  readonly #file: string;
  readonly #version: YamlVersion;
  readonly #meant: boolean;
  readonly #tree: ReturnType<typeof readTree>;
  readonly #out: YamlText;
  readonly #names: ConfNames;
  readonly #defaultsNow: DefaultsForV2;
  /** By what is named: the name in YAML. */
  readonly #anchors = new Map<string, string>();
  readonly #taken = new Set<string>();
  /** By text: what its define is called, and the text it has there. */
  readonly #defines = new Map<NamedText, { readonly anchor: string; readonly text: string }>();
  /** By kind and name: the newest. */
  readonly #newest = new Map<string, NamedText>();
  /** By connector: how it was written. */
  readonly #connectors = new Map<string, string>();
  #notes: string[] = [];
  #pos: Pos;

  constructor(text: string, file: string, version: YamlVersion, meant: boolean) {
    this.#file = file;
    this.#version = version;
    this.#meant = meant;
    this.#tree = readTree(text);
    this.#out = new YamlText(version);
    this.#names = this.#freshNames();
    this.#defaultsNow = new DefaultsForV2(this.#names.defaults, new Defaults());
    this.#pos = { file, line: 0, col: 0, len: 0 };
  }

  run(): string {
    // Ports are named first: their names are what people type.
    for (const { entry } of readLines(this.#tree, this.#file, this.#freshNames())) {
      if (entry.is === 'port') this.#anchor('connection', entry.connection.name);
      else if (entry.is === 'default' && entry.value === undefined) this.#defaultsNow.expect(entry.name);
    }
    for (const line of readLines(this.#tree, this.#file, this.#names)) this.#line(line);
    return this.#out.toString();
  }

  #freshNames(): ConfNames {
    const names = namesFor(this.#tree, new Defaults());
    names.keepPorts = this.#meant;
    return names;
  }

  #line({ line, entry, diags }: ReadLine): void {
    this.diags.push(...diags);
    const physical = line.raw
      .replace(/^\ufeff/, '')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/);
    if (entry.is === 'nothing') {
      this.#out.comment(...physical.map((text) => text.replace(/^#/, '') || (text === '' ? '' : ' ')));
      return;
    }
    this.#pos = { file: this.#file, line: line.line, col: 1, len: Math.max(1, physical[0]!.length) };
    this.#notes = [];
    const parts = this.#parts(entry);
    if (parts === undefined) {
      // A comment of its own, or the line as it was, with the reason.
      if (/^[ \t]*$/.test(line.text)) this.#out.comment('');
      else if (/^[ \t]+#/.test(line.text)) this.#out.comment(line.text.trimStart().slice(1));
      else {
        const why = diags.filter((d) => d.severity === 'error').map((d) => d.text);
        this.#out.comment(...[...why, ...this.#notes].map((text) => ` not converted: ${text}`), ...physical.map((text) => ` ${text}`));
      }
      return;
    }
    const kept = diags.filter((d) => d.code !== 'questionable');
    const said = kept.map((d) => (d.severity === 'error' ? ` problem: ${d.text}` : ` note: ${d.text}`));
    this.#out.comment(...said, ...this.#notes.map((text) => ` note: ${text}`));
    for (const part of parts) this.#out.add(part);
  }

  /** Something the new file does differently. */
  #note(text: string): void {
    this.#notes.push(text);
    this.diags.push({ code: 'questionable', severity: 'warning', pos: this.#pos, text });
  }

  /** The parts a line becomes; `undefined` if it cannot be expressed. */
  #parts(entry: Entry): Parameters<YamlText['add']>[0][] | undefined {
    switch (entry.is) {
      case 'port':
        return this.#port(entry);
      case 'string':
        return entry.string.kind === 'device' ? this.#device(entry.string) : this.#define(entry.string);
      case 'tracefile':
        return this.#define({ kind: 'tracefile', name: entry.name, text: entry.path });
      case 'rs485':
        this.#out.comment(` RS485CONF ${entry.name}: ${entry.spec}, put into the connectors that use it`);
        return [];
      case 'default':
        return this.#default(entry);
      case 'deldefault': {
        if (this.#version === 'v2') return this.#steps(entry.name, this.#defaultsNow.remove(entry.name, entry.class));
        const body = [`name: ${this.#scalar(entry.name)}`, `class: ${this.#scalar(entry.class)}`];
        return [{ kind: 'delete_default', name: '', body }];
      }
      case 'admin': {
        const accepter = accepterText(entry.admin.accepter, this.#defaults);
        return [{ kind: 'admin', name: this.#version === 'v1' ? '' : 'admin', body: [`accepter: ${this.#scalar(accepter)}`] }];
      }
      case 'rotator': {
        const { name, accepter, connections } = entry.rotator;
        const list = connections.map((each) => this.#anchor('connection', each));
        const inLine = list.every((each) => /^[A-Za-z0-9_-]+$/.test(each));
        const body = [
          `accepter: ${this.#scalar(accepterText(accepter, this.#defaults))}`,
          ...(inLine ? [`connections: [ ${list.join(', ')} ]`] : ['connections:', ...list.map((each) => `  - ${each}`)]),
          ...this.#missing(),
        ];
        // Two rotators may listen at the same text; each has a name of its own here.
        this.#anchors.delete(`rotator:${name}`);
        return [{ kind: 'rotator', name: this.#anchor('rotator', name), body }];
      }
      case 'led': {
        const { name, driver, device, duration, state } = entry.led;
        if (device === '') return this.#refuse('a LED without a device');
        const body = [`driver: ${driver}`, 'options:', `  device: ${this.#scalar(device)}`];
        if (duration !== 10) body.push(`  duration: ${duration}`);
        if (state !== 1) body.push(`  state: ${state}`);
        return [{ kind: 'led', name: this.#anchor('led', name), body }];
      }
      default:
        return undefined;
    }
  }

  #refuse(why: string): undefined {
    this.#note(why);
    return undefined;
  }

  #scalar(text: string): string {
    if (!isUnicode(text)) this.#note('bytes that are not UTF-8 are replaced');
    return scalar(wellFormed(text), this.#version);
  }

  /** The name of a thing in YAML: an anchor in version 1, where only letters, digits, _ and - may stand; a scalar in version 2. */
  #anchor(space: 'connection' | 'rotator' | 'led' | 'string' | 'tracefile', name: string): string {
    const key = `${space}:${name}`;
    const known = this.#anchors.get(key);
    if (known !== undefined) return known;
    const free = (base: string): string => {
      let anchor = base;
      for (let n = 2; this.#taken.has(anchor); n++) anchor = `${base}-${n}`;
      this.#taken.add(anchor);
      return anchor;
    };
    const plain = name
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 200);
    const anchor = this.#version === 'v1' || space === 'string' || space === 'tracefile' ? free(plain || space) : this.#scalar(name);
    this.#anchors.set(key, anchor);
    return anchor;
  }

  /** A device alias is put in where it is used; that it was one is kept as a comment. */
  #device({ name, text }: NamedText): [] {
    this.#out.comment(` DEVICE ${name}: ${text}`);
    return [];
  }

  /** A named text as a define. The newest of a name is the one found, as in the classic file. */
  #define(string: NamedText): Parameters<YamlText['add']>[0][] {
    const space = string.kind === 'tracefile' ? 'tracefile' : 'string';
    const key = `${space}:${string.name}`;
    if (this.#version === 'v2') this.#anchors.delete(key);
    const anchor = this.#anchor(space, string.name);
    const use = { file: string.kind === 'tracefile', sameName: true, connection: undefined, meant: this.#meant };
    const adapted = string.kind === 'signature' ? { text: string.text, device: false, replaced: false } : adaptText(string.text, use);
    if (adapted.device) this.#note('\\d prints the connector, which is written differently now');
    if (adapted.replaced)
      this.#note(`\\s is written ${use.file ? '\\S, the seconds' : '\\B, the line parameters'}, as it was meant until ser2net 3`);
    this.#defines.set(string, { anchor, text: adapted.text });
    this.#newest.set(key, string);
    return [{ kind: 'define', name: anchor, body: [this.#scalar(adapted.text)], anchor }];
  }

  #default({ name, value, class: cls }: DefaultEntry): Parameters<YamlText['add']>[0][] | undefined {
    if (this.#version === 'v2') return this.#steps(name, this.#defaultsNow.set(name, cls, value), value);
    const body = [
      `name: ${this.#scalar(name)}`,
      ...(value === undefined ? [] : [`value: ${this.#scalar(this.#defaultText(name, value))}`]),
      ...(cls === undefined ? [] : [`class: ${this.#scalar(cls)}`]),
    ];
    return [{ kind: 'default', name: '', body }];
  }

  /** A default with escapes, as it is for connections that are written differently now. */
  #defaultText(name: string, value: string): string {
    if (!Object.hasOwn(ESCAPED, name)) return value;
    const adapted = adaptText(value, { file: ESCAPED[name]!, sameName: true, connection: undefined, meant: this.#meant });
    if (adapted.device) this.#note(`${name}: \\d prints the connector, which is written differently now`);
    if (adapted.replaced) this.#note(`${name}: \\s is written as it was meant until ser2net 3`);
    return adapted.text;
  }

  /** Defaults as version 2 has them. */
  #steps(name: string, done: Written, written?: string): Parameters<YamlText['add']>[0][] | undefined {
    const remark = remarkOn(name, done);
    if (remark !== undefined) this.#note(remark.text);
    if (remark?.lost === true && done.steps.length === 0) return undefined;
    return done.steps.map((step) => {
      if (step.is === 'delete') return { kind: 'delete_default', name: this.#scalar(name), body: [`- ${this.#scalar(step.class)}`] };
      const cls = step.class === undefined ? [] : [`class: ${this.#scalar(step.class)}`];
      return {
        kind: 'default',
        name: this.#scalar(name),
        body: [`value: ${this.#scalar(this.#defaultText(name, step.value ?? written ?? ''))}`, ...cls],
      };
    });
  }

  /** What holds by default in the file being written. */
  get #defaults(): Defaults {
    return this.#version === 'v2' ? this.#defaultsNow.now : this.#names.defaults;
  }

  /** The options of a rotator for which no default can stand in any more. */
  #missing(): string[] {
    if (this.#version === 'v1') return [];
    const lines = this.#defaultsNow.missing(ROWS_OF.rotator).map(({ name, value }) => `  ${name}: ${this.#scalar(value)}`);
    return lines.length === 0 ? [] : ['options:', ...lines];
  }

  #port(entry: PortEntry): Parameters<YamlText['add']>[0][] | undefined {
    const { connection } = entry;
    const { name, accepter, connector, timeout, enable } = connection;
    const defaults = this.#defaults;
    const anchor = this.#anchor('connection', name);
    const sameName = this.#version === 'v2' || anchor === name;
    const listen = accepterText(accepter, defaults, telnetPrefix(entry, defaults));
    const open = connectorText(connector, defaults);
    if (listen === '' || open === '') return this.#refuse('YAML has no empty accepters and connectors');
    if (!sameName) this.#note(`the name '${name}' is ${anchor} now`);
    const before = this.#connectors.get(open);
    if (before !== undefined && before !== connector.text) {
      this.#note(
        'another connection has the same connector now: a second client is told that the device is in use, and not that it cannot be opened',
      );
    }
    this.#connectors.set(open, connector.text);
    const body = [`accepter: ${this.#scalar(listen)}`, `connector: ${this.#scalar(open)}`];
    if (timeout !== 0) body.push(`timeout: ${timeout}`);
    if (!enable) body.push('enable: off');
    const options = this.#options(entry, sameName);
    if (options.length > 0) body.push('options:', ...options.map((line) => `  ${line}`));
    return [{ kind: 'connection', name: anchor, body }];
  }

  /** What differs from the defaults at this place, in table order. */
  #options(entry: PortEntry, sameName: boolean): string[] {
    const { connection } = entry;
    const values = connection.options as Readonly<Record<string, unknown>>;
    const base = this.#defaults.values(CONNECTION, 'ser2net') as Readonly<Record<string, unknown>>;
    const lines: string[] = [];
    const done = new Set<string>();
    for (const [name, ...keys] of TOGETHER) {
      if (keys.some((key) => values[key] !== values[keys[0]] || values[key] === base[key])) continue;
      lines.push(`${name}: ${values[keys[0]]}`);
      for (const key of keys) done.add(key);
    }
    for (const [key, row] of Object.entries(CONNECTION as Rows)) {
      if (done.has(key) || isDeepStrictEqual(values[key], base[key]) || row.yaml === false) continue;
      lines.push(...this.#option(row.yaml, values[key], row, entry, sameName));
    }
    return lines;
  }

  #option(name: string, value: unknown, row: Row<unknown>, entry: PortEntry, sameName: boolean): string[] {
    if (value === undefined || (value === '' && name === 'authdir')) {
      // Without a signature the built-in one is sent.
      if (name === 'signature' && this.#names.defaults.get(name, 'ser2net') === undefined) return [];
      if (/^(banner|openstr|closestr|signature)$/.test(name)) return [`${name}: ''`];
      this.#note(`${name} cannot be set to nothing here, and has its default`);
      return [];
    }
    if (name === 'led-rx' || name === 'led-tx' || name === 'led-conn') return [`${name}: ${this.#anchor('led', String(value))}`];
    if (Object.hasOwn(ESCAPED, name)) return [`${name}: ${this.#text(name, String(value), entry, sameName)}`];
    const string = entry.strings.get(name);
    if (string !== undefined && this.#aliased(string, string.text)) return [`${name}: *${this.#defines.get(string)!.anchor}`];
    const items = name === 'mdns-txt' && Array.isArray(value) ? value.map((item) => [item]) : [value];
    return items.map((item) => `${name}: ${this.#scalar(row.kind.print(item))}`);
  }

  /** A text with escapes: by its name where that gives the same, else written out. */
  #text(name: string, value: string, { connection, strings }: PortEntry, sameName: boolean): string {
    const adapted = adaptText(value, { file: ESCAPED[name]!, sameName, connection, meant: this.#meant });
    const string = strings.get(name);
    if (string !== undefined && this.#aliased(string, adapted.text)) return `*${this.#defines.get(string)!.anchor}`;
    if (adapted.device) this.#note(`${name}: \\d prints the connector, which is written differently now`);
    if (adapted.replaced) this.#note(`${name}: \\s is written as it was meant until ser2net 3`);
    return this.#scalar(adapted.text);
  }

  /** Whether a text can be used by its name here, with this result. */
  #aliased(string: NamedText, text: string): boolean {
    const key = `${string.kind === 'tracefile' ? 'tracefile' : 'string'}:${string.name}`;
    const newest = this.#newest.get(key);
    const define = newest === undefined ? undefined : this.#defines.get(newest);
    if (define === undefined || define.text !== text || substitutes(text, this.#version)) return false;
    if (newest !== string) this.#defines.set(string, define);
    return newest!.text === string.text && newest!.kind === string.kind;
  }
}
