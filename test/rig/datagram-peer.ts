// A Unix datagram socket of another program, for tests of the layer unixdgram. Through the C library, as Node.js cannot make one.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Libc, unixAddress } from '../../src/base/libc.ts';
import { until } from '../compliance/recording-up.ts';
import { must, needLibc } from './pty.ts';

export class DatagramPeer {
  readonly path: string | undefined;
  readonly #c: Libc = needLibc();
  readonly #fd: number;
  readonly #into = Buffer.alloc(300_000);
  #open = true;

  /** path undefined: it has no name. Closed at the end of the test; the path stays. */
  constructor(t: TestContext, path: string | undefined) {
    this.path = path;
    this.#fd = must(this.#c.datagramSocket()) as number;
    if (path !== undefined) assert.equal(this.#c.bindUnix(this.#fd, unixAddress(path)), undefined);
    t.after(() => this.close());
  }
  /** Gives the name of the error, if there is one. */
  send(to: string, data: string | Buffer): string | undefined {
    return this.#c.sendTo(this.#fd, Buffer.from(data), unixAddress(to)!)?.code;
  }
  /** undefined: nothing is there. */
  take(): Buffer | undefined {
    const got = this.#c.receiveFrom(this.#fd, this.#into);
    return 'from' in got ? Buffer.from(this.#into.subarray(0, got.length)) : undefined;
  }
  /** The next message; waits for it, with a limit. */
  async next(): Promise<string> {
    let got = this.take();
    await until(() => {
      got ??= this.take();
      return got !== undefined;
    }, `a message for ${this.path}`);
    return got!.toString();
  }
  close(): void {
    if (this.#open) this.#c.close(this.#fd);
    this.#open = false;
  }
}
