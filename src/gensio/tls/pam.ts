// Passwords that PAM decides about, each in a process of its own (pam-child.ts): nothing here waits, and libpam is never loaded here.
import { type ChildProcess, spawn } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '../../base/clock.ts';
import { FairQueue } from '../../base/fair-queue.ts';
import { listenTo, onImmediate } from '../../base/fault-domain.ts';
import { MODULE_FOLDER } from '../../base/module-folder.ts';
import type { Cancel } from '../context.ts';

/** What PAM is asked: whether this user may pass with this password. */
export interface PamQuestion {
  /** The name of a file in /etc/pam.d. */
  readonly service: string;
  /** The name of the user. */
  readonly user: string;
  /** One character for each byte. */
  readonly password: string;
  /** Another folder than /etc/pam.d. */
  readonly confdir?: string | undefined;
}
/** code 0: the user may pass. */
export interface PamAnswer {
  /** How far it came; load: there is no libpam or no koffi; process: the question could not be asked, or got no answer. */
  readonly step: 'load' | 'process' | 'start' | 'authenticate' | 'account' | 'expired';
  /** A return value of PAM; -1: none. */
  readonly code: number;
  /** In PAM's own words. */
  readonly text: string;
  /** How long a refused client is to wait for its answer. */
  readonly delayMs: number;
}
/**
 * Asks PAM; `done` is called once, with the answer. `source` is who asks. Returns how to drop a question that was not asked yet; one
 * that was is answered all the same.
 */
export type AskPam = (question: PamQuestion, source: string, done: (answer: PamAnswer) => void) => Cancel;

/** Processes at once; some 40 MB each, for a tenth of a second and as long as a module takes. */
const MAX_RUNNING = 4;
/** Questions that wait for one of these. */
const MAX_WAITING = 128;
/** A module that takes longer is given up. */
const LIMIT_MS = 60_000;
/** The longest answer read: a line of text. */
const MAX_ANSWER = 4096;

const CHILD = fileURLToPath(new URL('gensio/tls/pam-child.js', MODULE_FOLDER));
const noAnswer = (text: string): PamAnswer => ({ step: 'process', code: -1, text, delayMs: 0 });

/** The answer in what a process wrote; `undefined` if that is none. */
function readAnswer(text: string): PamAnswer | undefined {
  try {
    const { step, code, text: words, delayMs } = JSON.parse(text) as PamAnswer;
    return typeof code === 'number' && Number.isFinite(delayMs) ? { step, code, text: String(words), delayMs } : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the process for one question. done is called once, later. */
function start(question: PamQuestion, clock: Clock, program: string, done: (answer: PamAnswer) => void): void {
  let child: ChildProcess;
  try {
    child = listenTo(spawn(execPath, [program], { stdio: ['pipe', 'pipe', 'ignore'], cwd: '/' }));
  } catch (err) {
    return onImmediate(() => done(noAnswer((err as Error).message)));
  }
  let out = '';
  let late = false;
  let failed: Error | undefined;
  const limit = clock.after(LIMIT_MS, () => {
    late = true;
    child.kill('SIGKILL');
  });
  child.on('error', (err) => {
    failed = err;
    if (child.pid === undefined) over();
  });
  const output = child.stdout && listenTo(child.stdout);
  output?.on('data', (data: Buffer) => {
    if (out.length < MAX_ANSWER) out += data.toString('utf8');
  });
  output?.on('error', () => undefined);
  let told = false;
  const over = (code?: number | null, signal?: string | null): void => {
    if (told) return;
    told = true;
    limit.cancel();
    if (late) return done(noAnswer(`no answer in ${LIMIT_MS / 1000} s`));
    done(readAnswer(out) ?? noAnswer(failed?.message ?? `no answer (${signal ?? `status ${code}`})`));
  };
  child.on('close', over);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify(question));
}

/** Asks with so many processes at once and no more. program: what is started, and mayWait: how many questions may wait, for tests. */
export function pamAsker(clock: Clock = systemClock, program = CHILD, mayWait = MAX_WAITING): AskPam {
  const queue = new FairQueue({
    atOnce: MAX_RUNNING,
    atOncePerSource: MAX_RUNNING - 1,
    waitingPerSource: Math.ceil(mayWait / 4),
    waiting: mayWait,
  });
  return (question, source, done) => {
    const drop = queue.run(source, (finished) => {
      start(question, clock, program, (answer) => {
        finished();
        if (answer.code === 0 || answer.delayMs === 0) done(answer);
        else clock.after(answer.delayMs, () => done(answer));
      });
    });
    if (drop === undefined) onImmediate(() => done(noAnswer('too many questions at once')));
    return drop ?? (() => undefined);
  };
}

/** The one for the whole process. */
export const askPam: AskPam = pamAsker();
