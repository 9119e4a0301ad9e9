// The recording of a port: what its device says, written to files, also while nobody is connected.
import type { Kind } from '../kind.ts';
import { uint } from '../kind.ts';
import { row, type Values } from '../row.ts';
import { type Shape, texts, words } from './shape.ts';
import { byteSize } from './size.ts';

/** Whose bytes are recorded. */
export type RecordDirection = 'device' | 'client';

/** When a file is done and the next one begins; `undefined`: not for that reason. */
export interface Rotation {
  /** Bytes in the file. */
  readonly size: number | undefined;
  /** Milliseconds since it was begun. */
  readonly age: number | undefined;
}

/** Absolute, with an ending that says in which form, and in folders only escapes that never change. */
const recordFile: Kind<string | undefined> = {
  name: 'file',
  parse: (text) => {
    const end = text.lastIndexOf('/') + 1;
    if (!text.startsWith('/')) return { expected: 'an absolute path' };
    if (/\\[^No]/.test(text.slice(0, end))) return { expected: 'a path whose folders have no escapes but \\N and \\o' };
    return /[^/]\.(pcapng|log|raw)$/.test(text) ? { ok: text } : { expected: 'a name that ends in .pcapng, .log or .raw' };
  },
  print: (value) => value ?? '',
};

const AGES: readonly (readonly [unit: string, ms: number])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
];
/** A smaller file would hold little more than its header. */
const rotateSize = byteSize(4096, 2 ** 40);

/** A size, an age, or one of both: as texts. */
function rotationOf(all: readonly string[]): Rotation | undefined {
  let size: number | undefined;
  let age: number | undefined;
  for (const word of all) {
    const m = /^([0-9]{1,6})(min|h|d|w)$/.exec(word);
    const bytes = rotateSize.parse(word);
    if (m !== null && age === undefined && Number(m[1]) > 0) age = Number(m[1]) * AGES.find(([unit]) => unit === m[2])![1];
    else if ('ok' in bytes && size === undefined) size = bytes.ok;
    else return undefined;
  }
  return all.length === 0 ? undefined : { size, age };
}
const ROTATION = 'a size from 4k such as 10M, an age such as 1d (min, h, d, w), or a list of both';
const rotationTexts = ({ size, age }: Rotation): string[] => {
  const [unit, ms] = AGES.find(([, each]) => (age ?? 0) % each === 0)!;
  return [...(size === undefined ? [] : [rotateSize.print(size)]), ...(age === undefined ? [] : [`${age / ms}${unit}`])];
};

const rotation: Shape<Rotation | undefined> = {
  name: 'size, age',
  parse: (text) => {
    const ok = rotationOf([text]);
    return ok === undefined ? { expected: ROTATION } : { ok };
  },
  print: (value) => (value === undefined ? '' : rotationTexts(value).join(', ')),
  read: (value, context, path) => {
    const all = texts.read(value, context, path);
    const got = all && rotationOf(all);
    if (all !== undefined && got === undefined) context.error('bad-value', value, `'${all.join(', ')}' of 'rotate' is not ${ROTATION}`);
    return got;
  },
  show: (value) => {
    const all = value === undefined ? [] : rotationTexts(value);
    return all.length > 1 ? all : all[0];
  },
};

/** Rows of the section `record:` of a port. */
export const RECORD = {
  file: row({
    yaml: 'file',
    kind: recordFile,
    def: undefined,
    since: 'new',
    doc: 'The file to write. Its ending says in which form: .pcapng (Wireshark, tshark), .log (text with times) or .raw (the bytes and nothing else). The last part of the name may have the escapes of trace files, the folders before it only \\N and \\o. See RECORDINGS.',
  }),
  directions: row({
    yaml: 'directions',
    kind: words(['device', 'client']),
    def: ['device'],
    since: 'new',
    doc: 'What is recorded: what the device says, what clients send, or both. What clients send may have passwords in it. A .raw file has one of them.',
  }),
  rotate: row({
    yaml: 'rotate',
    kind: rotation,
    def: undefined,
    since: 'new',
    doc: 'Begin the next file when this one has reached a size, an age, or one of both: 10M, 1d, or [10M, 1d]. Units: k, M, G; min, h, d, w. A name that then stays the same (one without time escapes) goes to the new file, and the one that is done gets the time in its name. Default: never.',
  }),
  keep: row({
    yaml: 'keep',
    kind: uint(0, 1_000_000) as Kind<number | undefined>,
    def: undefined,
    since: 'new',
    doc: 'How many files that are done are kept; older ones are removed. Only files that this port has written count, which are listed in a hidden file beside them. Default: all.',
  }),
} as const;

/** What is recorded of a port, and where. */
export type RecordOptions = Values<typeof RECORD>;
