// One version of ser2net.yaml as the other: comments, order and names for texts kept. Only what is written is looked at; whether
// it means something is for the reader.
import type { Diag } from '../../base/diag.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { keysSetBy } from '../connection-options.ts';
import type { Files } from '../source.ts';
import { comment, mark, quote, wellFormed, type YamlVersion } from '../yaml/quote.ts';
import { Substitutes } from '../yaml/substitute.ts';
import { DefaultsForV2, ROWS_OF, remarkOn, type Written } from './defaults-v2.ts';
import { namedLayers } from './named-layers.ts';
import type { YamlNode } from './yaml-nodes.ts';
import { readSections, type Section, type Sections, scalarOf } from './yaml-sections.ts';
import { type Part, YamlText } from './yaml-text.ts';

type Kind = Part['kind'];
type Mapping = Extract<YamlNode, { is: 'mapping' }>;

const entry = (node: Mapping, key: string): YamlNode | undefined => node.entries.find(([k]) => scalarOf(k)?.toLowerCase() === key)?.[1];

/** A conversion opens no files: texts that stand in one are not looked into. */
const NO_FILES: Files = {
  read: () => ({ reason: '' }),
  list: () => undefined,
  exists: () => false,
  variable: () => undefined,
  home: () => '',
};

/**
 * A YAML text in a version; the very same text when it is of that version already. files: what is included is put in its place, from
 * there; without it an include stays.
 */
export function yamlToYaml(
  text: string,
  file: string,
  to: YamlVersion,
  files?: Files,
): { readonly text: string; readonly diags: readonly Diag[] } {
  const { version, items, diags } = readSections(text, file, files);
  if (version === undefined || version === to) {
    const said = 'it is of that version already, and stays as it is';
    const note: Diag = { code: 'questionable', severity: 'warning', pos: { file, line: 1, col: 1, len: 0 }, text: said };
    return { text, diags: files === undefined ? diags : [note] };
  }
  const converter = new Converter(to);
  const written = converter.run(items);
  return { text: written, diags: [...diags, ...converter.diags] };
}

class Converter {
  readonly #to: YamlVersion;
  readonly diags: Diag[] = [];
  readonly #out: YamlText;
  readonly #defaults = new Defaults();
  readonly #defaultsNow = new DefaultsForV2(this.#defaults, new Defaults());
  /** By kind and name: the name now. */
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>();
  /** By alias: what it is called now; `undefined` for the name of a section, which stands for itself. */
  readonly #aliases = new Map<string, string | undefined>();
  /** What the texts stand for at this place. */
  readonly #texts = new Substitutes(NO_FILES);
  #notes: string[] = [];

  /** Of the section that is being written. */
  #place: Section['place'] | undefined;

  constructor(to: YamlVersion) {
    this.#to = to;
    this.#out = new YamlText(to);
  }

  run(items: Sections['items']): string {
    for (const item of items) {
      if ('comment' in item) continue;
      const { kind, name, node } = item;
      if (name !== undefined && kind === 'connection') this.#name(kind, name);
      const emptied = kind === 'default' && node.is === 'mapping' && entry(node, 'value') === undefined ? entry(node, 'name') : undefined;
      if (emptied?.is === 'scalar') this.#defaultsNow.expect(emptied.value);
    }
    for (const item of items) {
      if ('comment' in item) this.#comment(item.comment);
      else this.#section(item);
    }
    return this.#out.toString();
  }

  #comment(lines: readonly string[]): void {
    if (lines.length > 0) this.#out.comment(...lines.map((line) => line.replace(/^#/, '') || (line === '' ? '' : ' ')));
  }

  #note(node: YamlNode, text: string, severity: 'warning' | 'error' = 'warning'): void {
    const pos = this.#place!(node);
    this.diags.push({ code: severity === 'error' ? 'bad-value' : 'questionable', severity, pos, text });
    this.#notes.push(text);
  }

  /** The name of a thing now: an anchor in version 1, any text in version 2. A name given again is a new one there. */
  #name(kind: Kind, name: string, fresh = false): string {
    const key = `${kind}:${name}`;
    const known = fresh ? undefined : this.#names.get(key);
    if (known !== undefined) return known;
    const base = this.#to === 'v2' ? name : name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '') || kind;
    const taken = (text: string): string => (this.#to === 'v2' ? `${kind}:${text}` : text);
    let now = base;
    for (let n = 2; this.#taken.has(taken(now)); n++) now = `${base}-${n}`;
    this.#taken.add(taken(now));
    this.#names.set(key, now);
    return now;
  }

  #section(section: Section): void {
    this.#notes = [];
    this.#place = section.place;
    const parts = this.#parts(section);
    this.#comment(section.before);
    if (this.#notes.length > 0)
      this.#out.comment(...this.#notes.map((text) => ` ${parts === undefined ? 'not converted' : 'note'}: ${text}`));
    for (const part of parts ?? []) this.#out.add(part);
  }

  #refuse(node: YamlNode, text: string): undefined {
    this.#note(node, text, 'error');
    return undefined;
  }

  #parts(section: Section): Part[] | undefined {
    const { kind, node, alias } = section;
    if (kind === 'include') {
      this.#note(node, 'the files included here are as they were: convert each of them, too, or put them in with --inline');
      return [{ kind, name: '', body: [this.#value(node)] }];
    }
    if (kind === 'define') return this.#define(section);
    if (kind === 'delete_default') return this.#deleteDefault(section);
    if (node.is !== 'mapping') return this.#refuse(node, `the ${kind} has no keys`);
    if (kind === 'default') return this.#default(section, node);
    const name = section.name ?? (kind === 'admin' ? 'admin' : undefined);
    if (name === undefined) return this.#refuse(node, `the ${kind} has no name`);
    const now = this.#name(kind, name);
    if (now !== name) this.#note(node, `the name '${name}' is ${now} now`);
    for (const each of alias === undefined ? [name] : [name, alias]) {
      this.#aliases.set(each, undefined);
      this.#texts.define(each, each);
    }
    const bare = kind === 'admin' && section.name === undefined && this.#to === 'v1';
    return [{ kind, name: bare ? '' : this.#to === 'v1' ? now : quote(mark(now, 'v2')), body: this.#withDefaults(kind, node) }];
  }

  /** The keys of a section, and the options for which no default can stand in any more. */
  #withDefaults(kind: Kind, node: Mapping): string[] {
    if (kind === 'connection') this.#printsStack(node);
    const lines = this.#mapping(node, []);
    if (this.#to === 'v1' || (kind !== 'connection' && kind !== 'rotator' && kind !== 'admin')) return lines;
    const options = entry(node, 'options');
    const given = options?.is === 'mapping' ? options.entries.flatMap(([key]) => keysSetBy(scalarOf(key) ?? '')) : [];
    const missing = this.#defaultsNow.missing(ROWS_OF[kind]).filter(({ key, name }) => !given.includes(key) && !given.includes(name));
    if (missing.length === 0) return lines;
    const at = lines.findIndex((line) => /^options:/i.test(line));
    if (at < 0) lines.push('options:');
    lines.splice(at < 0 ? lines.length : at + 1, 0, ...missing.map(({ name, value }) => `  ${name}: ${quote(mark(value, 'v2'))}`));
    return lines;
  }

  /** A text with a name. In version 2 every name is there once, so one that is given again is called something else. */
  #define({ name, node, alias }: Section): Part[] | undefined {
    const own = name ?? alias;
    if (own === undefined) return this.#refuse(node, 'the define has no name');
    const body = [this.#value(node)];
    const now = this.#name('define', own, this.#to === 'v2');
    const anchor = now.replace(/[^A-Za-z0-9_-]+/g, '-');
    const text = this.#meaning(node);
    for (const each of alias === undefined ? [own] : [own, alias]) {
      this.#aliases.set(each, now);
      if (text !== undefined) this.#texts.define(each, text);
    }
    return [{ kind: 'define', name: this.#to === 'v1' ? anchor : quote(mark(now, 'v2')), body, anchor }];
  }

  #default({ name: written }: Section, node: Mapping): Part[] | undefined {
    const name = this.#to === 'v2' ? scalarOf(entry(node, 'name')) : written;
    if (name === undefined) return this.#refuse(node, 'the default has no name');
    const body = this.#mapping(node, ['name']);
    if (this.#to === 'v1') return [{ kind: 'default', name: '', body: [`name: ${quote(mark(name, 'v1'))}`, ...body] }];
    const [given, cls] = [entry(node, 'value'), entry(node, 'class')].map((each) => each && (this.#meaning(each) ?? scalarOf(each) ?? ''));
    const wrong = this.#defaults.set(name, cls, given);
    if (wrong !== undefined) return [{ kind: 'default', name: quote(mark(name, 'v2')), body }];
    return this.#steps(name, node, this.#defaultsNow.set(name, cls, given), body);
  }

  /** Defaults as version 2 has them; body: as it was written. */
  #steps(name: string, node: YamlNode, written: Written, body: readonly string[]): Part[] | undefined {
    const remark = remarkOn(name, written);
    if (remark !== undefined) this.#note(node, remark.text, remark.lost ? 'error' : 'warning');
    if (remark?.lost === true && written.steps.length === 0) return undefined;
    return written.steps.map((step): Part => {
      const cls = step.class === undefined ? undefined : quote(mark(step.class, 'v2'));
      if (step.is === 'delete') return { kind: 'delete_default', name: quote(mark(name, 'v2')), body: [`- ${cls}`] };
      const comments = body.filter((line) => line.startsWith('#'));
      const lines = [...comments, `value: ${quote(mark(step.value ?? '', 'v2'))}`, ...(cls === undefined ? [] : [`class: ${cls}`])];
      return { kind: 'default', name: quote(mark(name, 'v2')), body: step.value === undefined ? body : lines };
    });
  }

  #deleteDefault({ name: written, node }: Section): Part[] | undefined {
    if (this.#to === 'v1') {
      if (node.is !== 'sequence' || written === undefined) return this.#refuse(node, 'there is no list of classes');
      const name = quote(mark(written, 'v1'));
      return node.items.map((item) => ({
        kind: 'delete_default',
        name: '',
        body: [...this.#lines(item), `name: ${name}`, `class: ${this.#value(item)}`],
      }));
    }
    const name = node.is === 'mapping' ? scalarOf(entry(node, 'name')) : undefined;
    const cls = node.is === 'mapping' ? entry(node, 'class') : undefined;
    if (name === undefined || cls === undefined) return this.#refuse(node, 'a name or a class is missing');
    const of = this.#meaning(cls) ?? '';
    const wrong = this.#defaults.remove(name, of);
    if (wrong !== undefined) return [{ kind: 'delete_default', name: quote(mark(name, 'v2')), body: [`- ${this.#value(cls)}`] }];
    return this.#steps(name, node, this.#defaultsNow.remove(name, of), []);
  }

  /** The comments before a node, as lines of their own. */
  #lines(node: YamlNode): string[] {
    return node.before.map((line) => (line === '' ? '' : comment(line)));
  }

  /** The keys of a section; without: those that are left out. `undefined` for what stands under one of its keys. */
  #mapping(node: Mapping, without: readonly string[] | undefined): string[] {
    return node.entries.flatMap(([key, value]): string[] => {
      const name = scalarOf(key) ?? '';
      if (without?.includes(name.toLowerCase()) === true) return this.#lines(key);
      const before = [...this.#lines(key), ...this.#lines(value)];
      const written = this.#value(key);
      const role = without === undefined ? undefined : /^(?:accepter|connector)$/i.exec(name)?.[0].toLowerCase();
      if (role === 'accepter' || role === 'connector') return [...before, `${written}: ${this.#stack(value, role)}`];
      if (value.is === 'mapping')
        return [...before, `${written}:`, ...this.#mapping(value, undefined).map((line) => (line === '' ? '' : `  ${line}`))];
      if (value.is !== 'sequence')
        return [...before, `${written}: ${this.#value(value, /^led-(rx|tx|conn)$/i.test(name) ? 'led' : undefined)}`];
      const items = value.items.flatMap((item) => [...this.#lines(item), `- ${this.#value(item, 'connection')}`]);
      return [...before, `${written}:`, ...items.map((line) => (line === '' ? '' : `  ${line}`))];
    });
  }

  /** Texts of a connection that show its accepter or connector, which will look different. */
  #printsStack(node: Mapping): void {
    const options = entry(node, 'options');
    const texts = ['banner', 'openstr', 'closestr'].map((name) => {
      const given = options?.is === 'mapping' ? entry(options, name) : undefined;
      return (given === undefined ? this.#defaults.get(name, 'ser2net') : this.#meaning(given)) ?? '';
    });
    for (const [role, shown] of [
      ['accepter', '\\p'],
      ['connector', '\\d'],
    ] as const) {
      const value = entry(node, role);
      const was = value === undefined ? undefined : this.#meaning(value);
      if (was === undefined || namedLayers(was, role) === was || !texts.some((text) => String(text).includes(shown))) continue;
      this.#note(value!, `${shown} prints the ${role}, which is written differently now`);
    }
  }

  /** What a text or alias stands for; `undefined` if that is not known here. */
  #meaning(node: YamlNode): string | undefined {
    const text = node.is === 'alias' ? this.#texts.get(node.name) : scalarOf(node);
    const got = text === undefined ? undefined : this.#texts.expand(text, this.#to === 'v2' ? '*' : '=');
    return got !== undefined && 'ok' in got ? got.ok : undefined;
  }

  /** An accepter or connector: every layer has its name now, which newer versions ask for. */
  #stack(node: YamlNode, role: 'accepter' | 'connector'): string {
    const was = this.#meaning(node);
    const now = was === undefined ? '' : namedLayers(was, role);
    if (was === undefined || now === was) return this.#value(node);
    // The names of texts stay when the layer comes before all of it.
    if (!now.endsWith(was)) return quote(mark(wellFormed(now), this.#to));
    const written = node.is === 'alias' ? `${this.#to === 'v2' ? '*' : '='}(${node.name})` : (scalarOf(node) ?? '');
    return quote(now.slice(0, now.length - was.length) + this.#translate(wellFormed(written)));
  }

  /** A text or alias; refers: it is the name of a thing of that kind. */
  #value(node: YamlNode, refers?: Kind): string {
    if (node.is === 'alias') {
      const known = this.#aliases.get(node.name);
      if (known === undefined) {
        const kind = refers ?? 'connection';
        return quote(mark(this.#names.get(`${kind}:${node.name}`) ?? node.name, this.#to));
      }
      return `*${known.replace(/[^A-Za-z0-9_-]+/g, '-')}`;
    }
    if (node.is !== 'scalar') {
      this.#note(node, 'a text is wanted here', 'error');
      return "''";
    }
    if (refers !== undefined) {
      const now = this.#names.get(`${refers}:${node.value}`);
      if (now !== undefined) return quote(mark(now, this.#to));
    }
    return quote(this.#translate(wellFormed(node.value)));
  }

  /** A text with its substitutions in the other version's marks. */
  #translate(text: string): string {
    const [old, now] = this.#to === 'v2' ? ['*', '='] : ['=', '*'];
    let out = '';
    let literal = '';
    for (let i = 0; i < text.length; ) {
      const at = text.indexOf(old, i);
      if (at < 0) {
        literal += text.slice(i);
        break;
      }
      literal += text.slice(i, at);
      const open = text[at + 1];
      if (open !== '(' && open !== '{') {
        literal += old;
        // Two marks are one in version 2.
        i = at + (old === '=' && open === '=' ? 2 : 1);
        continue;
      }
      const end = text.indexOf(open === '(' ? ')' : '}', at + 2);
      if (text[at + 2] === old || end < 0) {
        literal += old + open;
        i = at + (text[at + 2] === old ? 3 : 2);
        continue;
      }
      const name = text.slice(at + 2, end);
      const known = open === '(' ? this.#aliases.get(name) : name;
      if (open === '(' && this.#aliases.has(name) && known === undefined) literal += name;
      else {
        out += `${mark(literal, this.#to)}${now}${open}${known ?? name}${open === '(' ? ')' : '}'}`;
        literal = '';
      }
      i = end + 1;
    }
    return out + mark(literal, this.#to);
  }
}
