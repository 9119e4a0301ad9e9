// Cuts a logical line into fields the way ser2net 4.3.11 does, and keeps where each one stood.

/** A stretch of a logical line. */
export interface Field {
  /** Without the colons around it. */
  readonly text: string;
  /** Where it begins in the logical line. */
  readonly at: number;
}

/** Takes fields off a line from the left. Runs of colons count as one, so that an empty field cannot be written. */
export class Fields {
  readonly #text: string;
  #at: number;
  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  /** Where the next field would begin. */
  get at(): number {
    return this.#at;
  }

  /** The next field, up to a colon; undefined when nothing but colons is left. */
  next(): Field | undefined {
    let from = this.#at;
    while (this.#text[from] === ':') from++;
    if (from >= this.#text.length) {
      this.#at = from;
      return undefined;
    }
    const colon = this.#text.indexOf(':', from);
    const to = colon < 0 ? this.#text.length : colon;
    this.#at = colon < 0 ? to : to + 1;
    return { text: this.#text.slice(from, to), at: from };
  }

  /** All the rest, colons included; undefined when there is none. */
  rest(): Field | undefined {
    const from = this.#at;
    this.#at = this.#text.length;
    return from >= this.#text.length ? undefined : { text: this.#text.slice(from), at: from };
  }
}
