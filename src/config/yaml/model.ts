// A YAML file to a configuration: the state machine of ser2net 4.3.11 over the events of the text, and version 2 of the format
// (4.6.0). Effects are in the order of the file; what was complete before a mistake counts.
// Long because the states belong together.
import { decodeFile } from '../../base/raw-text.ts';
import { atOnce, type Steps } from '../../base/slices.ts';
import { nearest } from '../../base/text.ts';
import type { Defaults } from '../../gensio/syntax/defaults.ts';
import { CONNECTION } from '../../options/connection.ts';
import { cUnsigned } from '../../options/kind.ts';
import { spellings } from '../../options/row.ts';
import { Diags } from '../diags.ts';
import type { Config, Reading } from '../model.ts';
import { type FoundSection, OWN_SECTIONS, type OwnSections, ownSectionAround } from '../own-sections.ts';
import type { Files } from '../source.ts';
import { Build, meant } from './build.ts';
import type { YamlEvent } from './libyaml/events.ts';
import { readTreeSteps, type YamlTree } from './libyaml/tree.ts';
import { messages } from './messages.ts';
import { Report, type Span } from './report.ts';
import { Draft, KEYS, MAIN_KEYS, type SectionKind, type Text } from './section.ts';
import { cString, Substitutes } from './substitute.ts';
import { expandWords } from './wordexp.ts';

interface YamlEnv {
  readonly files: Files;
  /** Defaults in force before the first line; changed by the reading. */
  readonly defaults: Defaults;
}

/** Where the reader stands, with the numbers 4.3.11 and 4.6.7 have in their messages. */
const STATES = {
  begin: [1, 1],
  main: [2, 2],
  define: [3, 26],
  include: [4, 3],
  section: [5, 27],
  'in-section': [6, 28],
  value: [7, 29],
  options: [8, 30],
  'in-options': [9, 31],
  option: [10, 32],
  timeout: [11, 33],
  enable: [12, 34],
  list: [13, 35],
  'in-list': [14, 36],
  end: [15, 37],
  defines: [0, 4],
  'in-defines': [0, 5],
  'define-value': [0, 6],
  // For these the number of the kind is added.
  group: [0, 0],
  'in-group': [0, 1],
  named: [0, 2],
  'in-classes': [0, 3],
} as const;
type State = keyof typeof STATES;
const GROUP_NUMBER: { readonly [K in SectionKind]: number } = {
  delete_default: 7,
  default: 11,
  admin: 14,
  led: 17,
  connection: 20,
  rotator: 23,
  attachment: 0,
};

/** Events handled in one step. */
const STEP = 16;
const MAX_INCLUDES = 100;
/** Own sections of one file that are looked at for mistakes in YAML. */
const MAX_BROKEN = 100;
const MAX_FILES = 1000;
const OPTION_NAMES = spellings(CONNECTION, 'yaml');
/** Options that are texts people define. */
const TEXTS = /^(banner|openstr|closestr|closeon|sendon|signature|trace-(read|write|both))$/i;

/** Where the reader is after a value that cannot be used. */
const PARENT: Partial<Record<State, State>> = {
  section: 'main',
  group: 'main',
  define: 'main',
  include: 'main',
  defines: 'main',
  'define-value': 'in-defines',
  named: 'in-group',
  value: 'in-section',
  options: 'in-section',
  timeout: 'in-section',
  enable: 'in-section',
  list: 'in-section',
  option: 'in-options',
  'in-list': 'in-list',
  'in-classes': 'in-classes',
};

/**
 * Reads a YAML configuration and what it includes. Never throws. The reading is not complete when there is a mistake that ends it
 * in ser2net 4.3.11: what came before the mistake is in it. The rest is looked at for its problems, as far as it can be made out.
 */
export const readYaml = (text: string, file: string, env: YamlEnv): Reading => atOnce(readYamlSteps(text, file, env));

/** The same, so that others may come in between. */
export function* readYamlSteps(text: string, file: string, env: YamlEnv): Steps<Reading> {
  const all = new Whole(env);
  yield* all.read(text, file, 0);
  const whole = all.config();
  const { stopped, diags, build } = all;
  return {
    config: stopped ?? whole,
    diags: diags.list,
    complete: stopped === undefined,
    origins: build.origins,
    own: all.own,
    ...(stopped && { whole }),
  };
}

/** What the files of one reading share. */
class Whole {
  readonly env: YamlEnv;
  readonly diags = new Diags();
  readonly substitutes: Substitutes;
  readonly build: Build;
  /** 0 until a key tells. */
  version: 0 | 1 | 2 = 0;
  files = 0;
  /** Sections of this program's own, and the files read for an include. */
  readonly found: FoundSection[] = [];
  readonly included: string[] = [];
  /** The names that were defined as such, not those of sections. */
  readonly defined = new Set<string>();
  /** What was there when a mistake ended the reading. */
  stopped: Config | undefined;

  constructor(env: YamlEnv) {
    this.env = env;
    this.substitutes = new Substitutes(env.files);
    this.build = new Build(env.defaults);
  }

  config(): Config {
    return this.build.config(this.version === 2 ? 'yaml2' : 'yaml');
  }

  get own(): OwnSections {
    const { found, included, substitutes, version } = this;
    return {
      found,
      included,
      alias: (name) => substitutes.get(name),
      expand: (text) => {
        const got = substitutes.expand(text, version === 2 ? '=' : '*');
        return 'ok' in got ? got.ok : undefined;
      },
    };
  }

  define(name: string, text: string): void {
    this.substitutes.define(name, text);
    this.defined.add(name);
  }

  /** Everything counts up to here; what follows is only looked at. */
  stop(): void {
    this.stopped ??= this.config();
    this.diags.readingOn = true;
  }

  /** One file. */
  *read(text: string, file: string, depth: number): Steps<void> {
    this.files++;
    if (depth > 0) this.included.push(file);
    const tree = yield* this.#treeOf(text, file);
    yield* new FileReader(this, tree, file, depth).run();
  }

  /** The events of a file. A mistake inside one of our own sections costs that section alone: the file is read without it. */
  *#treeOf(text: string, file: string): Steps<YamlTree> {
    let tree = yield* readTreeSteps(text);
    for (let tries = 0; tree.mistake !== undefined && tries < MAX_BROKEN; tries++) {
      const broken = ownSectionAround(tree.text, tree.mistake);
      if (broken === undefined) break;
      new Report(file, tree, this.diags).syntax({ ...tree.mistake, classic: undefined });
      const { at, end, kind, name } = broken;
      this.found.push({ key: { at, end: at + kind.length, text: kind }, file, tree, events: [], brokenName: name ?? '' });
      tree = yield* readTreeSteps(tree.text.slice(0, at) + tree.text.slice(at, end).replace(/[^\n]/g, ' ') + tree.text.slice(end));
    }
    return tree;
  }
}

/** Thrown inside this file only: nothing more can be made out of this file, the reason was reported. */
const STOP = Symbol('stop');

class FileReader {
  readonly #all: Whole;
  readonly #tree: YamlTree;
  readonly #report: Report;
  readonly #depth: number;
  #state: State = 'begin';
  /** Version 2: the kind of the mapping around sections. */
  #group: SectionKind = 'connection';
  /** The last key read, and the section and option being read. */
  #key: Text = { at: 0, end: 0, text: '' };
  #draft = new Draft('connection', 1, undefined, this.#key);
  #option: Text | undefined;
  #classes = 0;
  /** How deep inside a value that cannot be used; 0: at its beginning. */
  #skipping: number | undefined;
  /** The value being passed over is that of one of our own sections: its events. */
  #own: YamlEvent[] | undefined;
  /** The event being handled is a mistake. */
  #failed = false;
  /** It includes these files, which are read next. */
  #toInclude: { readonly value: Text; readonly files: readonly string[] } | undefined;

  constructor(all: Whole, tree: YamlTree, file: string, depth: number) {
    this.#all = all;
    this.#tree = tree;
    this.#report = new Report(file, tree, all.diags);
    this.#depth = depth;
  }

  *run(): Steps<void> {
    try {
      for (const [i, event] of this.#tree.events.entries()) {
        if (i % STEP === STEP - 1) yield;
        this.#report.eventAt = event.at;
        if (this.#skipping !== undefined) this.#skip(event, this.#skipping);
        else {
          this.#handle(event);
          if (this.#toInclude !== undefined) yield* this.#readIncluded(event);
        }
      }
    } catch (err) {
      if (err === STOP) return;
      throw err;
    }
    if (this.#tree.mistake === undefined) return;
    this.#report.syntax(this.#tree.mistake);
    this.#all.stop();
  }

  /** Passes over a value. */
  #skip(event: YamlEvent, depth: number): void {
    const { is } = event;
    const now = is.endsWith('-start') ? depth + 1 : is.endsWith('-end') ? depth - 1 : depth;
    this.#skipping = now > 0 ? now : undefined;
    this.#own?.push(event);
    if (now === 0) this.#own = undefined;
  }

  #handle(event: YamlEvent): void {
    switch (event.is) {
      case 'document':
        return;
      case 'scalar': {
        const names = this.#state === 'define' || this.#state === 'define-value';
        this.#failed = false;
        this.#scalar(this.#expand(cString(event.value), { at: event.from, end: event.end }), event.anchor);
        if (event.anchor !== undefined && !names && !this.#failed && this.#toInclude === undefined) this.#anchorIgnored(event);
        return;
      }
      case 'alias':
        return this.#alias(event.name, event);
      case 'mapping-start':
        return this.#mappingStart(event.at, event.anchor);
      case 'mapping-end':
        return this.#mappingEnd(event);
      case 'sequence-start':
        if (this.#state === 'list') this.#state = 'in-list';
        else if (this.#state === 'named' && this.#group === 'delete_default') {
          this.#classes = 0;
          this.#state = 'in-classes';
        } else this.#unexpected('sequence', event.at);
        return;
      case 'sequence-end':
        if (this.#state === 'in-list') this.#state = 'in-section';
        else this.#classesEnd(event);
        return;
      default:
        return this.#streamEnd(event.at);
    }
  }

  /** A mistake that ends the reading in ser2net 4.3.11. */
  #fail(span: Span, code: Parameters<Report['error']>[0], text: string, classic: string, hint?: string): void {
    this.#report.error(code, span, text, { classic, hint });
    this.#failed = true;
    this.#all.stop();
  }

  /** One after which nothing can be made out here, either. */
  #end(span: Span, code: Parameters<Report['error']>[0], text: string, classic: string, hint?: string): never {
    this.#fail(span, code, text, classic, hint);
    throw STOP;
  }

  /** What comes next is passed over, and then the reader is in this state. depth 1: it has begun. */
  #skipTo(state: State, depth: 0 | 1 = 0): void {
    this.#skipping = depth;
    this.#state = state;
  }

  get #number(): number {
    const two = this.#all.version === 2;
    const n = STATES[this.#state][two ? 1 : 0];
    return ['group', 'in-group', 'named', 'in-classes'].includes(this.#state) ? GROUP_NUMBER[this.#group] + n : n;
  }

  // ---- texts

  #expand(text: string, span: Span): Text {
    // Version 2 has its own marker, and 4.6.7 uses it until a key of version 1 was seen; 4.3.11 knows only the asterisk.
    const got = this.#all.substitutes.expand(text, this.#all.version === 2 ? '=' : '*');
    if ('ok' in got) return { ...span, text: got.ok };
    const { problem } = got;
    switch (problem.is) {
      case 'unknown':
        this.#fail(
          span,
          'unknown-alias',
          `'${problem.name}' is not defined`,
          messages.unknownInText(problem.rest),
          this.#aliasHint(problem.name),
        );
        break;
      case 'unclosed':
        // 4.3.11 says nothing and takes an empty text.
        this.#report.warning(
          'bad-escape',
          span,
          `'${problem.close}' is missing after '${problem.rest.slice(0, 40)}'; the text is taken as it is`,
        );
        return { ...span, text };
      case 'file':
        this.#fail(span, 'include', `cannot read '${problem.file}': ${problem.reason}`, messages.openFile(problem.file, problem.reason));
        break;
      default:
        return this.#end(span, 'limit', 'the texts inserted for names and files are too long', 'Out of memory processing string');
    }
    return { ...span, text, lost: true };
  }

  #alias(name: string, span: Span): void {
    const found = this.#all.substitutes.get(name);
    if (found !== undefined) return this.#scalar(this.#expand(found, span), undefined);
    this.#fail(span, 'unknown-alias', `'${name}' is not defined`, messages.unknownAlias(name), this.#aliasHint(name));
    this.#scalar({ ...span, text: name, lost: true }, undefined);
  }

  #aliasHint(name: string): string | undefined {
    const later = this.#tree.events.find((e) => 'anchor' in e && e.anchor === name);
    if (later !== undefined) return `'&${name}' is in line ${this.#tree.place(later.at).line}; it must come before it is used`;
    return meant(name, this.#all.substitutes.names);
  }

  /** A text that is the name of a define, written without its asterisk. */
  #questionName(option: Text, value: Text, anchor: string | undefined): void {
    const name = value.text;
    const own = this.#tree.text.slice(value.at, value.end).replace(/^["']|["']$/g, '') === name;
    if (anchor !== undefined || !own || !this.#all.defined.has(name) || !TEXTS.test(option.text)) return;
    const hint =
      this.#all.version === 2
        ? `to use what is defined as '${name}', write '=(${name})'`
        : `to use what is defined as '&${name}', write '*${name}'`;
    this.#report.warning('questionable', value, `'${option.text}' is the word '${name}'`, { hint });
  }

  #anchorIgnored(event: Span): void {
    this.#report.warning('questionable', event, 'a name (&...) has no effect on this value', { classic: messages.anchorIgnored });
  }

  #scalar(value: Text, anchor: string | undefined): void {
    const draft = this.#draft;
    if (value.lost) draft.spoilt = true;
    switch (this.#state) {
      case 'main':
        return this.#mainKey(value);
      case 'define':
        if (anchor === undefined) {
          const hint = "write 'define: &name text'";
          this.#report.error('missing-name', value, 'the define has no name and is ignored', { classic: messages.defineIgnored, hint });
        } else this.#all.define(anchor, value.text);
        this.#state = 'main';
        return;
      case 'include':
        this.#state = 'main';
        return this.#include(value);
      case 'in-defines':
        this.#key = value;
        this.#state = 'define-value';
        return;
      case 'define-value':
        this.#all.define(this.#key.text, value.text);
        if (anchor !== undefined) this.#all.substitutes.define(anchor, value.text);
        this.#state = 'in-defines';
        return;
      case 'in-group':
        this.#key = value;
        this.#state = 'named';
        return;
      case 'in-classes': {
        this.#classes++;
        const classic = messages.deleteDefault(value.text, this.#key.text, 'notfound');
        if (!this.#all.build.removeDefault(this.#key, value, this.#report, classic)) this.#all.stop();
        return;
      }
      case 'in-section':
        return this.#sectionKey(value);
      case 'value':
        return this.#setValue(value);
      case 'timeout': {
        const n = value.lost ? 0 : cUnsigned(value.text);
        if (n === undefined) this.#fail(value, 'bad-value', `the timeout '${value.text}' is not a number of seconds`, messages.timeout);
        draft.timeout = n ?? 0;
        this.#place('timeout', value);
        this.#state = 'in-section';
        return;
      }
      case 'enable': {
        const word = value.text.toLowerCase();
        if (word !== 'on' && word !== 'off' && !value.lost)
          this.#fail(value, 'bad-value', `enable is '${value.text}'`, messages.enable, 'write on or off');
        draft.enable = word === 'on';
        this.#place('enable', value);
        this.#state = 'in-section';
        return;
      }
      case 'in-options':
        if (value.text === '' && !value.lost)
          this.#fail(
            value,
            'missing-key',
            'the name of the option is empty',
            messages.empty(draft.kind === 'admin' ? 'led' : draft.kind, 'option name'),
          );
        this.#option = value;
        this.#state = 'option';
        return;
      case 'option':
        this.#questionName(this.#option!, value, anchor);
        if (!value.lost && !this.#option!.lost && this.#option!.text !== '') draft.options.push({ name: this.#option!, value });
        this.#state = 'in-options';
        return;
      case 'in-list':
        draft.list.push(value);
        draft.places.set(this.#key.text, draft.list[0]!);
        return;
      case 'list':
        if (draft.kind !== 'attachment') return this.#notHere(value);
        draft.list.push(value);
        draft.places.set(this.#key.text, value);
        this.#state = 'in-section';
        return;
      default:
        return this.#notHere(value);
    }
  }
  #notHere(value: Text): void {
    const parent = PARENT[this.#state];
    if (!value.lost) this.#fail(value, 'bad-value', this.#misplaced(value), messages.scalar, this.#scalarHint(value));
    if (parent === undefined) throw STOP;
    // Keys that follow without being indented belong to it.
    if (this.#state === 'section') this.#draft = new Draft(this.#group, 1, undefined, this.#key);
    if (this.#state === 'section') for (const key of Object.keys(KEYS[this.#group])) this.#draft.missing.add(key);
    this.#draft.spoilt = true;
    this.#state = parent;
  }

  /** What a text stands in the place of. */
  #misplaced(value: Text): string {
    const shown = value.text.length > 40 ? `${value.text.slice(0, 40)}...` : value.text;
    switch (this.#state) {
      case 'section':
      case 'named':
      case 'group':
      case 'defines':
        return value.text === ''
          ? `'${this.#key.text}' has no keys under it`
          : `'${this.#key.text}' needs indented keys, not the text '${shown}'`;
      case 'options':
        return value.text === '' ? 'there are no options under options' : `'options' must be a mapping, not the text '${shown}'`;
      case 'list':
        return `'connections' must be a list, not the text '${shown}'`;
      default:
        return value.text === '' ? 'a mapping is missing' : `'${shown}' is not a mapping`;
    }
  }
  #scalarHint(value: Text): string | undefined {
    const glued = /^([A-Za-z_-]+):\S/.exec(value.text)?.[1];
    if (
      glued !== undefined &&
      (Object.hasOwn(MAIN_KEYS, glued.toLowerCase()) || Object.values(KEYS).some((keys) => Object.hasOwn(keys, glued.toLowerCase())))
    ) {
      return `write '${glued}: ' with a space after the colon`;
    }
    if (this.#state === 'list') {
      const names = value.text.replace(/^\s*\[|\]\s*$/g, '').split(/[\s,]+/);
      return `write '[${names.filter((name) => name !== '').join(', ')}]', without quotes around it all`;
    }
    if (this.#state === 'begin' && /^YAML\s+1\.\d/.test(value.text)) return 'write %YAML 1.1, with a percent sign, as the first line';
    const bare = /^(accepter|connector|timeout|enable|driver|device|target)\s+(\S.*)$/i.exec(value.text);
    if (bare !== null)
      return `a colon is missing: '${bare[1]}: ${bare[2]!.replace(/\s+(accepter|connector|timeout|enable|options)$/i, '')}'`;
    if (this.#state === 'begin' && /^[0-9]+[:,]|^BANNER:|^[^:\s]+:(raw|telnet|rawlp|off|on):/.test(value.text)) {
      return 'this looks like the classic format: let the name end in .conf';
    }
    if (this.#state === 'section' && value.text === '') return 'the keys under it must be indented';
    return undefined;
  }

  // ---- keys

  #mainKey(value: Text): void {
    const key = value.text.toLowerCase();
    const known = Object.hasOwn(MAIN_KEYS, key) ? MAIN_KEYS[key]! : undefined;
    const classic = messages.mainToken(value.text);
    if (known === undefined) {
      this.#skipTo('main');
      if (OWN_SECTIONS.includes(key) && !value.lost) {
        this.#own = [];
        this.#all.found.push({ key: value, file: this.#report.file, tree: this.#tree, events: this.#own });
        return;
      }
      // A section that lacks it was reported; it is only not indented.
      if (value.lost || (this.#all.stopped !== undefined && this.#draft.missing.size > 0 && Object.hasOwn(KEYS[this.#draft.kind], key)))
        return;
      const inside = Object.hasOwn(KEYS.connection, key) || OPTION_NAMES.includes(key);
      const hint = inside ? `'${value.text}' belongs in a section: indent it` : meant(key, this.#mainKeys());
      return this.#fail(value, 'unknown-section', `'${value.text}' is not a section`, classic, hint);
    }
    const { version } = known;
    if (version !== 0 && this.#all.version !== 0 && this.#all.version !== version) {
      this.#skipTo('main');
      this.#report.error('unknown-section', value, `'${value.text}' belongs to version ${version} of the format`, {
        classic: messages.mixed,
      });
      return this.#fail(
        value,
        'unknown-section',
        'a configuration is all of one version',
        classic,
        `the keys before it are of version ${this.#all.version}`,
      );
    }
    if (version !== 0) this.#all.version = version;
    this.#key = value;
    if (known.kind === 'include' || known.kind === 'define')
      this.#state = known.kind === 'include' ? 'include' : version === 2 ? 'defines' : 'define';
    else {
      this.#group = known.kind;
      this.#state = version === 2 ? 'group' : 'section';
    }
  }
  #mainKeys(): readonly string[] {
    const version = this.#all.version;
    return [...Object.keys(MAIN_KEYS), ...OWN_SECTIONS].filter(
      (key) => version === 0 || (MAIN_KEYS[key]?.version ?? 0) === 0 || MAIN_KEYS[key]!.version === version,
    );
  }

  #sectionKey(value: Text): void {
    const draft = this.#draft;
    const keys = Object.keys(KEYS[draft.kind]).filter((key) => draft.version === 1 || key !== 'name');
    const written = value.text.toLowerCase();
    let key: string | undefined = written;
    if (!keys.includes(written)) {
      draft.spoilt = true;
      const option = draft.kind === 'connection' && OPTION_NAMES.includes(written);
      // Reading on, the key is taken for what it was probably meant to be.
      key = option ? undefined : nearest(written, keys);
      const hint = option ? `'${value.text}' is an option: put it under 'options:'` : meant(written, keys);
      if (!value.lost)
        this.#fail(value, 'unknown-key', `'${value.text}' is not a key of a ${draft.kind}`, messages.token(draft.title, value.text), hint);
      if (key === undefined || draft.values.has(key)) return this.#skipTo('in-section');
    }
    const kind = KEYS[draft.kind][key]!;
    this.#key = { ...value, text: key };
    if (kind === 'texts' && draft.list.length > 0) {
      draft.spoilt = true;
      this.#fail(
        value,
        'duplicate-key',
        `'${key}' is given twice in one ${draft.kind}`,
        messages.twice(draft.title, key),
        'make it one list',
      );
    }
    this.#state = kind === 'text' ? 'value' : kind === 'texts' ? 'list' : kind;
  }

  #setValue(value: Text): void {
    const draft = this.#draft;
    const key = this.#key.text;
    if (value.text === '' && !value.lost) {
      draft.spoilt = true;
      draft.missing.add(key);
      this.#fail(this.#key, 'missing-key', `'${key}' of the ${draft.kind} is empty`, messages.empty(draft.title, key));
    } else if (draft.values.has(key)) {
      draft.spoilt = true;
      this.#fail(
        this.#key,
        'duplicate-key',
        `'${key}' is given twice in one ${draft.kind}`,
        messages.twice(draft.title, key),
        'a name and a section are missing between them?',
      );
    }
    if (!draft.missing.has(key) && !draft.values.has(key)) draft.values.set(key, value);
    this.#state = 'in-section';
  }

  /** Notes where a key stands; a further one counts, which 4.3.11 says nothing about. */
  #place(key: string, value: Text): void {
    const { places, kind } = this.#draft;
    if (places.has(key)) this.#report.warning('duplicate-key', this.#key, `'${key}' is given twice in one ${kind}; the last one counts`);
    places.set(key, value);
  }

  // ---- mappings and lists

  #mappingStart(at: number, anchor: string | undefined): void {
    switch (this.#state) {
      case 'begin':
      case 'end': // ser2net 4.6 takes several documents
        this.#state = 'main';
        return;
      case 'section': {
        const kind = this.#group;
        const named = kind === 'connection' || kind === 'rotator' || kind === 'led' || kind === 'attachment';
        const name = anchor === undefined ? undefined : { at, end: at + anchor.length + 1, text: anchor };
        if (named && name === undefined) {
          this.#fail(this.#key, 'missing-name', `the ${kind} has no name`, messages.noAnchor, `write '${this.#key.text}: &name'`);
        }
        if (name !== undefined && (named || kind === 'admin')) this.#all.substitutes.define(name.text, name.text);
        this.#draft = new Draft(kind, 1, named || kind === 'admin' ? name : undefined, this.#key);
        this.#draft.spoilt = named && name === undefined;
        this.#state = 'in-section';
        return;
      }
      case 'defines':
        this.#state = 'in-defines';
        return;
      case 'group':
        this.#state = 'in-group';
        return;
      case 'named':
        if (this.#group === 'delete_default') return this.#unexpected('mapping', at);
        this.#draft = new Draft(this.#group, 2, this.#key, this.#key);
        this.#state = 'in-section';
        return;
      case 'options':
        this.#state = 'in-options';
        return;
      default:
        return this.#unexpected('mapping', at);
    }
  }

  #unexpected(what: 'mapping' | 'sequence', at: number): void {
    const flow = '[{'.includes(this.#tree.text[at] ?? ' ');
    const place =
      this.#state === 'value' || this.#state === 'option'
        ? `'${this.#state === 'option' ? this.#option!.text : this.#key.text}' is a text`
        : 'it cannot stand here';
    const text = `a ${what === 'mapping' ? 'mapping' : 'list'} begins, but ${place}`;
    const hint = this.#state === 'value' || this.#state === 'option' ? this.#textHint(at, what, flow) : this.#sectionsHint(what);
    this.#fail({ at, end: at + 1 }, 'bad-value', text, messages.unexpected(what, 'start', this.#number), hint);
    const parent = PARENT[this.#state];
    if (parent === undefined) throw STOP;
    this.#draft.spoilt = true;
    if (this.#state === 'value') this.#draft.missing.add(this.#key.text);
    this.#skipTo(parent, 1);
  }

  /** What to do about a list or mapping in the place of a text. */
  #textHint(at: number, what: 'mapping' | 'sequence', flow: boolean): string {
    if (what === 'sequence' && !flow) return "write it as one text, without '- '";
    // Brackets may belong to a text such as a banner, but never to a stack.
    const list =
      what === 'sequence' && this.#state === 'value' ? /^\[([^\]\n]{1,200})\]/.exec(this.#tree.text.slice(at, at + 202))?.[1] : undefined;
    const words = list?.split(',').map((word) => word.trim().replace(/^(["'])(.*)\1$/, '$2'));
    return words === undefined ? 'put the value in single quotes' : `write it as one text, without brackets: '${words.join(',')}'`;
  }

  /** What to do about a list where sections stand. */
  #sectionsHint(what: 'mapping' | 'sequence'): string | undefined {
    if (what === 'mapping') return undefined;
    if (this.#state === 'group') return `write 'name:' in place of '- ', and the keys of the ${this.#group} indented under it`;
    return this.#state === 'section' ? `write '${this.#key.text}: &name' once for each of them, without '- '` : undefined;
  }

  #mappingEnd(span: { readonly at: number }): void {
    switch (this.#state) {
      case 'main':
        this.#state = 'end';
        return;
      case 'in-defines':
      case 'in-group':
        this.#state = 'main';
        return;
      case 'in-options':
        this.#option = undefined;
        this.#state = 'in-section';
        return;
      case 'in-section':
        if (!this.#all.build.close(this.#draft, this.#report)) this.#all.stop();
        this.#state = this.#draft.version === 2 ? 'in-group' : 'main';
        return;
      default: {
        const classic = messages.unexpected('mapping', 'end', this.#number);
        return this.#end({ at: span.at, end: span.at }, 'syntax', 'a value is missing', classic);
      }
    }
  }

  #classesEnd({ at }: { readonly at: number }): void {
    if (this.#classes === 0)
      this.#fail({ at, end: at + 1 }, 'missing-key', `no classes are given for '${this.#key.text}'`, messages.noClasses);
    this.#state = 'in-group';
  }

  #streamEnd(at: number): void {
    if (this.#state === 'end') return;
    const classic = messages.ended(this.#number);
    // A file of comments among included ones is usual, and ends everything in ser2net.
    if (this.#depth > 0 && this.#state === 'begin') {
      this.#report.warning('questionable', { at: 0, end: 0 }, 'there is nothing in this file', { classic });
      return;
    }
    this.#end({ at: Math.min(at, this.#tree.text.length), end: at }, 'syntax', 'there is no configuration in this file', classic);
  }

  // ---- include

  #include(value: Text): void {
    const all = this.#all;
    if (this.#depth > MAX_INCLUDES) {
      this.#end(value, 'limit', 'files include each other too deeply', messages.includeDeep, 'perhaps a file includes itself');
    }
    if (value.lost) return;
    if (value.text === '') {
      this.#report.error('include', this.#key, 'include names no file', { classic: messages.includeSkip('(null)') });
      return;
    }
    const expanded = expandWords(value.text, all.env.files);
    if ('error' in expanded) {
      return this.#fail(value, 'include', `'${value.text}' cannot be made out as file names`, messages.includeBad[expanded.error]);
    }
    this.#toInclude = { value, files: expanded.ok };
  }

  *#readIncluded(event: YamlEvent): Steps<void> {
    const all = this.#all;
    const { value, files } = this.#toInclude!;
    this.#toInclude = undefined;
    for (const file of files) {
      if (all.files >= MAX_FILES) this.#end(value, 'limit', `more than ${MAX_FILES} files are included`, messages.includeDeep);
      const got = all.env.files.read(file);
      if (!Buffer.isBuffer(got)) {
        const text = `'${file}' cannot be read and is skipped: ${got.reason}`;
        const elsewhere = !file.startsWith('/') && this.#report.file.includes('/');
        const hint = elsewhere
          ? 'names without a slash at their beginning count from the working directory, not from this file'
          : undefined;
        this.#report.error('include', value, text, { classic: messages.includeSkip(file), hint });
      } else yield* all.read(decodeFile(got), file, this.#depth + 1);
    }
    if (event.is === 'scalar' && event.anchor !== undefined) this.#anchorIgnored(event);
  }
}
