// A filter that keeps what is written for a while: the base of ratelimit and chardelay. Reading passes through.
import type { GensioError } from '../base/gensio-error.ts';
import { Filter } from './gensio.ts';

/** Keeps writes in a queue that pump() empties. */
export abstract class QueuedFilter extends Filter {
  /** Written and not yet given to the child: copies, but for a first piece whose writer was told to wait. */
  protected waiting: Buffer[] = [];
  protected bytes = 0;
  /** The child said no and has not said yes since. */
  protected childFull = false;
  #full = false;
  #closing = false;
  #over = false;

  /** Something was added, or the child takes more: send what may be sent now. */
  protected abstract pump(): void;
  /** No waiting any more: closing. */
  protected abstract flushNow(): void;
  /** Timers end. */
  protected abstract stop(): void;

  protected get closing(): boolean {
    return this.#closing;
  }

  protected decode(data: Buffer): void {
    if (!this.#closing) this.up.read(data);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }

  /** Takes n bytes off the queue, as one buffer. */
  protected take(n: number): Buffer {
    const parts: Buffer[] = [];
    let left = Math.min(n, this.bytes);
    this.bytes -= left;
    while (left > 0) {
      const head = this.waiting[0]!;
      if (head.length <= left) this.waiting.shift();
      else this.waiting[0] = head.subarray(left);
      parts.push(head.subarray(0, left));
      left -= parts.at(-1)!.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }
  protected send(data: Buffer): void {
    if (!this.child.write(data)) this.childFull = true;
  }
  /** Lets a writer go on, or a close happen, once all is sent. Not to be called inside write(). */
  protected maybeFinish(): void {
    if (this.#over || this.bytes > 0) return;
    if (this.#closing) {
      this.stop();
      super.close();
    } else if (this.#full && !this.childFull) {
      this.#full = false;
      this.up.writable();
    }
  }
  /** Adds to the queue. fits: whether the writer may go on. */
  protected add(data: Buffer, fits: boolean): boolean {
    this.waiting.push(Buffer.from(data));
    this.bytes += data.length;
    this.pump();
    if (fits && !this.childFull) return true;
    if (this.bytes === 0 && !this.childFull) return true;
    this.#full = true;
    return false;
  }
  override writable(): void {
    this.childFull = false;
    if (this.#over) return;
    this.pump();
    this.maybeFinish();
  }
  override bufferedBytes(): number {
    return this.bytes + this.child.bufferedBytes();
  }
  override close(): void {
    if (this.#closing || this.#over) return;
    this.#closing = true;
    this.flushNow();
    this.maybeFinish();
  }
  override abort(): void {
    if (this.#over) return;
    this.#closing = true;
    this.stop();
    this.waiting = [];
    this.bytes = 0;
    super.abort();
  }
  override closed(err?: GensioError): void {
    this.#over = true;
    this.stop();
    this.waiting = [];
    this.bytes = 0;
    super.closed(err);
  }
  protected get isClosed(): boolean {
    return this.#closing || this.#over;
  }
}
