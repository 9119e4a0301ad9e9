// The escape keys of a door: a short text after which the next key is a command. The keys are those of conserver.

/** What a key asks for. */
export type EscapeCommand = 'leave' | 'who' | 'take' | 'watch' | 'replay' | 'break' | 'help' | 'unknown';

const COMMANDS: Readonly<Record<string, EscapeCommand>> = {
  '.': 'leave',
  w: 'who',
  f: 'take',
  s: 'watch',
  r: 'replay',
  '?': 'help',
};

/** The keys and what they do, for people. */
export const ESCAPE_HELP: readonly (readonly [key: string, what: string])[] = [
  ['.', 'leave'],
  ['w', 'who is here'],
  ['f', 'ask for the right to write'],
  ['s', 'watch only; gives the right back'],
  ['r', 'show what was said before'],
  ['l1', 'send a break'],
  ['?', 'this list'],
];

/** A text for people: control characters as ^E. */
export const shownKeys = (keys: Buffer): string =>
  [...keys].map((c) => (c < 32 ? `^${String.fromCharCode(c + 64)}` : c === 127 ? '^?' : String.fromCharCode(c))).join('');

/** Takes the escape keys out of what one user sends. */
export class EscapeKeys {
  readonly #keys: Buffer;
  /** How many bytes of the keys were seen just now; they are held back. */
  #seen = 0;
  /**
   * - `command`: all of the keys were seen, and the next one is a command.
   * - `break`: after `l`, whose second part is a digit.
   * - `again`: the keys come a second time, which means themselves.
   */
  #state: 'data' | 'command' | 'break' | 'again' = 'data';

  /** keys: one byte at least. */
  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /**
   * Goes through what came. data() is called for what is data, command() for commands, in order. The beginning of the keys at the end is
   * held back until it is known what it is. What data() gets is only borrowed.
   */
  push(input: Buffer, data: (run: Buffer) => void, command: (command: EscapeCommand) => void): void {
    const keys = this.#keys;
    let from = 0;
    for (let i = 0; i < input.length; i++) {
      const c = input[i]!;
      if (this.#state !== 'data') {
        const done = this.#key(c);
        if (done === 'keys') data(keys);
        else if (done !== undefined) command(done);
        from = i + 1;
      } else if (c === keys[this.#seen]) {
        if (this.#seen === 0 && i > from) data(input.subarray(from, i));
        from = i + 1;
        if (++this.#seen < keys.length) continue;
        this.#seen = 0;
        this.#state = 'command';
      } else if (this.#seen > 0) {
        // It was not the keys: what was held back is data, and this byte may begin them again.
        data(keys.subarray(0, this.#seen));
        this.#seen = 0;
        from = i--;
      }
    }
    if (this.#state === 'data' && this.#seen === 0 && from < input.length) data(input.subarray(from));
  }

  /** A key after the keys. `undefined`: there is more to come. */
  #key(c: number): EscapeCommand | 'keys' | undefined {
    const keys = this.#keys;
    if (this.#state === 'command' && c === 'l'.charCodeAt(0) && c !== keys[0]) {
      this.#state = 'break';
      return undefined;
    }
    if (this.#state === 'break') {
      this.#state = 'data';
      return c >= 48 && c <= 57 ? 'break' : 'unknown';
    }
    if (c === keys[this.#seen]) {
      this.#state = 'again';
      if (++this.#seen < keys.length) return undefined;
      this.#seen = 0;
      this.#state = 'data';
      return 'keys';
    }
    const first = this.#state === 'command';
    this.#seen = 0;
    this.#state = 'data';
    return first ? (COMMANDS[String.fromCharCode(c)] ?? 'unknown') : 'unknown';
  }
}
