// Two clients that do no harm: one that echoes a byte every few milliseconds on a port of its own, one that opens another port
// again and again. What counts is the longest either of them waits.
import { connect, type Socket } from 'node:net';
import { pause } from '../limits.ts';

const EVERY_MS = 5;
const VISIT_EVERY_MS = 200;

/** A byte every 5 ms; the next one only when the last has come back. */
export class Echo {
  readonly #socket: Socket;
  #sentAt: number | undefined;
  #lastTick = performance.now();
  /** Time since the byte was sent in which this process did not run: nobody else's fault. */
  #away = 0;
  #longest = 0;
  #echoes = 0;
  #ended = false;
  readonly #timer: NodeJS.Timeout;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#ended = true;
    });
    this.#socket.on('data', () => this.#back());
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
  }
  #tick(): void {
    const now = performance.now();
    this.#away += Math.max(0, now - this.#lastTick - 2 * EVERY_MS);
    this.#lastTick = now;
    if (this.#sentAt !== undefined || this.#ended || this.#socket.connecting) return;
    this.#sentAt = now;
    this.#away = 0;
    this.#socket.write('e');
  }
  #back(): void {
    this.#longest = this.longest;
    this.#sentAt = undefined;
    this.#echoes++;
  }
  /** The longest wait so far in ms, that of the byte on its way included. */
  get longest(): number {
    return Math.max(this.#longest, this.#sentAt === undefined ? 0 : performance.now() - this.#sentAt - this.#away);
  }
  get echoes(): number {
    return this.#echoes;
  }
  /** The daemon has hung up. */
  get ended(): boolean {
    return this.#ended;
  }
  /** Nothing is on its way. */
  get served(): boolean {
    return this.#sentAt === undefined;
  }
  reset(): void {
    this.#longest = 0;
  }
  close(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }
}

/** Opens a port whose device sends back what comes, and leaves, again and again. */
export class Visits {
  #began: number | undefined;
  #longest = 0;
  #count = 0;
  #over = false;

  constructor(port: number) {
    void this.#run(port);
  }
  async #run(port: number): Promise<void> {
    while (!this.#over) {
      this.#began = performance.now();
      await this.#visit(port);
      if (this.#over) return;
      this.#longest = this.longest;
      this.#began = undefined;
      await pause(VISIT_EVERY_MS);
    }
  }
  /** Until a byte has come back; one that is turned away tries again. */
  async #visit(port: number): Promise<void> {
    for (let heard = false; !heard && !this.#over; ) {
      heard = await new Promise<boolean>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true });
        socket.on('connect', () => socket.write('v'));
        socket.on('data', (data) => {
          if (!data.includes('v')) return;
          resolve(true);
          socket.destroy();
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(false));
      });
      if (heard) this.#count++;
      else await pause(20);
    }
  }
  /** The longest time in ms from a call to the byte that comes back, that of the visit under way included. */
  get longest(): number {
    return Math.max(this.#longest, this.#began === undefined ? 0 : performance.now() - this.#began);
  }
  get count(): number {
    return this.#count;
  }
  get served(): boolean {
    return this.#began === undefined;
  }
  reset(): void {
    this.#longest = 0;
  }
  close(): void {
    this.#over = true;
  }
}
