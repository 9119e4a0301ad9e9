// The options of a recording: what a port's device says, written to files, also while nobody is connected.
import type { Kind } from './kind.ts';
import { str, uint } from './kind.ts';
import { row, type Values } from './row.ts';

/** Whose bytes are recorded. */
export type RecordDirection = 'device' | 'client';

/** When a file is done and the next one begins; `undefined`: not for that reason. */
export interface Rotation {
  /** Bytes in the file. */
  readonly size: number | undefined;
  /** Milliseconds since it was begun. */
  readonly age: number | undefined;
}

const BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const AGES: Readonly<Record<string, number>> = { min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

const bytesOf = (text: string): number | undefined => {
  const m = /^([0-9]{1,12})([kKMG]?)$/.exec(text);
  return m === null ? undefined : Number(m[1]) * BYTES[m[2]!]!;
};
/** The largest unit that leaves a whole number. */
const inUnits = (value: number, units: Readonly<Record<string, number>>): string => {
  const [unit, factor] = Object.entries(units)
    .sort(([, a], [, b]) => b - a)
    .find(([, each]) => value % each === 0)!;
  return `${value / factor}${unit}`;
};

/** A number of bytes with k, M or G for 1024, 1024^2 and 1024^3. */
export const byteSize = (min: number, max: number): Kind<number | undefined> => ({
  name: 'size',
  parse: (text) => {
    const bytes = bytesOf(text);
    return bytes === undefined || bytes < min || bytes > max
      ? { expected: `a size from ${inUnits(min, BYTES)} to ${inUnits(max, BYTES)}, such as 256k` }
      : { ok: bytes };
  },
  print: (value) => (value === undefined ? '' : inUnits(value, BYTES)),
});

/** A smaller file would hold little more than its header. */
const MIN_ROTATE = 4096;

const rotation: Kind<Rotation | undefined> = {
  name: 'size|age',
  parse: (text) => {
    let size: number | undefined;
    let age: number | undefined;
    const bad = { expected: 'a size of 4k or more such as 10M, an age such as 1d (min, h, d, w), or both: 10M,1d' };
    for (const word of text.split(/[ ,]+/)) {
      const m = /^([0-9]{1,6})(min|h|d|w)$/.exec(word);
      const bytes = bytesOf(word);
      if (m !== null && age === undefined && Number(m[1]) > 0) age = Number(m[1]) * AGES[m[2]!]!;
      else if (bytes !== undefined && bytes >= MIN_ROTATE && size === undefined) size = bytes;
      else return bad;
    }
    return { ok: { size, age } };
  },
  print: (value) =>
    [
      ...(value?.size === undefined ? [] : [inUnits(value.size, BYTES)]),
      ...(value?.age === undefined ? [] : [inUnits(value.age, AGES)]),
    ].join(','),
};

const directions: Kind<readonly RecordDirection[]> = {
  name: 'device|client',
  parse: (text) => {
    const words = text.split(/[ ,]+/);
    const known = (['device', 'client'] as const).filter((word) => words.includes(word));
    return known.length === words.length ? { ok: known } : { expected: 'device, client or both: device,client' };
  },
  print: (value) => value.join(','),
};

/** Rows of the section `record:` of a port. */
export const RECORD = {
  file: row({
    yaml: 'file',
    kind: str,
    def: undefined,
    since: 'new',
    doc: 'The file to write. Its ending says in which form: .pcapng (Wireshark, tshark), .log (text with times) or .raw (the bytes and nothing else). The last part of the name may have the escapes of trace files; \\\\N, \\\\o and literal text may stand in the folders before it.',
  }),
  directions: row({
    yaml: 'directions',
    kind: directions,
    def: ['device'],
    since: 'new',
    doc: 'What is recorded: what the device says, what clients send, or both. What clients send may have passwords in it. A .raw file has one of them.',
  }),
  rotate: row({
    yaml: 'rotate',
    kind: rotation,
    def: undefined,
    since: 'new',
    doc: 'Begin the next file when this one has reached a size, an age, or one of both: 10M, 1d, or 10M,1d. Units: k, M, G; min, h, d, w. A name that then stays the same (one without time escapes) goes to the new file, and the one that is done gets the time in its name. Default: never.',
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
