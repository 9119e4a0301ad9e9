// The sections of a ser2net.yaml of either version in their order, with the comments that stand before each, and those of the files it
// includes in their place: what converting into the other version goes through.
import type { Diag, Pos } from '../../base/diag.ts';
import { decodeFile } from '../../base/raw-text.ts';
import type { Files } from '../source.ts';
import type { YamlVersion } from '../yaml/quote.ts';
import { MAIN_KEYS } from '../yaml/section.ts';
import { expandWords } from '../yaml/wordexp.ts';
import { readNodes, type YamlNode } from './yaml-nodes.ts';
import type { SectionKind } from './yaml-text.ts';

/** A thing of the file, whichever version it was written in. */
export interface Section {
  /** Which section it is. */
  readonly kind: SectionKind;
  /** Its anchor or key; `undefined` if it has none. */
  readonly name: string | undefined;
  /** Comments and empty lines before it. */
  readonly before: readonly string[];
  /** Its value. */
  readonly node: YamlNode;
  /** Anchor on the text of a define in version 2. */
  readonly alias: string | undefined;
  /** Where a node of it stands. */
  readonly place: (node: YamlNode) => Pos;
}

/** A file in parts. */
export interface Sections {
  /** `undefined` if nothing tells. */
  readonly version: YamlVersion | undefined;
  /** Sections, and the comments that stand between them and no section. */
  readonly items: readonly (Section | { readonly comment: readonly string[] })[];
  /** Why parts of it could not be read. */
  readonly diags: readonly Diag[];
}

/** As the reader has it. */
const MAX_FILES = 1000;

/** The text of a scalar; `undefined` for any other node. */
export const scalarOf = (node: YamlNode | undefined): string | undefined => (node?.is === 'scalar' ? node.value : undefined);

/** Which version a text is of: the first key that tells. */
function versionOf(documents: readonly YamlNode[]): YamlVersion | undefined {
  for (const document of documents) {
    if (document.is !== 'mapping') continue;
    for (const [key] of document.entries) {
      const name = scalarOf(key)?.toLowerCase() ?? '';
      const version = Object.hasOwn(MAIN_KEYS, name) ? MAIN_KEYS[name]!.version : 0;
      if (version !== 0) return version === 1 ? 'v1' : 'v2';
    }
  }
  return undefined;
}

/** files: what is included is read from there, and stands in the place of its include; without it the include stays. */
export function readSections(text: string, file: string, files?: Files): Sections {
  const reader = new SectionReader(files);
  reader.file(text, file, []);
  return reader;
}

class SectionReader {
  version: YamlVersion | undefined;
  readonly items: (Section | { readonly comment: readonly string[] })[] = [];
  readonly diags: Diag[] = [];
  readonly #files: Files | undefined;
  #count = 0;

  constructor(files: Files | undefined) {
    this.#files = files;
  }

  /** above: the files that include this one. */
  file(text: string, file: string, above: readonly string[]): void {
    this.#count++;
    const { tree, documents, rest } = readNodes(text);
    const place = (node: YamlNode): Pos => ({ file, ...tree.place(node.at), len: 1 });
    if (tree.mistake !== undefined) {
      const pos = { file, ...tree.place(tree.mistake.at), len: 1 };
      const hint = 'run check on it first';
      this.diags.push({ code: 'syntax', severity: 'error', pos, text: `what follows was not converted: ${tree.mistake.text}`, hint });
    }
    const version = versionOf(documents) ?? this.version;
    this.version ??= version;
    if (version !== this.version) {
      const pos = { file, line: 1, col: 1, len: 0 };
      this.diags.push({
        code: 'include',
        severity: 'error',
        pos,
        text: 'it is of the other version than the file before it, and left out',
      });
      return;
    }
    for (const document of documents) if (document.is === 'mapping') this.#document(document, place, [...above, file]);
    this.items.push({ comment: rest });
  }

  #wrong(pos: Pos, text: string): void {
    this.diags.push({ code: 'bad-value', severity: 'error', pos, text });
  }

  #document(document: Extract<YamlNode, { is: 'mapping' }>, place: Section['place'], path: readonly string[]): void {
    for (const [key, node] of document.entries) {
      const word = scalarOf(key)?.toLowerCase() ?? '';
      const known = Object.hasOwn(MAIN_KEYS, word) ? MAIN_KEYS[word]! : undefined;
      if (known === undefined) {
        this.#wrong(place(key), `'${word}' is not a section and is left out`);
        continue;
      }
      const { kind } = known;
      const before = [...key.before, ...node.before];
      const names = kind === 'include' ? this.#included(node, place) : undefined;
      if (names !== undefined) this.#include(names, place(node), before, path);
      else if (kind === 'include' || this.version === 'v1')
        this.items.push({ kind, name: node.anchor, before, node, alias: undefined, place });
      else if (node.is !== 'mapping') this.#wrong(place(node), `'${word}' has nothing under it and is left out`);
      else
        for (const [i, [name, value]] of node.entries.entries())
          this.items.push({
            kind,
            name: scalarOf(name) ?? '',
            before: [...(i === 0 ? before : []), ...name.before, ...value.before],
            node: value,
            alias: value.anchor,
            place,
          });
    }
  }

  /** The names of the files to put in; `undefined` if the include stays. */
  #included(node: YamlNode, place: Section['place']): readonly string[] | undefined {
    const text = scalarOf(node);
    if (this.#files === undefined) return undefined;
    // A name that is put together from texts is not known before they are.
    const words = text === undefined || /[*=][({]/.test(text) ? undefined : expandWords(text, this.#files);
    if (words !== undefined && 'ok' in words) return words.ok;
    this.#wrong(place(node), 'the files included here cannot be told, and stay where they are');
    return undefined;
  }

  #include(names: readonly string[], pos: Pos, before: readonly string[], path: readonly string[]): void {
    this.items.push({ comment: before });
    for (const name of names) {
      const got = this.#files!.read(name);
      if (path.includes(name)) this.#wrong(pos, `'${name}' includes itself, and is left out here`);
      else if (this.#count >= MAX_FILES) this.#wrong(pos, `'${name}' is left out: there are more than ${MAX_FILES} files`);
      else if (Buffer.isBuffer(got)) {
        this.items.push({ comment: [`# from ${name}`] });
        this.file(decodeFile(got), name, path);
      } else
        this.diags.push({ code: 'include', severity: 'warning', pos, text: `'${name}' cannot be read and is left out: ${got.reason}` });
    }
  }
}
