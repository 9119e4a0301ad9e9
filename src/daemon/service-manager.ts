// Telling systemd how we are (sd_notify): ready, reloading, stopping, alive. Does nothing when there is no NOTIFY_SOCKET.
import { spawn } from 'node:child_process';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { type Libc, libc, SystemError } from '../base/libc.ts';

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
  /** CLOCK_MONOTONIC in microseconds: what systemd compares a reload with. */
  readonly monotonicUsec: () => bigint;
}

/** Tells systemd. */
export class ServiceManager {
  readonly #env: ServiceManagerEnv;
  #timer: Timer | undefined;
  /** A reload that is overtaken by the end has no more to say. */
  #stopping = false;
  constructor(env: ServiceManagerEnv) {
    this.#env = env;
  }

  /** Everything listens. Starts the watchdog's beat. */
  ready(status: string): void {
    if (this.#stopping) return;
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
    const fd = c.connectDatagram(socket);
    if (fd instanceof SystemError) return;
    c.sendDatagram(fd, Buffer.from(state));
    c.close(fd);
  }
}

/** The service manager that started this process, if any. Takes its variables out of `env`: they are not for children. */
export function systemdManager(env: NodeJS.ProcessEnv): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUsec, WATCHDOG_PID: watchdogPid } = env;
  delete env.NOTIFY_SOCKET;
  delete env.WATCHDOG_USEC;
  delete env.WATCHDOG_PID;
  const monotonicUsec = (): bigint => process.hrtime.bigint() / 1000n;
  return new ServiceManager({ socket, watchdogUsec, watchdogPid, pid: process.pid, clock: systemClock, libc, monotonicUsec });
}
