// faultshim.c from the side of the test: built where there is a compiler, and told what is to fail.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

/** The calls that can fail, in the order of the shim. */
export const OPS = ['open', 'read', 'write', 'ioctl', 'accept', 'fsync', 'link'] as const;
export type Op = (typeof OPS)[number];
/** short: the call does one byte of what was asked. */
export type Failure = 'short' | 'EIO' | 'EAGAIN' | 'EINTR' | 'ENOSPC' | 'EMFILE' | 'ENODEV' | 'ECONNRESET' | 'EACCES';

export interface Fault {
  readonly op: Op;
  /** Which call from now on, from 1. */
  readonly nth: number;
  readonly failure: Failure;
}

const SOURCE = join(import.meta.dirname, '../../../test/faults/faultshim.c');
const WORD_SIZE = 208;
const SLOW_WORD_SIZE = 56;
const SEEN = 16;
const WORD = SEEN + OPS.length * 4 + 4;
const SLOW = WORD + WORD_SIZE;
const SIZE = SLOW + 8 + SLOW_WORD_SIZE;

/** Builds the library in a directory; why not, when that cannot be. */
export function buildShim(dir: string): { readonly library: string } | { readonly why: string } {
  if (!existsSync(SOURCE)) return { why: 'the source of the shim is not there' };
  const library = join(dir, 'faultshim.so');
  const cc = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, SOURCE, '-ldl'], { encoding: 'utf8' });
  if (cc.error !== undefined) return { why: 'no C compiler is installed' };
  return cc.status === 0 ? { library } : { why: `the shim cannot be built here: ${cc.stderr}` };
}

/** The file both sides map. */
export class Shim {
  readonly path: string;
  readonly #fd: number;
  /** word: what is in the paths of files that count. */
  constructor(path: string, word: string) {
    this.path = path;
    const all = Buffer.alloc(SIZE);
    all.write(word, WORD, 207, 'latin1');
    writeFileSync(path, all);
    this.#fd = openSync(path, 'r+');
  }
  #write(values: readonly number[]): void {
    const data = Buffer.alloc(values.length * 4);
    for (const [i, value] of values.entries()) data.writeInt32LE(value, i * 4);
    writeSync(this.#fd, data, 0, data.length, 0);
  }
  arm({ op, nth, failure }: Fault): void {
    // The countdown last: it is what makes the rest count.
    this.#write([OPS.indexOf(op), 0, failure === 'short' ? 0 : constants.errno[failure], 0]);
    const count = Buffer.alloc(4);
    count.writeInt32LE(nth);
    writeSync(this.#fd, count, 0, 4, 4);
  }
  disarm(): void {
    this.#write([0, 0, 0]);
  }
  #u32(at: number): number {
    const data = Buffer.alloc(4);
    readSync(this.#fd, data, 0, 4, at);
    return data.readUInt32LE();
  }
  /** From now on each of these calls takes so many ms on devices that are opened by a path with the word in it. */
  slow(word: string, calls: readonly ('open' | 'ioctl' | 'close')[], ms: number): void {
    const values = Buffer.alloc(8 + SLOW_WORD_SIZE);
    const bits = calls.map((call) => (call === 'close' ? OPS.length : OPS.indexOf(call)));
    values.writeUInt32LE(
      bits.reduce((sum, bit) => sum | (1 << bit), 0),
      0,
    );
    values.writeUInt32LE(ms * 1000, 4);
    values.write(word, 8, SLOW_WORD_SIZE - 1, 'latin1');
    writeSync(this.#fd, values, 0, values.length, SLOW);
  }
  /** Whether the call that was armed has failed. */
  get fired(): boolean {
    return this.#u32(12) > 0;
  }
  /** Calls counted since the start of the process. */
  seen(op: Op): number {
    return this.#u32(SEEN + OPS.indexOf(op) * 4);
  }
  close(): void {
    closeSync(this.#fd);
  }
}
