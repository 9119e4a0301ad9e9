// Telnet commands in and out of a stream of bytes, by the rules of gensio 2.6.2. Knows no option and answers nothing.
import { DONT, IAC, SB, SE, WILL } from './names.ts';

/** A suboption is kept up to this many bytes, its option included (gensio 2.6.2); what is longer is cut there and still handed on. */
export const MAX_SUBOPTION = 29;
/** Between two IACs of data closer than this, copying byte by byte beats searching for the next. */
const NEAR = 32;
/** Up to this length room for the worst case costs less than counting. */
const SMALL = 4096;

/** Who hears what a decoder finds, in the order of the wire. */
export interface TelnetOut {
  /** User data, freed of doubled IACs: a part of what was pushed, or a copy. CR is not treated. false: no more of it now. */
  data(run: Buffer): boolean;
  /** IAC and one byte below SB: BRK, AYT, ... */
  command(code: number): void;
  /** verb is WILL, WONT, DO or DONT. */
  negotiate(verb: number, option: number): void;
  /** A finished subnegotiation, from the option byte on, 1 to 29 bytes. The buffer is borrowed until the call returns. */
  suboption(bytes: Buffer): void;
  /** An IAC inside a subnegotiation that does not end it: as much work as a command. */
  escaped?(): void;
}

/** Any cut of the input gives the same calls, except where runs of data end. What is unfinished waits without limit in time. */
export class TelnetDecoder {
  #at: 'data' | 'iac' | 'option' | 'sb-option' | 'sb' | 'sb-iac' = 'data';
  #verb = 0;
  readonly #sb = Buffer.alloc(MAX_SUBOPTION);
  #sbLength = 0;
  #go = true;

  /** Called by a hearer: what follows is to be pushed again. */
  stop(): void {
    this.#go = false;
  }

  /** Gives how much of chunk was done: all, or the part up to where data() gave false or stop() was called. The rest is to be pushed again. */
  push(chunk: Buffer, out: TelnetOut): number {
    this.#go = true;
    let i = 0;
    while (i < chunk.length && this.#go) {
      if (this.#at === 'data') i = this.#data(chunk, i, out);
      else if (this.#at === 'sb') i = this.#suboption(chunk, i);
      else this.#command(chunk, i++, out);
    }
    return i;
  }

  /** The hot path: one search, one slice. Gives the place after the run and the IAC that ends it. */
  #data(chunk: Buffer, from: number, out: TelnetOut): number {
    const iac = chunk.indexOf(IAC, from);
    if (iac < 0) {
      this.#go = out.data(from === 0 ? chunk : chunk.subarray(from));
      return chunk.length;
    }
    if (chunk[iac + 1] === IAC) return this.#doubled(chunk, from, iac, out);
    if (iac > from) this.#go = out.data(chunk.subarray(from, iac));
    this.#at = 'iac';
    return iac + 1;
  }

  /** Data with doubled IACs, the first at iac, becomes one run. Gives the place of a single IAC, or the end. */
  #doubled(chunk: Buffer, from: number, iac: number, out: TelnetOut): number {
    const run = Buffer.allocUnsafe(chunk.length - from - 1);
    let n = chunk.copy(run, 0, from, iac);
    let at = iac;
    while (at < chunk.length) {
      if (chunk[at] === IAC) {
        if (chunk[at + 1] !== IAC) break;
        run[n++] = IAC;
        at += 2;
        for (const near = Math.min(at + NEAR, chunk.length); at < near && chunk[at] !== IAC; ) run[n++] = chunk[at++]!;
      } else {
        const next = chunk.indexOf(IAC, at);
        const end = next < 0 ? chunk.length : next;
        n += chunk.copy(run, n, at, end);
        at = end;
      }
    }
    this.#go = out.data(run.subarray(0, n));
    return at;
  }

  #command(chunk: Buffer, i: number, out: TelnetOut): void {
    const c = chunk[i]!;
    switch (this.#at) {
      case 'iac':
        this.#at = c === SB ? 'sb-option' : c >= WILL && c <= DONT ? 'option' : 'data';
        this.#verb = c;
        if (c === IAC) this.#go = out.data(chunk.subarray(i, i + 1));
        else if (c < SB) out.command(c);
        break;
      case 'option':
        this.#at = 'data';
        out.negotiate(this.#verb, c);
        break;
      case 'sb-option': // taken as it is, also when it is IAC
        this.#at = 'sb';
        this.#sb[0] = c;
        this.#sbLength = 1;
        break;
      case 'sb-iac': // IAC and anything else: both are dropped
        this.#at = c === SE ? 'data' : 'sb';
        if (c === SE) out.suboption(this.#sb.subarray(0, this.#sbLength));
        else {
          if (c === IAC) this.#keep(c);
          out.escaped?.();
        }
        break;
      case 'data': // push() does these two
      case 'sb':
        break;
    }
  }

  /** The inside of a subnegotiation up to its next IAC; what no longer fits is skipped in one go. */
  #suboption(chunk: Buffer, from: number): number {
    const iac = chunk.indexOf(IAC, from);
    const end = iac < 0 ? chunk.length : iac;
    this.#sbLength += chunk.copy(this.#sb, this.#sbLength, from, end);
    if (iac < 0) return end;
    this.#at = 'sb-iac';
    return iac + 1;
  }

  #keep(c: number): void {
    if (this.#sbLength < MAX_SUBOPTION) this.#sb[this.#sbLength++] = c;
  }
}

/** Doubles each IAC. The very same buffer when it has none, which is the usual case. */
export function escapeIac(data: Buffer): Buffer {
  const first = data.indexOf(IAC);
  if (first < 0) return data;
  const { length } = data;
  const out = Buffer.allocUnsafe(length <= SMALL ? length * 2 : length + countIac(data, first));
  let n = data.copy(out, 0, 0, first);
  for (let at = first; at < length; ) {
    const near = Math.min(at + NEAR, length);
    while (at < near) {
      const c = data[at++]!;
      out[n++] = c;
      if (c === IAC) out[n++] = c;
    }
    const next = data.indexOf(IAC, at);
    const end = next < 0 ? length : next;
    if (end > at) n += data.copy(out, n, at, end);
    at = end;
  }
  return out.subarray(0, n);
}

function countIac(data: Buffer, first: number): number {
  let count = 0;
  for (let i = first; i < data.length; i++) if (data[i] === IAC) count++;
  return count;
}

/** IAC SB option value IAC SE, each IAC of the value doubled. */
export function subnegotiation(option: number, value: Uint8Array): Buffer {
  const escaped = escapeIac(Buffer.from(value.buffer, value.byteOffset, value.length));
  return Buffer.concat([Uint8Array.of(IAC, SB, option), escaped, Uint8Array.of(IAC, SE)]);
}
