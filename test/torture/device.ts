// A serial device that can be pulled out and put back: a pty behind a link, raw, with a receiver on its far end.
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { ByteStream, type ByteStreamUp } from '../../src/gensio/uv-handle.ts';
import { newPty } from './pty-pair.ts';
import { Receiver, type Talk } from './talk.ts';

export class Device implements ByteStreamUp {
  /** What the daemon opens. */
  readonly link: string;
  readonly name: string;
  receiver: Receiver;
  #stream: ByteStream | undefined;
  #closeSlave: (() => void) | undefined;
  #writable: (() => void)[] = [];

  constructor(link: string, name: string) {
    this.link = link;
    this.name = name;
    this.receiver = new Receiver(`device ${name}`);
  }

  get present(): boolean {
    return this.#stream !== undefined;
  }
  /** Plugs it in; the link points to the new pty in one step. */
  plug(): void {
    const { master, path, closeSlave } = newPty();
    this.#closeSlave = closeSlave;
    this.#stream = ByteStream.ofDescriptor(master, this);
    this.#stream.setReading(true);
    symlinkSync(path, `${this.link}.new`);
    renameSync(`${this.link}.new`, this.link);
    const before = this.receiver;
    this.receiver = new Receiver(`device ${this.name}`);
    this.receiver.problem = before.problem;
  }
  /** Pulls it out: users of the slave see its end, and opening it fails. */
  pull(): void {
    rmSync(this.link, { force: true });
    this.#closeSlave?.();
    this.#stream?.destroy();
    this.#stream = undefined;
  }
  setReading(on: boolean): void {
    this.#stream?.setReading(on);
  }
  /** Sends bytes; resolves when the kernel has them, or when the device is pulled. */
  async write(data: Buffer): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined || stream.write(Buffer.from(data))) return;
    await new Promise<void>((resolve) => this.#writable.push(resolve));
  }
  /** Says so much more of a talk, its header first. */
  async say(talk: Talk, length: number): Promise<void> {
    await this.write(talk.sent === 0 ? talk.header : talk.resumption);
    for (let left = length; left > 0 && this.present; left -= 16384) await this.write(talk.next(Math.min(left, 16384)));
  }

  read(data: Buffer): void {
    this.receiver.feed(Buffer.from(data));
  }
  writable(): void {
    for (const run of this.#writable.splice(0)) run();
  }
  ended(): void {}
  gone(): void {
    this.writable();
  }
}
