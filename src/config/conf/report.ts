// The problems of one line: where they are, what to do about them, and what ser2net 4.3.11 would print.
import type { Diag, DiagCode, Pos } from '../../base/diag.ts';
import { furtherOf } from '../diags.ts';
import type { Field } from './fields.ts';
import { type ConfLine, posIn } from './tree.ts';

/** What a problem may carry besides its text. classic: as in Diag, see there. */
export interface Extra {
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** What ser2net 4.3.11 prints; absent if it says nothing. */
  readonly classic?: string | undefined;
}

/** More than these are not listed for the whole file. */
const MAX_OF_A_LINE = 1000;

/** Collects the problems of one line. */
export class LineReport {
  /** The logical line. */
  readonly line: ConfLine;
  /** The file it is in, for places. */
  readonly file: string;
  /** In the order they were added. */
  readonly diags: Diag[] = [];
  /** ser2net 4.3.11 has dropped the line: what is added now it does not come to. */
  readingOn = false;
  constructor(line: ConfLine, file: string) {
    this.line = line;
    this.file = file;
  }

  /** ` on line N`, as ser2net 4.3.11 counts. */
  get onLine(): string {
    return ` on line ${this.line.classicLine}`;
  }

  /** The place of the whole line. */
  get whole(): Field {
    return { text: this.line.text, at: 0 };
  }

  /** The true place of a stretch of the line. */
  posOf(where: Field): Pos {
    return posIn(this.line, this.file, where.at, Math.max(1, where.text.length));
  }

  /** Adds a problem for which the line, or a part of it, is left out. */
  error(code: DiagCode, where: Field, text: string, extra: Extra = {}): void {
    this.#add('error', code, where, text, extra);
  }

  /** Adds a problem that changes nothing of how the line is read. */
  warning(code: DiagCode, where: Field, text: string, extra: Extra = {}): void {
    this.#add('warning', code, where, text, extra);
  }

  #add(severity: Diag['severity'], code: DiagCode, where: Field, text: string, { hint, classic }: Extra): void {
    if (this.diags.length > MAX_OF_A_LINE) return;
    const pos = this.posOf(where);
    const diag: Diag = { code, severity, pos, text, ...(hint !== undefined && { hint }), ...(classic !== undefined && { classic }) };
    this.diags.push(this.readingOn ? furtherOf(diag) : diag);
  }
}
