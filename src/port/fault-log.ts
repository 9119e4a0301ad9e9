// What failed at a port, told in full and not too often: with the system's own words, where it happened, and who is in the way.
import type { Clock } from '../base/clock.ts';
import { bind } from '../base/fault-domain.ts';
import { failureText, type GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import { bottomOf, type Stack } from '../gensio/syntax/stack.ts';
import { endpointOf } from '../gensio/syntax/stack-properties.ts';
import { withoutSecrets } from '../options/secrets.ts';
import type { LayerSpec } from '../options/stack.ts';
import { LOG } from './messages.ts';

/** What was tried. */
type Attempt = 'open' | 'listen on' | 'accept a connection on';

/** What a fault log needs from outside. */
export interface FaultEnv {
  /** For telling how long ago a failure was logged. */
  readonly clock: Clock;
  /** Where failures go. */
  readonly log: Log;
  /** Who has the device or the address of a layer, in words; `undefined` if that cannot be known. Absent where nobody can tell. */
  whoHas?(bottom: LayerSpec): Promise<string | undefined>;
}

/** What failed last, for status. */
export interface Fault {
  /** As the log has it. */
  readonly text: string;
  /** When. */
  readonly at: Date;
}

/** The same failure is told again after this time at the earliest. */
const REPEAT_MS = 600_000;
/** Reasons remembered for one port; with more the oldest is forgotten. */
const MAX_REASONS = 16;

/** Failures of one port, rotator or console. */
export class FaultLog {
  readonly #env: FaultEnv;
  readonly #name: string;
  /** When each failure was told last, and how often it came since. */
  readonly #told = new Map<string, { at: number; since: number }>();
  /** What does not work now, and how often it failed. */
  readonly #broken = new Map<Attempt, number>();
  /** The last failure, also when it works again since; `undefined` if there was none. */
  last: Fault | undefined;

  /** name: of the port, as its lines begin. */
  constructor(name: string, env: FaultEnv) {
    this.#name = name;
    this.#env = env;
  }

  /** Something failed: one line at level err, unless the same was told a short while ago. */
  failed(attempt: Attempt, stack: Stack, err: GensioError): void {
    const now = this.#env.clock.now();
    this.#broken.set(attempt, (this.#broken.get(attempt) ?? 0) + 1);
    const text = `${LOG.cannot(this.#name, attempt, endpointOf(stack))}: ${withoutSecrets(failureText(err))}`;
    this.last = { text, at: this.#env.clock.wall() };
    const before = this.#told.get(text);
    if (before !== undefined && now - before.at < REPEAT_MS) {
      before.since++;
      return;
    }
    this.#told.delete(text);
    this.#told.set(text, { at: now, since: 0 });
    if (this.#told.size > MAX_REASONS) this.#told.delete(this.#told.keys().next().value!);
    const more = before === undefined || before.since === 0 ? '' : `; ${before.since} times more since this was said`;
    const say = (who: string | undefined): void =>
      this.#env.log.log('err', `${text}${who === undefined ? '' : ` (${who} has it)`}${more}`, { port: this.#name });
    const bottom = bottomOf(stack.spec);
    if (bottom === undefined || !(err.code === 'inuse' || err.code === 'addrinuse') || this.#env.whoHas === undefined)
      return say(undefined);
    this.#env.whoHas(bottom).then(
      bind(say),
      bind(() => say(undefined)),
    );
  }

  /** Whether the last attempt of this kind failed. */
  isBroken(attempt: Attempt): boolean {
    return this.#broken.has(attempt);
  }

  /** It works: one line at level notice if it did not before. */
  works(attempt: Attempt, stack: Stack): void {
    const failures = this.#broken.get(attempt);
    if (failures === undefined) return;
    this.#broken.delete(attempt);
    this.#told.clear();
    this.#env.log.log('notice', LOG.worksAgain(this.#name, attempt, endpointOf(stack), failures), { port: this.#name });
  }
}
