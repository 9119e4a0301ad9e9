// An application that has a device open: what a program with a serial port library does to it, in this process.

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { withSpeed } from '../../src/attach/line.ts';
import { SystemError } from '../../src/base/libc.ts';
import type { Queue } from '../../src/base/serial.ts';
import type { Termios } from '../../src/base/termios.ts';
import { LIMIT_MS, must, needLibc, until } from '../rig/pty.ts';

/** Writes as much as fits; gives how much that was. */
export function writeSome(fd: number, data: Buffer): number {
  try {
    return writeSync(fd, data);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw err;
  }
}

export class Application {
  readonly fd: number;
  #got: Buffer[] = [];
  /** What reading ended with: an end, or an error's code. */
  end: 'open' | 'end' | string = 'open';

  constructor(device: string) {
    this.fd = openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  }
  /** All of it must fit into the pty. */
  write(data: Buffer | string): void {
    writeSync(this.fd, typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }
  /** As much as fits; gives how much that was. */
  writeSome(data: Buffer): number {
    return writeSome(this.fd, data);
  }
  /** Everything that is there now, and was not taken yet. */
  peek(): Buffer {
    for (;;) {
      const data = needLibc().readNow(this.fd, 65536);
      if (data instanceof SystemError) {
        if (data.code !== 'EAGAIN') this.end = data.code;
        break;
      }
      if (data.length === 0) {
        this.end = 'end';
        break;
      }
      this.#got.push(data);
    }
    const all = Buffer.concat(this.#got);
    this.#got = [all];
    return all;
  }
  /** Waits for so many bytes and takes them. */
  async take(bytes: number, limitMs = LIMIT_MS): Promise<Buffer> {
    await until(`${bytes} bytes for the application`, () => this.peek().length >= bytes, limitMs);
    const all = this.peek();
    this.#got = [all.subarray(bytes)];
    return all.subarray(0, bytes);
  }
  /** Waits for the end of the device. */
  hungUp(): Promise<void> {
    return until('the end of the device', () => {
      this.peek();
      return this.end !== 'open';
    });
  }

  get termios(): Termios {
    return must(needLibc().getTermios(this.fd));
  }
  /** tcsetattr with TCSANOW. */
  set(change: (now: Termios) => Termios): void {
    must(needLibc().setTermios(this.fd, change(this.termios)));
  }
  setSpeed(speed: number): void {
    this.set((now) => withSpeed(now, speed));
  }
  flush(queue: Queue): void {
    must(needLibc().flush(this.fd, queue));
  }
  close(): void {
    closeSync(this.fd);
  }
}
