// One attachment at work: a pty for applications on one side, a connection on the other, made anew as often as it takes.
//
// The pty lives as long as the attachment. What applications write goes to the network as fast as that takes it; while there is no
// connection it is kept up to a limit, and then they wait.
// Long because what one side may do depends on what the other holds.
import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '../base/clock.ts';
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import type { Termios } from '../base/libc.ts';
import type { Queue } from '../base/serial.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { Target } from '../gensio/syntax/target.ts';
import type { AttachOptions, TargetOptions } from '../options/attach.ts';
import { type AttachEnv, type AttachmentSpec, type AttachmentState, type AttachmentView, describe } from './attachment-spec.ts';
import { awaitRfc2217 } from './await-rfc2217.ts';
import { Backoff } from './backoff.ts';
import { DeviceLink } from './device-link.ts';
import { type Line, lineOfOptions, lineOfTermios } from './line.ts';
import { PtyMaster } from './pty-master.ts';
import { FarLine } from './remote-line.ts';
import { WriteQueue } from './write-queue.ts';

/** A connection that held for so long was a good one: the waits begin anew. */
const STABLE_MS = 5000;
/** One that was taken and ended so soon was none (in use, or not for us): the next target is tried. */
const BRIEF_MS = 1000;
/** What ser2net says before it closes, when that is all it says: for the log, not for applications. */
const REFUSAL =
  /^(Port already in use|Port's device already in use|Port's device failed open|No free port found|Device open failure: [^\r\n]*)\r\n$/;
/** How long what was written last may take to go out at the end. */
const FAREWELL_MS = 2000;

/** Options that a pty gets when it is made, and those that a connection begins with; the others hold at once. */
const RIGHTS = ['user', 'group', 'mode'] as const;
const LINE = ['speed', 'flow', 'fixed', 'dtr', 'rts'] as const;

/** One attempt, and the connection it becomes. */
interface Session {
  readonly target: Target;
  readonly gensio: Gensio;
  timer: Timer | undefined;
  line: FarLine | undefined;
  open: boolean;
  since: number;
  /** Flushes whose moment has not come yet at the far end: what comes before is thrown away. */
  flushing: number;
  /** The far end has told its speed: it answers questions. */
  answers: boolean;
  /** Bytes that came. */
  heard: number;
  /** Runs until it counts as one that stays, where those before did not. */
  settled: Timer | undefined;
}

export class Attachment {
  readonly #env: AttachEnv;
  #spec: AttachmentSpec;
  readonly #link: DeviceLink;
  #pty: PtyMaster | undefined;
  #state: AttachmentState = 'stopped';
  #session: Session | undefined;
  #next = 0;
  #backoff!: Backoff;
  #queue!: WriteQueue;
  #timer: Timer | undefined;
  #leaving: Timer | undefined;
  /** What the applications set last; undefined: nothing yet. */
  #termios: Termios | undefined;
  /** The network takes no more; the pty takes no more. */
  #netFull = false;
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

  get spec(): AttachmentSpec {
    return this.#spec;
  }
  get view(): AttachmentView {
    const { name, device, targets } = this.#spec;
    return {
      name,
      device,
      slave: this.#pty?.path,
      state: this.#state,
      target: (this.#session?.target ?? targets[this.#next % targets.length])?.text ?? '',
      used: this.#pty?.used ?? false,
      bytesOut: this.#bytesOut,
      bytesIn: this.#bytesIn,
      queued: this.#queue.bytes,
      discardedOut: this.#discardedOut,
      discardedIn: this.#discardedIn,
      connections: this.#connections,
    };
  }

  /** Says in the log how it fares. */
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
    if (this.#session?.open !== true || !isDeepStrictEqual(spec.targets, before.targets) || !LINE.every(alike))
      this.reconnect('reconfigured');
    else {
      this.#prepare();
      this.#updateReading();
    }
    if (this.#pty?.used === false) this.#leaveLater();
    return true;
  }

  /** Ends the connection and makes it anew. */
  reconnect(why: string): void {
    this.#dropSession(why);
    this.#prepare();
    this.#state = 'idle';
    if (!this.#spec.options.onDemand || this.#pty?.used === true) this.#connect();
    else this.#updateReading();
  }

  /** Takes the link away, lets out what was written, and closes everything. done comes once. */
  stop(done: () => void): void {
    const session = this.#session;
    const pty = this.#pty;
    this.#timer?.cancel();
    this.#leaving?.cancel();
    this.#state = 'stopped';
    this.#session = undefined;
    this.#pty = undefined;
    this.#link.remove();
    if (this.#queue.bytes > 0) this.#say('notice', `${this.#queue.bytes} bytes were never sent`);
    // It may hold a buffer that is still going out.
    pty?.setReading(false);
    session?.timer?.cancel();
    session?.settled?.cancel();
    session?.line?.end();
    let timer: Timer | undefined;
    const finish = (): void => {
      timer?.cancel();
      pty?.close();
      done();
    };
    if (session === undefined) return finish();
    const { gensio } = session;
    gensio.up = { read: () => undefined, writable: () => undefined, closed: () => undefined };
    if (!session.open) {
      gensio.abort();
      return finish();
    }
    gensio.up.closed = finish;
    timer = this.#env.clock.after(FAREWELL_MS, () => gensio.abort());
    gensio.setReading(true);
    gensio.close();
  }

  // ---- the pty

  #makePty(): void {
    const { options } = this.#spec;
    const pty: PtyMaster = new PtyMaster(
      {
        read: (data) => this.#fromApplication(data),
        writable: () => {
          this.#ptyFull = false;
          if (this.#session?.open === true) this.#session.gensio.setReading(true);
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
    this.#say('err', `${this.#spec.device} was lost (${err.message}); it is made anew`);
    this.#pty = undefined;
    this.#remake();
  }

  /** A new pty behind the same link; tried again later when there can be none. */
  #remake(): void {
    try {
      this.#makePty();
    } catch (err) {
      this.#say('err', `${this.#spec.device} cannot be made: ${describe(fromSystemError(err))}`);
      this.#leaving?.cancel();
      this.#leaving = this.#env.clock.after(this.#spec.options.retryMax, () => this.#remake());
      return;
    }
    // The one before may have been full.
    if (this.#session?.open === true) this.#session.gensio.setReading(true);
    this.#updateReading();
  }

  #fromApplication(data: Buffer): void {
    this.#bytesOut += data.length;
    const session = this.#session;
    if (session?.open === true && this.#queue.bytes === 0) {
      if (session.gensio.write(data)) return;
      this.#netFull = true;
      this.#pty?.setReading(false);
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
    const line = this.#session?.line;
    if (line !== undefined && !this.#spec.options.fixed) line.want(this.#wantedLine(this.#session?.target));
  }

  #flushed(queue: Queue): void {
    if (queue !== 'input') this.#queue.clear();
    const session = this.#session;
    if (session?.line !== undefined) {
      session.line.purge(queue);
      // Where questions are not answered (no line behind the port) nothing would tell when to stop throwing away.
      if (queue !== 'output' && session.answers) {
        session.flushing++;
        session.line.mark(() => {
          session.flushing--;
        });
      }
    }
    this.#updateReading();
  }

  #used(used: boolean): void {
    this.#say('debug', used ? 'opened by an application' : 'closed by the last application');
    this.#leaving?.cancel();
    if (used && this.#state === 'idle') this.#connect();
    if (!used) this.#leaveLater();
    const session = this.#session;
    if (session?.open === true) session.line?.modemLines(this.#lineOptions(session.target), used);
  }

  #leaveLater(): void {
    const { onDemand, disconnectAfter } = this.#spec.options;
    this.#leaving?.cancel();
    if (onDemand && disconnectAfter > 0) this.#leaving = this.#env.clock.after(disconnectAfter, () => this.#leave());
  }
  /** Nobody has used the device for a while: no connection until somebody does. What was written goes out before. */
  #leave(): void {
    if (this.#pty?.used !== false) return;
    if (this.#queue.bytes > 0 || this.#netFull) return this.#leaveLater();
    this.#dropSession('no application has the device open');
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
    const { builder, clock } = this.#env;
    const target = targets[this.#next % targets.length]!;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#state = 'connecting';
    this.#say(this.#failures === 0 ? 'info' : 'debug', `connecting to ${target.text}`);
    let gensio: Gensio;
    try {
      gensio = builder.connector(target.spec);
    } catch (err) {
      return this.#failed(target, fromSystemError(err));
    }
    const session: Session = {
      target,
      gensio,
      timer: undefined,
      line: undefined,
      open: false,
      since: 0,
      flushing: 0,
      answers: false,
      heard: 0,
      settled: undefined,
    };
    this.#session = session;
    session.timer = clock.after(options.connectTimeout, () => this.#lost(session, new GensioError('timedout')));
    gensio.up = {
      read: (data) => this.#fromNetwork(session, data),
      writable: () => {
        if (session !== this.#session) return;
        this.#netFull = false;
        this.#updateReading();
      },
      closed: (err) => this.#lost(session, err ?? new GensioError('remclose')),
    };
    gensio.open((err) => {
      if (session !== this.#session) return;
      if (err !== undefined) this.#lost(session, err);
      else this.#agree(session);
    });
    this.#updateReading();
  }

  /** Until the far end can be asked for settings nothing is sent, so that they come before data. */
  #agree(session: Session): void {
    const { gensio, target } = session;
    session.timer?.cancel();
    if (!target.controls || gensio.serial === undefined) return this.#opened(session);
    gensio.setReading(!this.#ptyFull);
    const speed = (inForce: number): void => {
      session.answers = true;
      // What it is matters only where nobody wants another one.
      if (session === this.#session && this.#wantedLine(target).speed === undefined) this.#pty?.showSpeed(inForce);
    };
    session.timer = awaitRfc2217(gensio.serial, this.#env.clock, speed, () => {
      if (session === this.#session) this.#opened(session);
    });
  }

  #opened(session: Session): void {
    const { gensio, target } = session;
    session.open = true;
    session.since = this.#env.clock.now();
    this.#state = 'connected';
    this.#connections++;
    this.#failures = 0;
    this.#netFull = false;
    const address = gensio.address();
    const sayConnected = (): void => this.#say('notice', `connected to ${target.text}${address === '' ? '' : ` (${address})`}`);
    if (this.#brief === 0) sayConnected();
    else {
      session.settled = this.#env.clock.after(BRIEF_MS, () => {
        this.#brief = 0;
        sayConnected();
      });
    }
    if (target.controls && gensio.serial !== undefined) {
      session.line = new FarLine(
        gensio.serial,
        { speed: (inForce, asked) => this.#pty?.showSpeed(inForce, asked) },
        this.#env.log,
        this.#spec.name,
      );
      const lines = this.#lineOptions(target);
      session.line.modemLines(lines, this.#pty?.used ?? false);
      session.line.want(this.#wantedLine(target));
    }
    const kept = this.#queue.take();
    if (kept !== undefined && !gensio.write(kept)) this.#netFull = true;
    // Answers must be read even when nobody reads the data yet.
    gensio.setReading(!this.#ptyFull);
    this.#updateReading();
  }

  #fromNetwork(session: Session, data: Buffer): void {
    const pty = this.#pty;
    if (session !== this.#session || pty === undefined) return;
    this.#bytesIn += data.length;
    const first = session.heard === 0;
    session.heard += data.length;
    if (first && data.length < 200) {
      const refusal = REFUSAL.exec(data.toString('latin1'))?.[1];
      if (refusal !== undefined) {
        this.#discardedIn += data.length;
        this.#say(this.#brief === 0 ? 'warning' : 'debug', `${session.target.text} says: ${refusal}`);
        return;
      }
    }
    if (session.flushing > 0 || (this.#spec.options.discardUnread && !pty.used)) {
      this.#discardedIn += data.length;
      return;
    }
    if (pty.write(data)) return;
    this.#ptyFull = true;
    session.gensio.setReading(false);
  }

  /** An attempt that came to nothing, or a connection that ended. */
  #lost(session: Session, err: GensioError): void {
    if (session !== this.#session) return;
    const { gensio, target } = session;
    const unsent = session.open ? gensio.bufferedBytes() : 0;
    const lasted = this.#env.clock.now() - session.since;
    const { open } = session;
    this.#release(session);
    gensio.abort();
    if (!open) return this.#failed(target, err);
    this.#discardedOut += unsent;
    const lost = unsent === 0 ? '' : `; ${unsent} bytes had not been sent`;
    const brief = lasted < BRIEF_MS;
    this.#say(brief && this.#brief > 0 ? 'debug' : 'notice', `lost ${target.text}: ${describe(err)}${lost}`);
    this.#brief = brief ? this.#brief + 1 : 0;
    if (lasted >= STABLE_MS) this.#backoff.reset();
    this.#next = brief ? this.#next + 1 : 0;
    // Counts as the first of a row: from here on writes may be thrown away.
    this.#failures = 1;
    if (this.#spec.options.hangup) this.#hangUp();
    if (this.#next % this.#spec.targets.length !== 0) return this.#connect();
    this.#wait();
  }

  #failed(target: Target, err: GensioError): void {
    const { targets, options } = this.#spec;
    this.#say(this.#failures < targets.length ? 'warning' : 'debug', `cannot connect to ${target.text}: ${describe(err)}`);
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
  #dropSession(why: string): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const session = this.#session;
    if (session === undefined) return;
    const lent = this.#netFull;
    this.#release(session);
    if (session.open) this.#say('notice', `disconnected from ${session.target.text}: ${why}`);
    // What it has not sent lies in a buffer of the pty, which is needed again.
    if (session.open && !lent) {
      const limit = this.#env.clock.after(FAREWELL_MS, () => session.gensio.abort());
      session.gensio.up = { read: () => undefined, writable: () => undefined, closed: () => limit.cancel() };
      session.gensio.close();
    } else session.gensio.abort();
  }

  #release(session: Session): void {
    session.timer?.cancel();
    session.settled?.cancel();
    session.line?.end();
    this.#session = undefined;
    this.#netFull = false;
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
    if (this.#session?.open === true) pty.setReading(!this.#netFull);
    else pty.setReading(!this.#queue.full || (this.#spec.options.discard && this.#failures > 0));
  }

  #say(level: 'err' | 'warning' | 'notice' | 'info' | 'debug', text: string): void {
    this.#env.log.log(level, `${this.#spec.name}: ${text}`);
  }
}
