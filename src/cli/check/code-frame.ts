// The line a problem is in, with a mark below its place, at most as wide as a terminal; from the text that was read.
import { type Diag, formatDiag } from '../../base/diag.ts';
import { decodeFile } from '../../base/raw-text.ts';

/** Columns of a shown line, what stands before it included. */
const WIDTH = 80;
const BEFORE = '  | ';
const ROOM = WIDTH - BEFORE.length;
const CUT = '...';
/** Characters before and after the place that are looked at: the rest of a long line does not matter. */
const NEAR = 400;

/** What stands in two columns, and in none. */
const WIDE = /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|^\p{Extended_Pictographic}/u;
const NARROW = /^[\p{Mn}\p{Me}\u200b-\u200f]$/u;
const HIDDEN = /^[\p{Cc}\p{Cs}\u2028\u2029\ufeff]$/u;

/** The lines of the texts problems point into: kept as they were read, cut into lines when a problem needs one. */
export class SourceLines {
  readonly #texts = new Map<string, { readonly bytes: Buffer; readonly classic: boolean }>();
  readonly #lines = new Map<string, readonly string[]>();

  /** classic: only a line feed ends a line. */
  add(file: string, bytes: Buffer, classic: boolean): void {
    this.#texts.set(file, { bytes, classic });
    this.#lines.delete(file);
  }

  /** line counts from 1. */
  line(file: string, line: number): string | undefined {
    let lines = this.#lines.get(file);
    const source = this.#texts.get(file);
    if (lines === undefined && source !== undefined) {
      lines = decodeFile(source.bytes)
        .replace(/^\ufeff/, source.classic ? '\ufeff' : '')
        .split(source.classic ? /\r?\n/ : /\r\n?|[\n\x85\u2028\u2029]/);
      this.#lines.set(file, lines);
    }
    return lines?.[line - 1];
  }
}

/** A character as it is shown at a column: itself, spaces for a tab, `?` for what has no form. */
function shownAs(char: string, column: number): { readonly text: string; readonly width: number } {
  if (char === '\t') return { text: ' '.repeat(8 - (column % 8)), width: 8 - (column % 8) };
  if (HIDDEN.test(char)) return { text: '?', width: 1 };
  return { text: char, width: WIDE.test(char) ? 2 : NARROW.test(char) ? 0 : 1 };
}

/** A line and its mark below, without what stands before them. col counts from 1, len in characters; one is marked at least. */
export function markedLine(line: string, col: number, len: number): readonly [line: string, mark: string] {
  const from = col > NEAR * 2 ? col - NEAR : 0;
  const chars = [...line.slice(from, from + NEAR * 4)];
  const first = col - 1 - from;
  const cells: { readonly text: string; readonly at: number; readonly width: number }[] = [];
  let column = 0;
  let start = 0;
  let end = 0;
  for (const [i, char] of chars.entries()) {
    const { text, width } = shownAs(char, column);
    cells.push({ text, at: column, width });
    if (i < first) start = column + width;
    if (i < first + Math.max(1, len)) end = column + width;
    column += width;
  }
  if (first >= chars.length) [start, end] = [column, column + 1];
  end = Math.max(end, start + 1);
  // Spaces before what is meant are not marked.
  start = cells.find(({ text, at }) => at >= start && at < end && text.trim() !== '')?.at ?? start;
  // The place stands in the first two thirds of what is shown, and all of the line is shown when it fits.
  const left = column <= ROOM && from === 0 ? 0 : Math.max(0, Math.min(start - 20, end - ROOM + 20));
  const cutLeft = left > 0 || from > 0;
  const cutRight = column - left > ROOM || line.length > from + NEAR * 4;
  const lo = left + (cutLeft ? CUT.length : 0);
  const hi = left + ROOM - (cutRight ? CUT.length : 0);
  const shown = cells.filter(({ at, width }) => at >= lo && at + width <= hi);
  const pad = ' '.repeat(Math.max(0, (shown[0]?.at ?? lo) - lo));
  const text = (cutLeft ? CUT : '') + pad + shown.map((cell) => cell.text).join('') + (cutRight ? CUT : '');
  const marks = '^'.repeat(Math.max(1, Math.min(end, hi) - Math.max(start, lo)));
  return [text.trimEnd(), ' '.repeat(Math.max(0, Math.max(start, lo) - left)) + marks];
}

/** The problem as people read it, then the line it is in, as far as that is known. */
export function withCodeFrame(diag: Diag, lines: SourceLines): string {
  const { file, line, col, len } = diag.pos;
  const text = line > 0 && col > 0 ? lines.line(file, line) : undefined;
  if (text === undefined || col > text.length + 1) return formatDiag(diag);
  const [first, ...rest] = formatDiag(diag).split('\n');
  const [shown, mark] = markedLine(text, col, len);
  return [first, BEFORE + shown, BEFORE + mark, ...rest].join('\n');
}
