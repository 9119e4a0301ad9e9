// What a person types at the terminal client: bytes for the port, and one-letter commands after the escape key. Pure.

/** Bytes for the port, or the key of a command. */
type Typed = { readonly is: 'data'; readonly data: Buffer } | { readonly is: 'command'; readonly key: string };

/** Ctrl-] */
export const DEFAULT_ESCAPE = 0x1d;

/** `^]`, `^a`, one character, or `none`. `undefined` if it is none of these. */
export function parseEscape(text: string): number | 'none' | undefined {
  if (text === 'none') return 'none';
  const control = /^(?:\^|ctrl-)([@-_a-z])$/i.exec(text)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
  return text.length === 1 && text.charCodeAt(0) < 128 ? text.charCodeAt(0) : undefined;
}

/** `Ctrl-]` or the character. */
export const escapeName = (byte: number): string => (byte < 32 ? `Ctrl-${String.fromCharCode(byte + 64)}` : String.fromCharCode(byte));

/** Tells commands from what is typed for the port. */
export class KeyReader {
  readonly #escape: number | 'none';
  #waiting = false;
  /** key: the escape key. */
  constructor(key: number | 'none') {
    this.#escape = key;
  }

  /** The first thing that was typed, and what followed it; nothing if more is needed to know. The escape key twice is that key. */
  take(input: Buffer): { readonly typed: Typed | undefined; readonly rest: Buffer } {
    const none = input.subarray(input.length);
    if (this.#escape === 'none') return { typed: { is: 'data', data: input }, rest: none };
    const first = input[0];
    if (first === undefined) return { typed: undefined, rest: none };
    if (this.#waiting) {
      this.#waiting = false;
      const rest = input.subarray(1);
      if (first === this.#escape) return { typed: { is: 'data', data: input.subarray(0, 1) }, rest };
      return { typed: { is: 'command', key: String.fromCharCode(first) }, rest };
    }
    const at = input.indexOf(this.#escape);
    if (at < 0) return { typed: { is: 'data', data: input }, rest: none };
    if (at > 0) return { typed: { is: 'data', data: input.subarray(0, at) }, rest: input.subarray(at) };
    this.#waiting = true;
    return this.take(input.subarray(1));
  }
}

/** A line typed at a prompt of the terminal client, which is in raw mode. */
/** A line typed at a prompt, with Backspace. */
export class LineEditor {
  readonly #echo: (text: string) => void;
  #line = '';
  constructor(echo: (text: string) => void) {
    this.#echo = echo;
  }

  /** The line when Enter was typed, 'cancelled' after Ctrl-C or Escape, undefined while it is typed. rest: what followed it. */
  read(input: Buffer): { readonly line: string | 'cancelled'; readonly rest: Buffer } | undefined {
    for (const [i, byte] of input.entries()) {
      const rest = input.subarray(i + 1);
      if (byte === 13 || byte === 10) {
        this.#echo('\r\n');
        return { line: this.#line.trim(), rest };
      }
      if (byte === 3 || byte === 27 || byte === 7) {
        this.#echo('\r\n');
        return { line: 'cancelled', rest };
      }
      if (byte === 8 || byte === 127) {
        if (this.#line !== '') this.#echo('\b \b');
        this.#line = this.#line.slice(0, -1);
      } else if (byte === 21) {
        this.#echo('\b \b'.repeat(this.#line.length));
        this.#line = '';
      } else if (byte >= 32 && this.#line.length < 1000) {
        const char = String.fromCharCode(byte);
        this.#line += char;
        this.#echo(char);
      }
    }
    return undefined;
  }
}
