// What comes in on a session, as lines or as YAML documents: echo, rubbing out, and the limit of 2048 bytes, as ser2net 4.3.11 has them.
// Knows nothing of commands. A line or a document is handed out as soon as it is complete; the rest of the input waits.
import { LINE_TOO_LONG } from './messages.ts';

/** Bytes of a line, or of a YAML document. */
const LINE_LIMIT = 2048;

const NUL = 0x00;
const BACKSPACE = 0x08;
const LF = 0x0a;
const CR = 0x0d;
const PERCENT = 0x25;
const DOT = 0x2e;
const DELETE = 0x7f;
const RUB_OUT = Buffer.from('\b \b');
const TOO_LONG = Buffer.from(LINE_TOO_LONG);
const YAML_START = Buffer.from('%YAML');

/** What is complete. */
export interface Complete {
  /** A line of text, or a document of YAML. */
  readonly is: 'line' | 'document';
  /** A line without its end; a document with the line of dots that ends it. */
  readonly bytes: Buffer;
}

/** Takes bytes from one place up to another; they are only borrowed. */
type Echo = (bytes: Buffer, from: number, to: number) => void;

/** Cuts what arrives into lines or documents, and makes the echo. */
export class InputReader {
  /** text: lines, echoed. quiet: lines, nothing echoed or rubbed out (yaml output). documents: YAML. */
  mode: 'text' | 'quiet' | 'documents' = 'text';
  readonly #buffer = Buffer.alloc(LINE_LIMIT);
  #length = 0;
  /** Off for a line that begins with a percent sign. */
  #echo = true;
  /** How much of "line end, three dots" stands at the end of the buffer. A document may begin with its dots. */
  #dots = 0;
  readonly #out: Echo;

  /** out: what is echoed. */
  constructor(out: Echo) {
    this.#out = out;
  }

  /**
   * Takes one read from `at` on. Ends early when something is complete, which `complete` is called with. Gives where it stopped.
   * A read that finds the buffer full is thrown away to its end.
   */
  feed(read: Buffer, at: number, complete: (what: Complete) => void): number {
    let plain = at;
    const flush = (to: number): void => {
      if (this.mode === 'text' && this.#echo && to > plain) this.#out(read, plain, to);
    };
    for (let i = at; i < read.length; i++) {
      if (this.#length === LINE_LIMIT) {
        flush(i);
        this.#length = 0;
        this.#dots = 0;
        this.#out(TOO_LONG, 0, TOO_LONG.length);
        return read.length;
      }
      const c = read[i]!;
      if (this.mode === 'documents') {
        this.#buffer[this.#length++] = c;
        if (!this.#endsDocument(c)) continue;
        complete({ is: 'document', bytes: this.#take() });
        return i + 1;
      }
      if (c > DELETE || (c > CR && c !== DELETE && (c !== PERCENT || this.#length > 0))) {
        this.#buffer[this.#length++] = c;
        continue;
      }
      flush(i);
      plain = i + 1;
      if (c === CR || c === LF) {
        if (this.#startsYaml()) {
          this.mode = 'documents';
          this.#buffer[this.#length++] = c;
          this.#dots = 1;
          continue;
        }
        const line = this.#take();
        this.#echo = true;
        complete({ is: 'line', bytes: line });
        return i + 1;
      }
      this.#special(c);
    }
    flush(read.length);
    return read.length;
  }

  #special(c: number): void {
    if (c === NUL) return;
    if (this.mode === 'text' && (c === BACKSPACE || c === DELETE)) {
      if (this.#length === 0) return;
      this.#length--;
      if (this.#echo) this.#out(RUB_OUT, 0, RUB_OUT.length);
      return;
    }
    if (c === PERCENT && this.#length === 0) this.#echo = false;
    this.#buffer[this.#length++] = c;
    if (this.mode === 'text' && this.#echo) this.#out(this.#buffer, this.#length - 1, this.#length);
  }

  #startsYaml(): boolean {
    return this.#length >= YAML_START.length && this.#buffer.subarray(0, YAML_START.length).equals(YAML_START);
  }
  /** A line of three dots, ended. */
  #endsDocument(c: number): boolean {
    const end = c === CR || c === LF;
    if (end && this.#dots === 4) return true;
    this.#dots = end ? 1 : c === DOT && this.#dots > 0 ? this.#dots + 1 : 0;
    return false;
  }
  #take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    this.#dots = 0;
    return bytes;
  }
}
