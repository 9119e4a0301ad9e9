// A classic file as logical lines, every character kept: printing the tree gives the very same text. Knows the
// comments and continuations of the format and both ways to count lines; what a line means is not known here.
import type { Pos } from '../../base/diag.ts';

/** lost: a continuation that the end of the file cut off; ser2net 4.3.11 drops such a line without a word. */
type ConfLineKind = 'empty' | 'comment' | 'line' | 'lost';

/** A piece of one physical line inside a logical one. */
interface Piece {
  /** Where it begins in the logical text. */
  readonly at: number;
  /** From 1. */
  readonly line: number;
  /** Column of its first character, from 1. */
  readonly col: number;
}

/** One logical line: a backslash at the end of a line continues it. */
export interface ConfLine {
  /** Whether it says something. */
  readonly kind: ConfLineKind;
  /** Everything the file has for it, line ends and backslashes included. */
  readonly raw: string;
  /** The joined text without line ends: what the reader looks at. */
  readonly text: string;
  /** The number of its first physical line, from 1; 0 for a line of the command line. */
  readonly line: number;
  /** The number ser2net 4.3.11 prints for it: that of its last physical line, and one more for each time its buffer grew. */
  readonly classicLine: number;
  /** Where its text stands in the file. */
  readonly pieces: readonly Piece[];
}

/** A file, in order. */
export type ConfTree = readonly ConfLine[];

const BOM = '\ufeff';

/** How many line numbers ser2net 4.3.11 spends on physical lines: its buffer grows by 256 bytes, and each refill counts as a line. */
class ClassicCounter {
  line = 0;
  #size = 256;
  /** bytes: of the physical line, line feed included if it has one. kept: bytes of the logical line before it. */
  count(bytes: number, kept: number, ended: boolean): void {
    for (let rest = bytes, have = kept; rest > 0; ) {
      this.line++;
      const room = this.#size - have - 1;
      if (rest < room || (rest === room && ended)) return;
      this.#size += 256;
      have += room;
      rest -= room;
    }
  }
}

/** Bytes in the file; a byte that was not UTF-8 stands as a lone surrogate (see raw-text.ts) and is one. */
const byteLength = (text: string): number => Buffer.byteLength(text) - 2 * (text.match(LONE)?.length ?? 0);
const LONE = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

/** The lines of a text. Any text is a tree; nothing is an error here. */
export function readTree(text: string): ConfTree {
  const tree: ConfLine[] = [];
  const counter = new ClassicCounter();
  let raw = '';
  let joined = '';
  let pieces: Piece[] = [];
  let number = 0;
  let first = 1;
  let kept = 0;
  const end = (kind: ConfLineKind): void => {
    tree.push({ kind, raw, text: joined, line: first, classicLine: counter.line, pieces });
    raw = '';
    joined = '';
    pieces = [];
    kept = 0;
  };
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const next = feed < 0 ? text.length : feed + 1;
    const physical = text.slice(at, next);
    const bytes = byteLength(physical);
    number++;
    counter.count(bytes, kept, feed >= 0);
    let part = feed < 0 ? physical : physical.slice(0, -1);
    if (part.endsWith('\r')) part = part.slice(0, -1);
    const skip = at === 0 && part.startsWith(BOM) ? 1 : 0;
    if (skip > 0) part = part.slice(skip);
    if (raw === '') first = number;
    raw += physical;
    const comment = joined === '' && part.startsWith('#');
    const goesOn = !comment && part.endsWith('\\');
    pieces.push({ at: joined.length, line: number, col: skip + 1 });
    joined += goesOn ? part.slice(0, -1) : part;
    kept += bytes - 2;
    if (!goesOn) end(comment ? 'comment' : joined === '' ? 'empty' : 'line');
    at = next;
  }
  if (raw !== '') end('lost');
  return tree;
}

/** One line given on the command line, as ser2net -C takes it: it has no number and cannot be continued. */
export function commandLine(text: string): ConfLine {
  const kind = text.startsWith('#') ? 'comment' : text === '' ? 'empty' : text.endsWith('\\') ? 'lost' : 'line';
  return { kind, raw: text, text, line: 0, classicLine: 0, pieces: [{ at: 0, line: 0, col: 1 }] };
}

/** The true place of a stretch of the logical text. */
export function posIn(line: ConfLine, file: string, at: number, len: number): Pos {
  const { pieces } = line;
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >> 1;
    if (pieces[mid]!.at <= at) low = mid;
    else high = mid - 1;
  }
  const piece = pieces[low] ?? { at: 0, line: line.line, col: 1 };
  // Columns are characters: one of two units counts once. Far to the right nobody counts, and it would take time.
  const before = at - piece.at > 1000 ? '' : line.text.slice(piece.at, at);
  const pairs = /[\ud800-\udbff]/.test(before) ? before.length - [...before].length : 0;
  return { file, line: piece.line, col: piece.col + at - piece.at - pairs, len };
}
