// A run: lanes of random steps against one daemon, with sessions beside them that nothing must disturb, and a look, every some
// rounds, at whether everything the daemon took was given back.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { generateCertificate } from '../../src/cli/certificate.ts';
import { ACTIONS, DECK, type Whole } from './actions.ts';
import { Lane, type Session } from './lane.ts';
import { pause, until } from './limits.ts';
import { Random } from './random.ts';
import { freePorts, Subject } from './subject.ts';

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  /** At most so many rounds. */
  readonly rounds?: number;
  readonly lanes?: number;
  /** Only this action, and those it needs. */
  readonly only?: string;
  readonly say: (line: string) => void;
}

export interface Sample {
  readonly heap: number;
  readonly external: number;
  readonly rss: number;
  readonly timers: number;
  readonly descriptors: number;
}
export interface Outcome {
  readonly rounds: number;
  readonly steps: number;
  readonly samples: readonly Sample[];
}

/** Rounds between two looks at what the daemon holds. */
const LOOK_EVERY = 15;
/** Timers may differ by those that run now and then. */
const TIMER_SLACK = 3;
const MB = 1024 * 1024;
/** The look at a daemon that has nothing to do, and what may run in that time: timers, the collector of garbage. */
const [REST_MS, REST_CPU_MS] = [500, 50];

const total = (kinds: ReadonlyMap<string, number>): number => [...kinds.values()].reduce((a, b) => a + b, 0);

class Run {
  readonly #options: RunOptions;
  readonly #subject = new Subject({ words: ['-l'] });
  readonly #lanes: Lane[] = [];
  /** Nobody touches these. */
  readonly #witnesses: { readonly lane: Lane; readonly sessions: Session[] }[] = [];
  readonly #samples: Sample[] = [];
  readonly #log: string[] = [];
  #adminPort = 0;
  #mark = 0;
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  async run(): Promise<Outcome> {
    const { seed, seconds, rounds = Infinity, say } = this.#options;
    let round = 0;
    let steps = 0;
    try {
      await this.#start();
      const end = performance.now() + seconds * 1000;
      let told = performance.now();
      for (; performance.now() < end && round < rounds; round++) {
        await this.#round(round);
        steps += this.#lanes.length;
        if (round % LOOK_EVERY === LOOK_EVERY - 1) await this.#look();
        if (performance.now() - told > 10_000) {
          told = performance.now();
          const last = this.#samples.at(-1);
          say(
            `${steps} steps, ${last === undefined ? '' : `heap ${(last.heap / MB).toFixed(1)} MB, rss ${(last.rss / MB).toFixed(0)} MB, ${last.descriptors} descriptors, ${last.timers} timers`}`,
          );
        }
      }
      await this.#look();
      this.#trend();
      await this.#rests();
      await this.#end();
    } catch (err) {
      say(this.#log.slice(-12).join('\n'));
      say(`the daemon's last words:\n${this.#subject.said.slice(-1500)}`);
      const problem = this.#subject.problem();
      throw new Error(`seed ${seed} round ${round} ${problem === undefined ? '' : `${problem}\n`}${(err as Error).stack ?? String(err)}`);
    } finally {
      for (const lane of this.#all()) lane.close();
      this.#subject.remove();
    }
    return { rounds: round, steps, samples: this.#samples };
  }

  #all(): readonly Lane[] {
    return [...this.#lanes, ...this.#witnesses.map((w) => w.lane)];
  }

  async #start(): Promise<void> {
    const { lanes = 3 } = this.#options;
    const subject = this.#subject;
    const { key, cert } = generateCertificate({ use: 'server', commonName: 'torture', now: new Date(), days: 2 });
    const certificate = { key: subject.path('key.pem'), cert: subject.path('cert.pem') };
    writeFileSync(certificate.key, key, { mode: 0o600 });
    writeFileSync(certificate.cert, cert);
    for (let tries = 0; ; tries++) {
      const base = await freePorts((lanes + 1) * Lane.PLACES + 1);
      this.#adminPort = base;
      const place = (i: number): number => base + 1 + i * Lane.PLACES;
      for (let i = 0; i < lanes; i++) this.#lanes.push(new Lane(i, subject, place(i), certificate));
      this.#witnesses.push({ lane: new Lane(lanes, subject, place(lanes), certificate), sessions: [] });
      subject.configure(this.#text());
      await subject.start();
      if (!subject.said.includes('already in use') || tries > 5) break;
      // Somebody was faster.
      await subject.stop();
      for (const lane of this.#all()) lane.close();
      this.#lanes.length = 0;
      this.#witnesses.length = 0;
    }
    for (const { lane, sessions } of this.#witnesses) {
      for (const port of lane.ports) sessions.push(await lane.join(port));
    }
  }

  #text(): string {
    const mark = `connection: &mark${this.#mark}\n  accepter: unix,${this.#subject.path(`mark${this.#mark}`)}\n  connector: echo`;
    return [
      '%YAML 1.1\n---',
      `admin:\n  accepter: tcp,127.0.0.1,${this.#adminPort}`,
      ...this.#all().map((lane) => lane.text()),
      mark,
      '',
    ].join('\n\n');
  }

  /** One at a time; in force when the socket that stands for it takes a connection. */
  #reload(): Promise<void> {
    const next = this.#reloading.then(async () => {
      this.#mark++;
      const path = this.#subject.path(`mark${this.#mark}`);
      this.#subject.configure(this.#text());
      this.#subject.kill('SIGHUP');
      const look = (): Promise<boolean> =>
        new Promise((resolve) => {
          const socket = connect(path);
          socket.on('connect', () => resolve(true));
          socket.on('error', () => resolve(false));
          socket.on('connect', () => socket.destroy());
        });
      await until(() => `the reload to be in force: ${this.#subject.said.slice(-500)}`, look);
    });
    this.#reloading = next.catch(() => undefined);
    return next;
  }

  async #round(round: number): Promise<void> {
    const { seed, only } = this.#options;
    const whole: Whole = { adminPort: this.#adminPort, reload: () => this.#reload() };
    const told = (who: string, done: Promise<void>): Promise<void> =>
      done.catch((err: Error) => {
        throw new Error(`${who}: ${err.stack ?? String(err)}`);
      });
    const steps = this.#lanes.map(async (lane, i) => {
      const random = new Random(seed, round, i);
      const name = only !== undefined && random.chance(70) ? only : random.pick(DECK);
      const at = this.#log.push(`round ${round} lane ${i}: ${name}`) - 1;
      const before = performance.now();
      await told(`lane ${i} ${name}`, ACTIONS[name]!.run(lane, random, whole));
      this.#log[at] += ` (${(performance.now() - before).toFixed(0)} ms, ${lane.sessions.length} sessions)`;
    });
    const random = new Random(seed, round, 255);
    const witnessed = this.#witnesses.flatMap(({ lane, sessions }) =>
      sessions.map((session) =>
        told(`witness of ${session.port.name}`, lane.exchange(session, random.between(1, 3000), random.between(1, 3000))),
      ),
    );
    // All of them end before the first failure is told, so that nothing goes on behind its back.
    const results = await Promise.allSettled([...steps, ...witnessed]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    for (const lane of this.#all()) {
      const problem = lane.problem();
      if (problem !== undefined) throw new Error(problem);
    }
  }

  /** Everybody leaves; then the daemon holds what it held at first. */
  async #look(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.quiet()));
    for (const lane of this.#lanes) {
      for (const spare of lane.spares) spare.kind = 'none';
      for (const port of lane.ports) if (!port.device.present) port.device.plug();
    }
    await this.#reload();
    const first = this.#samples[0];
    const locked = this.#witnesses.reduce((n, w) => n + w.sessions.length, 0);
    let now: Sample | undefined;
    const holds = async (): Promise<boolean> => {
      const { heap, external, rss, timers } = await this.#subject.holdings();
      now = { heap, external, rss, timers, descriptors: total(this.#subject.descriptors()) };
      const locks = this.#subject.locks().length;
      if (process.getuid?.() === 0 && locks !== locked) return false;
      return first === undefined || (now.descriptors <= first.descriptors && timers <= first.timers + TIMER_SLACK);
    };
    // The first look says what is usual, after a second in which last words are over.
    if (first === undefined) await pause(1500);
    await until(
      () =>
        `the daemon to give back what it took: ${now?.descriptors} descriptors of ${first?.descriptors}, ${now?.timers} timers of ${first?.timers}, locks ${this.#subject.locks().join(' ')}, ` +
        `now ${JSON.stringify([...this.#subject.descriptors()])}`,
      holds,
    );
    this.#samples.push(now!);
  }

  /** Memory after the first minutes and at the end: no more than a slack of noise. */
  #trend(): void {
    const settled = this.#samples.slice(Math.floor(this.#samples.length / 3));
    if (settled.length < 6) return;
    const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    const half = Math.floor(settled.length / 2);
    for (const [what, slack] of [
      ['heap', 3 * MB],
      ['external', 8 * MB],
      ['rss', 48 * MB],
    ] as const) {
      const [early, late] = [median(settled.slice(0, half).map((s) => s[what])), median(settled.slice(half).map((s) => s[what]))];
      this.#options.say(`${what}: ${(early / MB).toFixed(1)} MB in the middle, ${(late / MB).toFixed(1)} MB at the end`);
      if (late > early + slack) throw new Error(`${what} grows: ${(early / MB).toFixed(1)} MB, then ${(late / MB).toFixed(1)} MB`);
    }
  }

  /** With nothing to do it does nothing: no loop is left that turns for nobody. */
  async #rests(): Promise<void> {
    let used = 0;
    const rests = async (): Promise<boolean> => {
      const before = this.#subject.cpu();
      await pause(REST_MS);
      used = this.#subject.cpu() - before;
      return used <= REST_CPU_MS;
    };
    await until(() => `the daemon to rest: ${used} ms of processor time in ${REST_MS} ms`, rests);
  }

  /** It ends at once when told to, and leaves nothing behind. */
  async #end(): Promise<void> {
    await this.#subject.stop();
    if (this.#subject.exit !== 0) throw new Error(`the daemon ended with ${this.#subject.exit}: ${this.#subject.said.slice(-2000)}`);
    const locks = this.#subject.locks();
    if (locks.length > 0) throw new Error(`lock files are left: ${locks.join(' ')}`);
  }
}

/** Rejects with the first thing that was wrong, and how to see it again. */
export const torture = (options: RunOptions): Promise<Outcome> => new Run(options).run();
