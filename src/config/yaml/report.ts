// The problems of one YAML file: where they are for people, and the line ser2net 4.3.11 prints, whose place is where it noticed.
import type { Diag, DiagCode, Pos } from '../../base/diag.ts';
import { partIn } from '../../gensio/syntax/gensio-str.ts';
import type { Stack } from '../../gensio/syntax/stack.ts';
import type { Diags } from '../diags.ts';
import type { Mistake } from './libyaml/syntax.ts';
import type { YamlTree } from './libyaml/tree.ts';

/** A stretch of the text. */
export interface Span {
  /** Offset at which it begins. */
  readonly at: number;
  /** Offset after it. */
  readonly end: number;
}

interface ProblemExtra {
  readonly hint?: string | undefined;
  /** What 4.3.11 prints, without the place. */
  readonly classic?: string | undefined;
  /** 4.3.11 prints it without the place. */
  readonly bare?: boolean;
}

/** Adds problems, with their places. */
export class Report {
  /** For places. */
  readonly file: string;
  /** What offsets count in. */
  readonly tree: YamlTree;
  readonly #diags: Diags;
  /** Where the event is that is being handled: what 4.3.11 names as the place. */
  eventAt = 0;

  constructor(file: string, tree: YamlTree, diags: Diags) {
    this.file = file;
    this.tree = tree;
    this.#diags = diags;
  }

  /** From here on only `check` wants to know: see Diags. */
  get readingOn(): boolean {
    return this.#diags.readingOn;
  }
  set readingOn(on: boolean) {
    this.#diags.readingOn = on;
  }

  /** The line of the event being handled, from 0. */
  get eventLine(): number {
    return this.tree.place(this.eventAt).line - 1;
  }

  /** What 4.3.11 puts before a message now. */
  get place(): string {
    const { line, col } = this.tree.place(this.eventAt);
    return `${this.file}:${line - 1}(column ${col - 1}): `;
  }

  /** The place of a stretch, cut at the end of its line. */
  pos({ at, end }: Span): Pos {
    const { line, col } = this.tree.place(at);
    const eol = this.tree.text.indexOf('\n', at);
    const to = Math.min(Math.max(end, at), eol < 0 ? this.tree.text.length : eol);
    return { file: this.file, line, col, len: Math.max(to - at, 0) };
  }

  /** The piece of a stack that is wrong, in the stretch that holds it all. */
  within({ at, end }: Span, stack: Stack): Span {
    const from = partIn(this.tree.text.slice(at, end), stack);
    return from < 0 ? { at, end } : { at: at + from, end: at + from + stack.part!.length };
  }

  /** Adds a problem for which something is left out. */
  error(code: DiagCode, span: Span, text: string, extra: ProblemExtra): void {
    this.#add('error', code, span, text, extra);
  }
  /** Adds a problem that changes nothing of what is read. */
  warning(code: DiagCode, span: Span, text: string, extra: ProblemExtra = {}): void {
    this.#add('warning', code, span, text, extra);
  }

  /** A mistake in YAML itself. 4.3.11 prints 0 for its place; later versions print where it is, as here. Without `classic`: what 4.3.11 has not. */
  syntax({ at, text, hint, classic }: Omit<Mistake, 'classic'> & { readonly classic: string | undefined }): void {
    this.eventAt = at;
    this.error('syntax', { at, end: at + 1 }, text, { hint, classic });
  }

  #add(severity: Diag['severity'], code: DiagCode, span: Span, text: string, { hint, classic, bare }: ProblemExtra): void {
    const place = bare === true ? '' : this.place;
    this.#diags.add({
      code,
      severity,
      pos: this.pos(span),
      text,
      ...(hint !== undefined && { hint }),
      ...(classic !== undefined && { classic: place + classic, placed: bare !== true }),
    });
  }
}
