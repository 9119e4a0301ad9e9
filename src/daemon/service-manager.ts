// Telling systemd how we are (sd_notify): ready, reloading, stopping, alive; and the sockets it keeps for us. Does nothing when there is no NOTIFY_SOCKET.
import { spawn } from 'node:child_process';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { type Libc, libc, SystemError } from '../base/libc.ts';
import type { KeptListeners } from '../gensio/context.ts';
import { ListenerStore, type ListenerStoreEnv } from './listener-store.ts';

/** What systemd passed in the environment, and how to reach it. */
export interface ServiceManagerEnv {
  /** NOTIFY_SOCKET; `@name` is abstract. */
  readonly socket: string | undefined;
  /** WATCHDOG_USEC: how long silence is allowed, in microseconds. */
  readonly watchdogUsec: string | undefined;
  /** WATCHDOG_PID: whom the watchdog watches. */
  readonly watchdogPid: string | undefined;
  /** Of this process. */
  readonly pid: number;
  /** For the watchdog. */
  readonly clock: Clock;
  /** How messages are sent; `undefined` without koffi, and then systemd-notify does it. */
  readonly libc: () => Libc | undefined;
  /** LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES: sockets that were handed in. */
  readonly handedIn: Pick<ListenerStoreEnv, 'count' | 'pid' | 'names'>;
  /** FDSTORE: how many descriptors it keeps for us; `undefined`: none. */
  readonly keeps: string | undefined;
  /** CLOCK_MONOTONIC in microseconds: what systemd compares a reload with. */
  readonly monotonicUsec: () => bigint;
}

/** Tells systemd. */
export class ServiceManager {
  readonly #env: ServiceManagerEnv;
  #timer: Timer | undefined;
  /** A reload that is overtaken by the end has no more to say. */
  #stopping = false;
  readonly #store: ListenerStore | undefined;
  constructor(env: ServiceManagerEnv) {
    this.#env = env;
    const { handedIn, keeps, pid, clock } = env;
    if (handedIn.count === undefined && !(Number(keeps) > 0)) return;
    this.#store = new ListenerStore({
      ...handedIn,
      ownPid: pid,
      clock,
      libc: env.libc,
      tell: (state, descriptor) => (Number(keeps) > 0 ? this.#send(state, descriptor) : undefined),
    });
  }

  /** Listening sockets that came from systemd or are kept there; `undefined` if none are. */
  get listeners(): KeptListeners | undefined {
    return this.#store;
  }

  /** Everything listens. Starts the watchdog's beat. */
  ready(status: string): void {
    if (this.#stopping) return;
    this.#store?.settle();
    this.#tell(`READY=1\nMAINPID=${this.#env.pid}\nSTATUS=${status}`);
    if (this.#timer === undefined) this.#beat();
  }
  /** Ends with ready(). */
  reloading(): void {
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${this.#env.monotonicUsec()}`);
  }
  /** The daemon has been told to end. */
  stopping(): void {
    this.#timer?.cancel();
    this.#store?.ending();
    this.#tell('STOPPING=1');
    this.#stopping = true;
  }

  /** At half the allowed silence, from the event loop: when that hangs, systemd shall notice. */
  #beat(): void {
    const { watchdogUsec, watchdogPid, pid, clock } = this.#env;
    const usec = Number(watchdogUsec);
    if (!(usec > 0) || (watchdogPid !== undefined && Number(watchdogPid) !== pid)) return;
    this.#timer = clock.after(usec / 2000, () => {
      this.#tell('WATCHDOG=1');
      this.#beat();
    });
  }

  #tell(state: string): void {
    const { socket, pid } = this.#env;
    if (socket === undefined || socket === '') return;
    const c = this.#env.libc();
    if (c === undefined) {
      // Needs NotifyAccess=all in the unit: the message comes from a child.
      const child = spawn('systemd-notify', [`--pid=${pid}`, ...state.split('\n')], { stdio: 'ignore' });
      child.on('error', () => undefined);
      child.unref();
      return;
    }
    this.#send(state);
  }

  #send(state: string, descriptor?: number): SystemError | undefined {
    const { socket } = this.#env;
    const c = this.#env.libc();
    const fd = socket === undefined || socket === '' ? undefined : c?.connectDatagram(socket);
    if (c === undefined || fd === undefined) return undefined;
    if (fd instanceof SystemError) return fd;
    const data = Buffer.from(state);
    const err = descriptor === undefined ? c.sendDatagram(fd, data) : c.sendDescriptor(fd, data, descriptor);
    c.close(fd);
    return err;
  }
}

/** The variables that are for this process alone. */
const VARIABLES = [...['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'FDSTORE'], ...['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']];

/** The service manager that started this process, if any. Takes its variables out of `env`: they are not for children. */
export function systemdManager(env: NodeJS.ProcessEnv): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUsec, WATCHDOG_PID: watchdogPid, FDSTORE: keeps } = env;
  const handedIn = { count: env.LISTEN_FDS, pid: env.LISTEN_PID, names: env.LISTEN_FDNAMES };
  for (const name of VARIABLES) delete env[name];
  const monotonicUsec = (): bigint => process.hrtime.bigint() / 1000n;
  return new ServiceManager({
    socket,
    watchdogUsec,
    watchdogPid,
    handedIn,
    keeps,
    pid: process.pid,
    clock: systemClock,
    libc,
    monotonicUsec,
  });
}
