// The messages of gensio's certauth, version 4: a kind, elements of a number, a length and data, and an end.

/** The kinds of message, by number. */
export const MESSAGE = { clientHello: 1, serverHello: 2, challengeResponse: 3, passwordRequest: 4, password: 5, serverDone: 6 } as const;
/** The kinds of element in a message, by number. */
export const ELEMENT = {
  version: 100,
  username: 101,
  options: 102,
  challenge: 103,
  response: 104,
  certificate: 105,
  result: 106,
  service: 107,
  password: 108,
  dummy: 109,
  passwordType: 110,
  twofa: 111,
  aux: 112,
} as const;
const END = 200;
/** Biggest element taken: a certificate is a tenth of it. */
const MAX_ELEMENT = 16_384;
const MAX_MESSAGE = 49_152;

/** Values of the element `result`. */
export const RESULT = { success: 1, failure: 2 } as const;
/** Values of the element `passwordType`: a password is wanted, a dummy to hide that none is, a second factor. */
export const PASSWORD_TYPE = { wanted: 1, dummy: 2, twofa: 256 } as const;
/** Passwords travel in this many bytes, whatever their length. */
export const PASSWORD_BYTES = 100;

/** Elements by number. */
export interface Message {
  /** One of MESSAGE. */
  readonly kind: number;
  /** The data of each element, by number. */
  readonly elements: ReadonlyMap<number, Buffer>;
}

/** Any cut of the input gives the same messages. */
export class CertauthDecoder {
  #kind = 0;
  #element = 0;
  #lengthBytes = 0;
  #length = 0;
  #data: Buffer[] = [];
  #have = 0;
  #total = 0;
  #elements = new Map<number, Buffer>();

  /**
   * Reads up to the end of the next message, the one expected. Gives it, or what is wrong, or nothing yet; and what of the
   * chunk was not looked at.
   */
  next(chunk: Buffer, expected: readonly number[]): { readonly message?: Message; readonly problem?: string; readonly rest: Buffer } {
    for (let i = 0; i < chunk.length; ) {
      const byte = chunk[i]!;
      if (this.#kind === 0) {
        i++;
        if (byte > MESSAGE.serverDone) return { problem: `Invalid message type: ${byte}`, rest: chunk.subarray(i) };
        if (!expected.includes(byte)) return { problem: `Expected message type ${expected[0]}, got ${byte}`, rest: chunk.subarray(i) };
        this.#kind = byte;
      } else if (this.#element === 0) {
        i++;
        if (byte === END) {
          const message = { kind: this.#kind, elements: this.#elements };
          this.#kind = 0;
          this.#total = 0;
          this.#elements = new Map();
          return { message, rest: chunk.subarray(i) };
        }
        if (byte < ELEMENT.version || byte > ELEMENT.aux) return { problem: `Invalid message element: ${byte}`, rest: chunk.subarray(i) };
        this.#element = byte;
        this.#lengthBytes = 0;
        this.#length = 0;
      } else if (this.#lengthBytes < 2) {
        i++;
        this.#length = (this.#length << 8) | byte;
        if (++this.#lengthBytes < 2) continue;
        this.#total += this.#length;
        if (this.#length === 0 || this.#length > MAX_ELEMENT || this.#total > MAX_MESSAGE) {
          return { problem: `Element type ${this.#element} was too large: ${this.#length}`, rest: chunk.subarray(i) };
        }
      } else {
        const part = chunk.subarray(i, i + this.#length - this.#have);
        i += part.length;
        this.#have += part.length;
        this.#data.push(Buffer.from(part));
        if (this.#have < this.#length) continue;
        // What only fills a message up may come twice.
        if (this.#element !== ELEMENT.dummy && this.#elements.has(this.#element))
          return { problem: `Element type ${this.#element} received when already set`, rest: chunk.subarray(i) };
        this.#elements.set(this.#element, Buffer.concat(this.#data));
        this.#element = 0;
        this.#have = 0;
        this.#data = [];
      }
    }
    return { rest: Buffer.alloc(0) };
  }
}

/** A message; elements without data are left out. */
export function encodeCertauth(kind: number, elements: readonly (readonly [number, Buffer])[]): Buffer {
  const parts: Buffer[] = [Buffer.from([kind])];
  for (const [number, data] of elements) {
    if (data.length > 0) parts.push(Buffer.from([number, data.length >> 8, data.length & 0xff]), data);
  }
  parts.push(Buffer.from([END]));
  return Buffer.concat(parts);
}

/** A number of two bytes, most significant first. */
export const number16 = (n: number): Buffer => Buffer.from([n >> 8, n & 0xff]);
/** The number of an element of two bytes; undefined when there is none or it has another length. */
export const numberOf = (message: Message, element: number): number | undefined => {
  const data = message.elements.get(element);
  return data?.length === 2 ? data.readUInt16BE(0) : undefined;
};
