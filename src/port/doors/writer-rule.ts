// Who may send to the device where only one user at a time may: the right to write, how it is taken, asked for and given back. Decides, and
// says what is to be told to whom; sends nothing.
import type { Deadline, Deadlines } from '../../base/deadlines.ts';

/** How the right changes hands when somebody else wants it. */
type Takeover = 'ask' | 'now' | 'never';

/** How long an answer may take, and how long ago a user may have sent something to count as active, ms. */
const ANSWER_MS = 15_000;
const ACTIVE_MS = 60_000;

/** What users are told, and the log. from, to: undefined for nobody. */
interface WriterEvents<U> {
  /** The right has gone from one to the other; by: who wanted that, other than the one who has it now. */
  moved(from: U | undefined, to: U | undefined, by: string | undefined): void;
  /** The holder is asked for it, and has so many seconds to answer. */
  asked(holder: U, by: U, seconds: number): void;
  /** Somebody does not get it. */
  refused(by: U, holder: U, why: 'never' | 'active' | 'kept' | 'being-asked'): void;
}

/** What the rule asks about a user. */
interface WriterFacts<U> {
  /** Whether a question can be shown to it. */
  canBeAsked(user: U): boolean;
  /** Milliseconds. */
  now(): number;
}

/** The right to write at one port. */
export class WriterRule<U> {
  readonly #events: WriterEvents<U>;
  readonly #facts: WriterFacts<U>;
  readonly #deadlines: Deadlines;
  readonly #answer: Deadline;
  #holder: U | undefined;
  /** When the holder sent something last, ms. */
  #active = 0;
  /** Who has asked for it. */
  #asking: U | undefined;

  constructor(deadlines: Deadlines, facts: WriterFacts<U>, events: WriterEvents<U>) {
    this.#deadlines = deadlines;
    this.#facts = facts;
    this.#events = events;
    this.#answer = { due: Infinity, run: () => this.#asking !== undefined && this.#move(this.#asking, undefined) };
  }

  /** Who has the right; `undefined` if nobody has it. */
  get holder(): U | undefined {
    return this.#holder;
  }

  /** A user sends something. Whether it may; where nobody has the right it has it from now on. An answer to a question is that, too. */
  sends(user: U): boolean {
    if (this.#holder === undefined) this.#move(user, undefined);
    if (this.#holder !== user) return false;
    this.#active = this.#facts.now();
    if (this.#asking !== undefined) this.#settle((by) => this.#events.refused(by, user, 'kept'));
    return true;
  }

  /** A user wants the right. */
  wants(user: U, how: Takeover): void {
    const holder = this.#holder;
    if (holder === user) return;
    if (holder === undefined || how === 'now') return this.#move(user, undefined);
    if (how === 'never') return this.#events.refused(user, holder, 'never');
    if (this.#asking !== undefined) return this.#events.refused(user, holder, 'being-asked');
    if (this.#facts.canBeAsked(holder)) {
      this.#asking = user;
      this.#deadlines.arm(this.#answer, ANSWER_MS);
      return this.#events.asked(holder, user, ANSWER_MS / 1000);
    }
    if (this.#facts.now() - this.#active < ACTIVE_MS) this.#events.refused(user, holder, 'active');
    else this.#move(user, undefined);
  }

  /** A user gives it back, or leaves: whoever has asked for it gets it. */
  releases(user: U): void {
    if (this.#asking === user) this.#settle(() => undefined);
    if (this.#holder === user) this.#move(this.#asking, undefined);
  }

  /** Gives the right to a user, or takes it away from whoever has it; by: who wants that. */
  give(to: U | undefined, by: string): void {
    if (to !== this.#holder) this.#move(to, by);
  }

  /** Nobody asks any more. */
  stop(): void {
    this.#settle(() => undefined);
  }

  #settle(tell: (by: U) => void): void {
    const asking = this.#asking;
    this.#asking = undefined;
    this.#deadlines.cancel(this.#answer);
    if (asking !== undefined) tell(asking);
  }
  #move(to: U | undefined, by: string | undefined): void {
    const from = this.#holder;
    const other = this.#asking !== to ? this.#asking : undefined;
    this.#settle(() => undefined);
    this.#holder = to;
    this.#active = this.#facts.now();
    this.#events.moved(from, to, by);
    if (other !== undefined && to !== undefined) this.#events.refused(other, to, 'kept');
  }
}
