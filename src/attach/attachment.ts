// One attachment at work: a pty for applications on one side, a connection on the other, made again whenever it is lost.
//
// The pty lives as long as the attachment. What applications write goes to the network as fast as that takes it; while there is no
// connection it is kept up to a limit, and then they wait.
// Long because what one side may do depends on what the other holds.
import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '../base/clock.ts';
import { fromSystemError, type GensioError } from '../base/gensio-error.ts';
import type { Queue } from '../base/serial.ts';
import type { Termios } from '../base/termios.ts';
import type { Target } from '../gensio/syntax/target.ts';
import type { AttachOptions, TargetOptions } from '../options/attach.ts';
import { type AttachEnv, type AttachmentSpec, type AttachmentState, type AttachmentView, describe } from './attachment-spec.ts';
import { Backoff } from './backoff.ts';
import { Connection } from './connection.ts';
import { DeviceLink } from './device-link.ts';
import { type Line, lineOfOptions, lineOfTermios } from './line.ts';
import { PtyMaster } from './pty-master.ts';
import { tlsAdvice } from './tls-advice.ts';
import { WriteQueue } from './write-queue.ts';

/** A connection that held for so long was a good one: the delays start again with the first, ms. */
const STABLE_MS = 5000;
/** One that was accepted and ended so soon was none (in use, or not for us): the next target is tried, ms. */
const BRIEF_MS = 1000;
/** Options that a pty gets when it is made, and those that a connection begins with; the others hold at once. */
const RIGHTS = ['user', 'group', 'mode'] as const;
const LINE = ['speed', 'flow', 'fixed', 'dtr', 'rts'] as const;

/** A remote serial port as a local device, from start() to stop(). */
export class Attachment {
  readonly #env: AttachEnv;
  #spec: AttachmentSpec;
  readonly #link: DeviceLink;
  #pty: PtyMaster | undefined;
  #state: AttachmentState = 'stopped';
  #connection: Connection | undefined;
  /** Runs until the connection counts as one that stays, where that was in doubt. */
  #settling: Timer | undefined;
  #next = 0;
  #backoff!: Backoff;
  #queue!: WriteQueue;
  #timer: Timer | undefined;
  #leaving: Timer | undefined;
  /** What the applications set last; `undefined` if nothing yet. */
  #termios: Termios | undefined;
  /** The pty takes no more. */
  #ptyFull = false;
  #bytesOut = 0;
  #bytesIn = 0;
  #discardedOut = 0;
  #discardedIn = 0;
  #connections = 0;
  /** The first failure of a row is news, the others are not. */
  #failures = 0;
  /** Connections of a row that ended at once: only the first is news. */
  #brief = 0;

  constructor(spec: AttachmentSpec, env: AttachEnv) {
    this.#spec = spec;
    this.#env = env;
    this.#link = new DeviceLink(spec.device, env.link);
    this.#prepare();
  }

  #prepare(): void {
    const { retryTime, retryMax, queue } = this.#spec.options;
    this.#backoff = new Backoff({ first: retryTime, max: retryMax, random: this.#env.random });
    const kept = this.#queue?.take();
    this.#queue = new WriteQueue(queue);
    if (kept !== undefined) this.#queue.put(kept);
    this.#next = 0;
  }

  /** What it is now, after start() or change(). */
  get spec(): AttachmentSpec {
    return this.#spec;
  }
  /** Its state now. */
  get view(): AttachmentView {
    const { name, device, targets } = this.#spec;
    return {
      name,
      device,
      slave: this.#pty?.path,
      state: this.#state,
      target: (this.#connection?.target ?? targets[this.#next % targets.length])?.text ?? '',
      used: this.#pty?.used ?? false,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      queued: this.#queue.bytes,
      discardedOut: this.#discardedOut,
      discardedIn: this.#discardedIn,
      connections: this.#connections,
    };
  }

  /** Logs its state, for SIGUSR1. */
  report(): void {
    const { state, target, used, connections, bytesOut, bytesIn, queued, discardedOut, discardedIn } = this.view;
    const who = used ? 'in use' : 'not in use';
    this.#say(
      'notice',
      `${state} (${target}), ${who}, ${connections} connections, ${bytesOut} bytes out, ${bytesIn} bytes in, ${queued} queued, ${discardedOut + discardedIn} discarded`,
    );
  }

  /** Makes the pty and its link, and begins to connect unless that waits for an application. @throws GensioError */
  start(): void {
    this.#makePty();
    this.#state = 'idle';
    if (!this.#spec.options.onDemand) this.#connect();
    else this.#updateReading();
  }

  /** Other targets or options for the same device. false: that needs a new one. */
  change(spec: AttachmentSpec): boolean {
    const before = this.#spec;
    const alike = (key: keyof AttachOptions): boolean => isDeepStrictEqual(spec.options[key], before.options[key]);
    if (spec.device !== before.device || !RIGHTS.every(alike)) return false;
    if (this.#state === 'stopped') return false;
    this.#spec = spec;
    if (this.#connection?.isOpen !== true || !isDeepStrictEqual(spec.targets, before.targets) || !LINE.every(alike))
      this.reconnect('reconfigured');
    else {
      this.#prepare();
      this.#updateReading();
    }
    if (this.#pty?.used === false) this.#leaveLater();
    return true;
  }

  /** Ends the connection and makes another. why: for the log. */
  reconnect(why: string): void {
    this.#disconnect(why);
    this.#prepare();
    this.#state = 'idle';
    if (!this.#spec.options.onDemand || this.#pty?.used === true) this.#connect();
    else this.#updateReading();
  }

  /** Takes the link away, lets out what was written, and closes everything. done comes once. */
  stop(done: () => void): void {
    const connection = this.#connection;
    const pty = this.#pty;
    this.#timer?.cancel();
    this.#leaving?.cancel();
    this.#settling?.cancel();
    this.#state = 'stopped';
    this.#connection = undefined;
    this.#pty = undefined;
    this.#link.remove();
    if (this.#queue.bytes > 0) this.#say('notice', `${this.#queue.bytes} bytes were never sent`);
    // It may hold a buffer that is still going out.
    pty?.setReading(false);
    const finish = (): void => {
      pty?.close();
      done();
    };
    if (connection === undefined) finish();
    else connection.close(finish);
  }

  // ---- the pty

  #makePty(): void {
    const { options } = this.#spec;
    const pty: PtyMaster = new PtyMaster(
      {
        read: (data) => this.#fromApplication(data),
        writable: () => {
          this.#ptyFull = false;
          this.#connection?.setReading(true);
        },
        settings: (termios) => this.#settings(termios),
        flushed: (queue) => this.#flushed(queue),
        used: (used) => this.#used(used),
        failed: (err) => this.#ptyFailed(err),
      },
      { owner: options.user, group: options.group, mode: options.mode, line: this.#wantedLine(undefined) },
      this.#env,
    );
    try {
      this.#link.point(pty.path);
    } catch (err) {
      pty.close();
      throw err;
    }
    this.#pty = pty;
    this.#ptyFull = false;
    this.#say('notice', `${this.#spec.device} is ${pty.path}`);
  }

  #ptyFailed(err: GensioError): void {
    this.#say('err', `${this.#spec.device} was lost (${err.message}); creating it again`);
    this.#pty = undefined;
    this.#remake();
  }

  /** A new pty for the same link; tried again later if there can be none. */
  #remake(): void {
    try {
      this.#makePty();
    } catch (err) {
      this.#say('err', `cannot create ${this.#spec.device}: ${describe(fromSystemError(err))}`);
      this.#leaving?.cancel();
      this.#leaving = this.#env.clock.after(this.#spec.options.retryMax, () => this.#remake());
      return;
    }
    // The one before may have been full.
    this.#connection?.setReading(true);
    this.#updateReading();
  }

  #fromApplication(data: Buffer): void {
    this.#bytesOut += data.length;
    if (this.#connection?.isOpen === true && this.#queue.bytes === 0) {
      if (!this.#connection.write(data)) this.#pty?.setReading(false);
      return;
    }
    if (this.#spec.options.discard && this.#failures > 0) {
      this.#discardedOut += data.length;
      return;
    }
    if (!this.#queue.put(data)) this.#pty?.setReading(false);
    // It had to be noticed, but perhaps could not be.
    if (this.#state === 'idle') this.#connect();
  }

  #settings(termios: Termios): void {
    this.#termios = termios;
    if (!this.#spec.options.fixed) this.#connection?.line?.want(this.#wantedLine(this.#connection.target));
  }

  #flushed(queue: Queue): void {
    if (queue !== 'input') this.#queue.clear();
    this.#connection?.flush(queue);
    this.#updateReading();
  }

  #used(used: boolean): void {
    this.#say('debug', used ? 'opened by an application' : 'closed by the last application');
    this.#leaving?.cancel();
    if (used && this.#state === 'idle') this.#connect();
    if (!used) this.#leaveLater();
    this.#connection?.line?.modemLines(this.#lineOptions(this.#connection.target), used);
  }

  #leaveLater(): void {
    const { onDemand, disconnectAfter } = this.#spec.options;
    this.#leaving?.cancel();
    if (onDemand && disconnectAfter > 0) this.#leaving = this.#env.clock.after(disconnectAfter, () => this.#leave());
  }
  /** No application has used the device for a while: no connection until one does. What was written goes out before. */
  #leave(): void {
    if (this.#pty?.used !== false) return;
    if (this.#queue.bytes > 0 || this.#connection?.isFull === true) return this.#leaveLater();
    this.#disconnect('no application has the device open');
    this.#state = 'idle';
    this.#updateReading();
  }

  // ---- the line

  #lineOptions(target: Target): TargetOptions {
    const { speed, flow, dtr, rts } = this.#spec.options;
    const own = target.options;
    return { speed: own.speed ?? speed, flow: own.flow ?? flow, dtr: own.dtr ?? dtr, rts: own.rts ?? rts };
  }

  #wantedLine(target: Target | undefined): Line {
    const line = lineOfOptions(target === undefined ? this.#spec.options : this.#lineOptions(target));
    return this.#termios === undefined || this.#spec.options.fixed ? line : lineOfTermios(this.#termios, line);
  }

  // ---- the connection

  #connect(): void {
    const { targets, options } = this.#spec;
    const { builder } = this.#env;
    const target = targets[this.#next % targets.length]!;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#state = 'connecting';
    this.#say(this.#failures === 0 ? 'info' : 'debug', `connecting to ${target.text}`);
    let connection: Connection;
    try {
      connection = new Connection(
        target,
        builder.connector(target.spec),
        {
          opened: () => this.#opened(connection),
          read: (data) => this.#fromNetwork(data),
          writable: () => this.#updateReading(),
          dropped: (bytes, refusal) => this.#dropped(target, bytes, refusal),
          speed: (inForce, instead) => {
            // It matters only if no other one is wanted.
            if (instead !== undefined || this.#wantedLine(target).speed === undefined) this.#pty?.showSpeed(inForce, instead);
          },
          lost: (err) => this.#lost(connection, err),
        },
        this.#env,
        this.#spec.name,
        options.connectTimeout,
      );
    } catch (err) {
      return this.#failed(target, describe(fromSystemError(err)));
    }
    this.#connection = connection;
    connection.open();
    this.#updateReading();
  }

  #opened(connection: Connection): void {
    const { target, line } = connection;
    this.#state = 'connected';
    this.#connections++;
    this.#failures = 0;
    if (this.#brief === 0 && !connection.isUnproven) this.#settled(connection);
    else this.#settling = this.#env.clock.after(BRIEF_MS, () => this.#settled(connection));
    line?.modemLines(this.#lineOptions(target), this.#pty?.used ?? false);
    line?.want(this.#wantedLine(target));
    const kept = this.#queue.take();
    if (kept !== undefined) connection.write(kept);
    // Answers must be read even when no application reads the data yet.
    connection.setReading(!this.#ptyFull);
    this.#updateReading();
  }

  /** The connection is one that stays, as far as can be known. */
  #settled({ target, address }: Connection): void {
    this.#settling?.cancel();
    this.#settling = undefined;
    this.#brief = 0;
    this.#say('notice', `connected to ${target.text}${address === '' ? '' : ` (${address})`}`);
  }

  #fromNetwork(data: Buffer): void {
    const pty = this.#pty;
    // After a row of brief connections data is no proof: it may be one more refusal.
    if (this.#settling !== undefined && this.#brief === 0 && this.#connection !== undefined) this.#settled(this.#connection);
    if (pty === undefined) return;
    this.#bytesIn += data.length;
    if (this.#spec.options.discardUnread && !pty.used) this.#discardedIn += data.length;
    else if (!pty.write(data)) {
      this.#ptyFull = true;
      this.#connection?.setReading(false);
    }
  }
  #dropped(target: Target, bytes: number, refusal: string | undefined): void {
    this.#bytesIn += bytes;
    this.#discardedIn += bytes;
    if (refusal !== undefined) this.#say(this.#brief === 0 ? 'warning' : 'debug', `${target.text} says: ${refusal}`);
  }

  /** An attempt that came to nothing, or a connection that ended. */
  #lost(connection: Connection, err: GensioError): void {
    const { target, unsent, age, isOpen, isUnproven } = connection;
    const unsettled = this.#settling !== undefined;
    const proven = isOpen && !isUnproven;
    const advice = proven ? undefined : tlsAdvice(err, target, isUnproven, this.#env.optionStyle);
    const why = advice === undefined ? describe(err) : `${describe(err)}; ${advice}`;
    this.#release();
    connection.abort();
    if (!isOpen) return this.#failed(target, why);
    this.#discardedOut += unsent;
    const lost = unsent === 0 ? '' : `; ${unsent} bytes had not been sent`;
    const brief = age < BRIEF_MS;
    const what = unsettled && isUnproven ? 'cannot connect to' : 'lost';
    this.#say(brief && this.#brief > 0 ? 'debug' : 'notice', `${what} ${target.text}: ${why}${lost}`);
    this.#brief = brief ? this.#brief + 1 : 0;
    if (age >= STABLE_MS) this.#backoff.reset();
    this.#next = brief ? this.#next + 1 : 0;
    // Counts as the first of a row: from here on writes may be thrown away.
    this.#failures = 1;
    if (this.#spec.options.hangup) this.#hangUp();
    if (this.#next % this.#spec.targets.length !== 0) return this.#connect();
    this.#wait();
  }

  #failed(target: Target, why: string): void {
    const { targets, options } = this.#spec;
    this.#say(this.#failures < targets.length ? 'warning' : 'debug', `cannot connect to ${target.text}: ${why}`);
    this.#failures++;
    this.#next++;
    if (this.#next % targets.length !== 0) return this.#connect();
    if (options.hangup && this.#pty?.used === true) this.#hangUp();
    this.#wait();
  }

  #wait(): void {
    const { onDemand } = this.#spec.options;
    if (onDemand && this.#pty?.used !== true && this.#queue.bytes === 0) {
      this.#state = 'idle';
      this.#updateReading();
      return;
    }
    const ms = this.#backoff.next();
    this.#state = 'waiting';
    this.#say('debug', `next attempt in ${Math.round(ms)} ms`);
    this.#timer = this.#env.clock.after(ms, () => {
      this.#next = 0;
      this.#connect();
    });
    this.#updateReading();
  }

  /** Ends the connection for a reason of our own. */
  #disconnect(why: string): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#release();
    if (connection.isOpen) this.#say('notice', `disconnected from ${connection.target.text}: ${why}`);
    // What it has not sent lies in a buffer of the pty, which is needed again.
    if (connection.isFull) connection.abort();
    else connection.close(() => undefined);
  }

  #release(): void {
    this.#settling?.cancel();
    this.#settling = undefined;
    this.#connection = undefined;
  }

  #hangUp(): void {
    const pty = this.#pty;
    this.#discardedOut += this.#queue.bytes;
    this.#queue.clear();
    if (pty === undefined || !pty.used || pty.hangUp()) return;
    this.#pty = undefined;
    this.#ptyFull = false;
    pty.close();
    this.#remake();
  }

  /** Takes from applications what there is room for. */
  #updateReading(): void {
    const pty = this.#pty;
    if (pty === undefined) return;
    if (this.#connection?.isOpen === true) pty.setReading(!this.#connection.isFull);
    else pty.setReading(!this.#queue.full || (this.#spec.options.discard && this.#failures > 0));
  }

  #say(level: 'err' | 'warning' | 'notice' | 'info' | 'debug', text: string): void {
    this.#env.log.log(level, `${this.#spec.name}: ${text}`);
  }
}
