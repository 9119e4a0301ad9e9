// Listening sockets that outlive this process: systemd keeps copies of them (its file descriptor store) and hands them to the next one, so
// that a restart refuses nobody; or it has opened them itself (.socket units). A socket belongs to the accepter on its address.
import type { Clock } from '../base/clock.ts';
import { type Libc, SystemError } from '../base/libc.ts';
import type { KeptListeners } from '../gensio/context.ts';

/** What the store needs from outside. */
export interface ListenerStoreEnv {
  /** LISTEN_FDS: how many descriptors were handed in, from 3 on. */
  readonly count: string | undefined;
  /** LISTEN_PID: to whom. */
  readonly pid: string | undefined;
  /** LISTEN_FDNAMES: their names, with colons between them. */
  readonly names: string | undefined;
  /** This process. */
  readonly ownPid: number;
  /** For trying again when systemd is behind. */
  readonly clock: Clock;
  /** The C library; without it nothing is kept. */
  readonly libc: () => Libc | undefined;
  /** Tells systemd, with a descriptor where one is given; EAGAIN when it is behind. */
  readonly tell: (state: string, descriptor?: number) => SystemError | undefined;
}

/** The first descriptor that systemd hands in. */
const FIRST = 3;
/** Wait before what systemd had no room for is tried again, ms. */
const RETRY_MS = 20;

interface Inherited {
  readonly fd: number;
  readonly name: string;
}

/** A name as FDNAME takes it. */
const nameOf = (host: string, port: number): string => `tcp,${host.replaceAll(':', '_')},${port}`;

/** The sockets that systemd handed in, and what it is told about those to be kept. */
export class ListenerStore implements KeptListeners {
  readonly #env: ListenerStoreEnv;
  /** Handed in, and not claimed yet, by address. */
  readonly #inherited = new Map<string, Inherited>();
  /** What systemd is still to be told, by name: a descriptor to be kept, or `undefined` for one to be dropped. */
  readonly #untold = new Map<string, number | undefined>();
  #waiting = false;
  #ending = false;

  constructor(env: ListenerStoreEnv) {
    this.#env = env;
    const { count, pid, names = '', ownPid } = env;
    if (count === undefined || Number(pid) !== ownPid) return;
    const c = env.libc();
    for (let i = 0; i < Number(count); i++) {
      const at = c?.localAddress(FIRST + i);
      if (at === undefined || at instanceof SystemError) continue;
      this.#inherited.set(nameOf(at.host, at.port), { fd: FIRST + i, name: names.split(':')[i] ?? '' });
    }
  }

  take(host: string, port: number): number | undefined {
    const found = this.#inherited.get(nameOf(host, port));
    this.#inherited.delete(nameOf(host, port));
    return found?.fd;
  }

  keep(host: string, port: number, descriptor: number): void {
    this.#tell(nameOf(host, port), descriptor);
  }

  drop(host: string, port: number): void {
    if (!this.#ending) this.#tell(nameOf(host, port), undefined);
  }

  /** Every listener was tried: what was handed in and has no accepter any more is closed, here and in the store. */
  settle(): void {
    for (const { fd, name } of this.#inherited.values()) {
      this.#env.libc()?.close(fd);
      this.#tell(name, undefined);
    }
    this.#inherited.clear();
  }

  /** From now on listeners are closed because the process ends: systemd keeps its copies. */
  ending(): void {
    this.#ending = true;
  }

  /** The last word about a name counts. Descriptors are those of listeners that are open: drop() comes before they close. */
  #tell(name: string, descriptor: number | undefined): void {
    this.#untold.delete(name);
    this.#untold.set(name, descriptor);
    if (!this.#waiting) this.#flush();
  }

  #flush(): void {
    this.#waiting = false;
    for (const [name, descriptor] of this.#untold) {
      // One of that name that is there already would stay beside the new one.
      const removal = this.#env.tell(`FDSTOREREMOVE=1\nFDNAME=${name}`);
      const err = removal ?? (descriptor === undefined ? undefined : this.#env.tell(`FDSTORE=1\nFDNAME=${name}`, descriptor));
      if (err?.code === 'EAGAIN') {
        this.#waiting = true;
        this.#env.clock.after(RETRY_MS, () => this.#flush());
        return;
      }
      this.#untold.delete(name);
    }
  }
}
