// This program's own sections: found in FILE and read from FILE.d, to what they say. A fault costs the section it is in, and nothing else:
// where one was in force before, it stays.
import type { Diag, DiagCode, Pos } from '../../base/diag.ts';
import { decodeFile } from '../../base/raw-text.ts';
import { nearest } from '../../base/text.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { parseStack } from '../../gensio/syntax/gensio-str.ts';
import { defaults as defaultsOf, type Rows } from '../../options/row.ts';
import { readRows, type ShapeContext, type Stretch, type YamlMap, type YamlText } from '../../options/sections/shape.ts';
import { CONNECTION_SECTIONS, type ReadSection, type Sections, SINGLE_SECTIONS } from '../../options/sections/table.ts';
import { listenersTwice } from '../check.ts';
import { Diags } from '../diags.ts';
import type { Config, Reading } from '../model.ts';
import { type FoundSection, OWN_SECTIONS } from '../own-sections.ts';
import type { Files } from '../source.ts';
import { readTree } from '../yaml/libyaml/tree.ts';
import { Report } from '../yaml/report.ts';
import { MAIN_KEYS } from '../yaml/section.ts';
import { checkPort, checkPortDefaults } from './check.ts';
import { type Names, NO_NAMES, valueAt } from './value.ts';

/** One section as it is written: what is given in it. */
export interface SectionPart {
  /** `port`, or another key. */
  readonly kind: string;
  /** The connection; empty for a section that stands once. */
  readonly name: string;
  /** The file it is in, as messages name it. */
  readonly file: string;
  /** Values by the key of their row. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Of its name, or of its key. */
  readonly pos: Pos;
  /** As in ReadSection. */
  readonly places: ReadonlyMap<string, Pos>;
}

/** What came of reading sections. */
export interface SectionsReading {
  /** What they say; `undefined` if there are none. */
  readonly sections: Sections | undefined;
  /** What is wrong, in the order found. */
  readonly diags: readonly Diag[];
  /** What is in force then, for the next reading. */
  readonly parts: readonly SectionPart[];
}

/** What there is to read. */
export interface SectionSource {
  /** FILE; its folder is beside it. */
  readonly reading: Reading;
  /** Names of the files in FILE.d, in order; none if there is no such folder. */
  readonly folder: { readonly path: string; readonly names: readonly string[] } | undefined;
  /** Where they are read from. */
  readonly files: Files;
  /** Where a relative name counts from, to tell whether two names are one file. */
  resolve(path: string): string;
}

/** Reads every section. before: what is in force. */
export function readSections(source: SectionSource, before: readonly SectionPart[] = []): SectionsReading {
  return new SectionReader(source).read(before);
}

class SectionReader {
  readonly #source: SectionSource;
  readonly #config: Config;
  readonly #diags = new Diags();
  readonly #parts: SectionPart[] = [];
  /** Files, and sections, of which nothing is used: what was in force of them stays. */
  readonly #faultyFiles = new Set<string>();
  readonly #faulty = new Set<string>();

  constructor(source: SectionSource) {
    this.#source = source;
    this.#config = source.reading.config;
  }

  read(before: readonly SectionPart[]): SectionsReading {
    const { own } = this.#source.reading;
    for (const found of own?.found ?? []) this.#section(found, own!);
    this.#folder();
    this.#crossCheck();
    const kept = before.filter((part) => this.#faultyFiles.has(part.file) || this.#faulty.has(keyOf(part)));
    const parts = [...this.#parts.filter((part) => !this.#faulty.has(keyOf(part))), ...kept];
    const sections = sectionsOf(parts, this.#config);
    if (sections !== undefined) this.#listeners(sections);
    return { sections, diags: this.#diags.list, parts };
  }

  /** Everything in FILE.d. */
  #folder(): void {
    const { folder, files, reading, resolve } = this.#source;
    if (folder === undefined) return;
    const { path: dir, names } = folder;
    if (files.othersMayWrite?.(dir) === true) {
      for (const name of names) this.#faultyFiles.add(`${dir}/${name}`);
      this.#refuse(dir, `the folder '${dir}' is ignored: its group or others may write it`, `chmod go-w ${dir}`);
      return;
    }
    const read = new Set((reading.own?.included ?? []).map(resolve));
    for (const name of names) {
      const file = `${dir}/${name}`;
      // FILE includes it: what it says was read there.
      if (read.has(resolve(file))) continue;
      if (files.othersMayWrite?.(file) === true) {
        this.#faultyFiles.add(file);
        this.#refuse(file, `the file '${file}' is ignored: its group or others may write it`, `chmod go-w ${file}`);
        continue;
      }
      const got = files.read(file);
      if (Buffer.isBuffer(got)) this.#file(decodeFile(got), file);
      else {
        this.#faultyFiles.add(file);
        this.#refuse(file, `'${file}' cannot be read: ${got.reason}`);
      }
    }
  }

  #refuse(file: string, text: string, hint?: string): void {
    const diag: Diag = { code: 'include', severity: 'error', pos: { file, line: 1, col: 1, len: 0 }, text };
    this.#diags.add(hint === undefined ? diag : { ...diag, hint });
  }

  /** One file of FILE.d: sections of this program, and nothing else. */
  #file(text: string, file: string): void {
    const tree = readTree(text);
    const report = new Report(file, tree, this.#diags);
    if (tree.mistake !== undefined) {
      this.#faultyFiles.add(file);
      return report.syntax({ ...tree.mistake, classic: undefined });
    }
    const names: Names = this.#source.reading.own ?? NO_NAMES;
    const { events } = tree;
    for (let i = 0; i < events.length; ) {
      const event = events[i++]!;
      if (event.is === 'document' || event.is === 'stream-end' || event.is === 'mapping-start') continue;
      if (event.is === 'mapping-end') continue;
      if (event.is !== 'scalar') {
        const stretch = { at: event.at, end: event.at + 1 };
        report.error('bad-value', stretch, 'there are only sections here, each with its name and a colon', {});
        return;
      }
      const from = i;
      i = skip(events, i);
      const key = { at: event.from, end: event.end, text: event.value };
      const kind = key.text.toLowerCase();
      if (OWN_SECTIONS.includes(kind)) this.#section({ key, file, tree, events: events.slice(from, i) }, names);
      else if (Object.hasOwn(MAIN_KEYS, kind)) {
        const hint = `put it in the file beside this folder; here are only ${OWN_SECTIONS.join(', ')}`;
        report.error('unknown-section', key, `'${key.text}' cannot stand here`, { hint });
      } else report.error('unknown-section', key, `'${key.text}' is not a section`, { hint: didYouMean(kind, OWN_SECTIONS) });
    }
  }

  #section({ key, file, tree, events, brokenName }: FoundSection, names: Names): void {
    const kind = key.text.toLowerCase();
    if (brokenName !== undefined) {
      this.#faulty.add(keyOf({ kind, name: brokenName, file }));
      return;
    }
    const report = new Report(file, tree, this.#diags);
    let faults = 0;
    const error = (code: DiagCode, at: Stretch, text: string, hint?: string): void => {
      faults++;
      report.error(code, at, text, { hint });
    };
    const read = valueAt(events, 0, names, (at, name) => error('unknown-alias', at, `'${name}' is not defined`));
    const one = Object.hasOwn(CONNECTION_SECTIONS, kind);
    const rows: Rows = one
      ? CONNECTION_SECTIONS[kind as keyof typeof CONNECTION_SECTIONS]
      : SINGLE_SECTIONS[kind as keyof typeof SINGLE_SECTIONS];
    if (read?.value.is !== 'map') {
      error('bad-value', key, `'${key.text}' has no keys under it`, 'the keys under it must be indented');
      return;
    }
    const { map, name } = nameIn(read.value, read.anchor, one);
    const places = new Map<string, Pos>();
    const context: ShapeContext = {
      error,
      note: (path, at) => void places.set(path, report.pos(at)),
      accepter: (text) => this.#accepter(text, report, () => faults++),
    };
    const given = readRows(rows, map, context, '');
    if (one) this.#checkName(name, key, error);
    else if (name !== undefined) error('missing-name', key, `'${key.text}' stands for all connections, and has no name`);
    const part: SectionPart = { kind, name: name?.text ?? '', file, given, pos: report.pos(name ?? key), places };
    if (faults > 0) this.#faulty.add(keyOf(part));
    else this.#parts.push(part);
  }

  #checkName(name: YamlText | undefined, key: Stretch & { readonly text: string }, error: ShapeContext['error']): void {
    if (name === undefined) {
      return error('missing-name', key, `the ${key.text} has no name`, `write '${key.text}: &name', with the name of a connection`);
    }
    const known = this.#config.connections.map((connection) => connection.name);
    if (!known.includes(name.text)) error('not-found', name, `there is no connection '${name.text}'`, didYouMean(name.text, known));
  }

  #accepter(at: YamlText, report: Report, fault: () => void): ReturnType<ShapeContext['accepter']> {
    const stack = parseStack(at.text, 'accepter', new Defaults());
    if (stack.spec !== undefined) return { text: at.text, spec: stack.spec };
    fault();
    report.error(
      'bad-accepter',
      report.within(at, stack),
      `the accepter '${at.text}' cannot be used: ${stack.detail ?? stack.error ?? ''}`,
      {},
    );
    return undefined;
  }

  /** What several sections say together, and what they say of their connections. */
  #crossCheck(): void {
    const add = (diag: Diag): void => this.#diags.add(diag);
    const seen = new Map<string, SectionPart>();
    for (const part of this.#parts) {
      for (const key of Object.keys(part.given)) {
        const id = `${part.kind} ${part.name} ${key}`;
        const first = seen.get(id);
        if (first === undefined) seen.set(id, part);
        else {
          const hint = `see ${first.pos.file}, line ${first.pos.line}`;
          const text = `'${key}' is given in another section for the same connection; this one is off`;
          add({ code: 'duplicate-key', severity: 'error', pos: part.places.get(key) ?? part.pos, text, hint });
          this.#faulty.add(keyOf(part));
        }
      }
    }
    const withRights = this.#parts.filter(({ given }) => given.rights !== undefined);
    const shared = Object.assign(
      {},
      ...this.#parts.filter(({ kind }) => kind === 'port-defaults').map(({ given }) => given),
    ) as SectionPart['given'];
    const own = new Set(withRights.map(({ name }) => name));
    for (const part of this.#parts) {
      const { kind } = part;
      const diags =
        kind === 'port'
          ? checkPort(part, this.#config, shared)
          : kind === 'port-defaults'
            ? checkPortDefaults(part, this.#config, own)
            : [];
      for (const diag of diags) {
        add(diag);
        if (diag.severity === 'error') this.#faulty.add(keyOf(part));
      }
    }
  }

  /** Doors that want an address that something else has. */
  #listeners(sections: Sections): void {
    const { origins } = this.#source.reading;
    const doors = new Set([...sections.ports.values()].flatMap(({ places }) => [...places.values()]));
    for (const diag of listenersTwice({ config: { ...this.#config, sections }, origins })) if (doors.has(diag.pos)) this.#diags.add(diag);
  }
}

const keyOf = ({ kind, name, file }: Pick<SectionPart, 'kind' | 'name' | 'file'>): string => `${file}\n${kind}\n${name}`;

const didYouMean = (name: string, names: readonly string[]): string | undefined => {
  const near = nearest(name, names);
  return near === undefined ? undefined : `did you mean '${near}'?`;
};

/** The first event after the value that begins at an event. */
function skip(events: FoundSection['events'], from: number): number {
  let depth = 0;
  for (let i = from; i < events.length; i++) {
    const { is } = events[i]!;
    if (is.endsWith('-start')) depth++;
    else if (is.endsWith('-end')) depth--;
    if (depth <= 0) return i + 1;
  }
  return events.length;
}

/** The name of a section: its anchor, or its key `name`, which can be any text. map: the other keys. */
function nameIn(map: YamlMap, anchor: string | undefined, wanted: boolean): { readonly map: YamlMap; readonly name: YamlText | undefined } {
  if (anchor !== undefined) return { map, name: { is: 'text', at: map.at, end: map.at + anchor.length + 1, text: anchor } };
  const entry = wanted ? map.entries.find(({ key, value }) => key.text === 'name' && value.is === 'text') : undefined;
  if (entry?.value.is !== 'text') return { map, name: undefined };
  return { map: { ...map, entries: map.entries.filter((each) => each !== entry) }, name: entry.value };
}

/** The sections that parts make together. */
function sectionsOf(parts: readonly SectionPart[], config: Config): Sections | undefined {
  if (parts.length === 0) return undefined;
  const together = (kind: string, name: string): SectionPart | undefined => {
    const all = parts.filter((part) => part.kind === kind && part.name === name);
    const [first] = all;
    if (first === undefined) return undefined;
    // What stayed in force comes after what was read now, which counts.
    const given = Object.assign({}, ...all.toReversed().map((part) => part.given)) as Record<string, unknown>;
    return { ...first, given, places: new Map(all.toReversed().flatMap(({ places }) => [...places])) };
  };
  const filled = (rows: Rows, { given, pos, places }: SectionPart): ReadSection<never> => ({
    values: { ...defaultsOf(rows), ...given } as never,
    pos,
    places,
  });
  const shared = together('port-defaults', '');
  const ports = new Map<string, ReadSection<never>>();
  for (const { name } of config.connections) {
    const own = together('port', name);
    if (own === undefined && shared === undefined) continue;
    const part: SectionPart = {
      ...(own ?? shared!),
      given: { ...shared?.given, ...own?.given },
      places: new Map([...(shared?.places ?? []), ...(own?.places ?? [])]),
    };
    ports.set(name, filled(CONNECTION_SECTIONS.port, part));
  }
  const single = Object.entries(SINGLE_SECTIONS).flatMap(([kind, rows]) => {
    const part = kind === 'port-defaults' ? undefined : together(kind, '');
    return part === undefined ? [] : [[kind, filled(rows, part)] as const];
  });
  return { ports, single: Object.fromEntries(single) };
}
