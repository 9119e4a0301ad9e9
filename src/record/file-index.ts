// The list of the files that one port's recording wrote, kept beside them: what "keep" counts and removes, and nothing else.
import { rename } from 'node:fs';
import { promisify } from 'node:util';
import { readSmallFileLater, writeSmallFileLater } from '../base/safe-file.ts';

const move = promisify(rename);
const readSmall = promisify(readSmallFileLater);

/** One file of the list. */
export interface IndexEntry {
  /** Its name in the folder. */
  readonly name: string;
  /** When it was begun, milliseconds since 1970. */
  readonly begun: number;
}

/** Entries that are kept; of more, the oldest are forgotten, and with them their files are left alone. */
const MAX_ENTRIES = 20_000;
const MAX_BYTES = 8 << 20;

/** A name that stays in its folder, and is no list. */
const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[^/\x00-\x1f]+$/.test(name) && name !== '.' && name !== '..' && !name.endsWith('.index');

/** The entries of a list: lines with a number, a space and a name. What is no such line is left out. */
export function parseIndex(text: string): IndexEntry[] {
  const found: IndexEntry[] = [];
  for (const line of text.split('\n')) {
    const m = /^([0-9]{1,15}) (.+)$/.exec(line);
    if (m !== null && isName(m[2])) found.push({ begun: Number(m[1]), name: m[2] });
  }
  return found;
}

/** The list as text. */
export const printIndex = (entries: readonly IndexEntry[]): string =>
  entries
    .slice(-MAX_ENTRIES)
    .map(({ name, begun }) => `${begun} ${name}\n`)
    .join('');

/** Reads a list; none where there is no file. @throws what the system says, or an UnsafeFileError */
export async function readIndex(path: string): Promise<IndexEntry[]> {
  try {
    return parseIndex((await readSmall(path, { maxBytes: MAX_BYTES }))!.toString('utf8'));
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw err;
  }
}

/** Replaces a list as a whole. @throws what the system says, or an UnsafeFileError */
export async function writeIndex(path: string, entries: readonly IndexEntry[]): Promise<void> {
  const beside = `${path}.new`;
  await promisify(writeSmallFileLater)(beside, 'replace', printIndex(entries));
  await move(beside, path);
}
