// The console's YAML read back, ours and that of ser2net since 4.2: what answer.ts writes. Not YAML in general: keys repeat, and quotes
// inside quotes have a backslash.
import { DOCUMENT_END, DOCUMENT_START } from './answer.ts';

/** One `key:` of a document; a mapping has fields, everything else a value. */
export interface Field {
  /** As written. */
  readonly key: string;
  /** `undefined` for a mapping. */
  readonly value: string | number | undefined;
  /** Those of a mapping, in order; empty for a value. */
  readonly fields: readonly Field[];
}

/** A document longer than this is not waited for. */
const MAX_DOCUMENT = 16 * 1024 * 1024;

/** Cuts what arrives into documents. */
export class DocumentReader {
  #text = '';
  #searched = 0;

  /** The documents that are complete now, in order. What is not part of one is skipped. @throws RangeError past 16 MB without an end */
  push(text: string): Field[] {
    this.#text += text;
    const documents: Field[] = [];
    for (;;) {
      const start = this.#text.indexOf(DOCUMENT_START);
      if (start < 0) {
        this.#text = this.#text.slice(-DOCUMENT_START.length);
        break;
      }
      const from = start + DOCUMENT_START.length;
      const end = this.#text.indexOf(`\r\n${DOCUMENT_END}`, Math.max(from, this.#searched));
      if (end < 0) {
        this.#searched = Math.max(0, this.#text.length - DOCUMENT_END.length - 2);
        if (this.#text.length > MAX_DOCUMENT) throw new RangeError('the answer is too long');
        break;
      }
      const [document] = readFields(this.#text.slice(from, end));
      if (document !== undefined) documents.push(document);
      this.#text = this.#text.slice(end + 2 + DOCUMENT_END.length);
      this.#searched = 0;
    }
    return documents;
  }
}

/** `key: `, `key: !!int 5`, `key: !!str 'text'`, where the text may hold line ends. */
const LINE = /( *)([^:\r\n]+): (?:!!int (-?\d+)|!!str '((?:[^\r\n]|[\r\n](?! *[^:\r\n]+: (?:!!|\r?$)))*)')?(?:\r\n|$)/gmy;

function readFields(text: string): Field[] {
  const root: Field[] = [];
  const open: { readonly indent: number; readonly fields: Field[] }[] = [{ indent: -1, fields: root }];
  LINE.lastIndex = 0;
  for (let m = LINE.exec(text); m !== null && m[0] !== ''; m = LINE.exec(text)) {
    const indent = m[1]!.length;
    while (open.length > 1 && open.at(-1)!.indent >= indent) open.pop();
    const value = m[3] !== undefined ? Number(m[3]) : m[4]?.replaceAll("\\'", "'");
    const fields: Field[] = [];
    open.at(-1)!.fields.push({ key: m[2]!, value, fields });
    if (value === undefined) open.push({ indent, fields });
    if (LINE.lastIndex >= text.length) break;
  }
  return root;
}

/** The text of the first field of that name. */
export const textOf = (field: Field, key: string): string | undefined => {
  const value = field.fields.find((f) => f.key === key)?.value;
  return value === undefined ? undefined : String(value);
};
/** The number of the first field of that name; 0 when there is none. */
export const numberOf = (field: Field, key: string): number => Number(textOf(field, key) ?? 0);
/** All fields of a name. */
export const fieldsOf = (field: Field, key: string): readonly Field[] => field.fields.filter((f) => f.key === key);
