// TCP wrappers at a listener: /etc/hosts.allow and /etc/hosts.deny, read again when they change, and the names of those who come.
// What the rules mean is in hosts-access.ts.
import { statSync } from 'node:fs';
import type { Log } from '../../base/log.ts';
import { type NameLookup, nameLookup } from '../../base/name-lookup.ts';
import { readSmallFile } from '../../base/safe-file.ts';
import { strerror } from '../../base/strerror.ts';
import type { AccessClient, GensioEnv, HostRules } from '../context.ts';
import { type AccessDecision, judge, type Problem, parseHosts, type Rules } from './hosts-access.ts';

/** Biggest file of rules read. */
const MAX_FILE = 1 << 20;
/** A name server that is silent for so long knows no name, ms. */
const LOOKUP_MS = 10_000;
/** How often it is looked whether the files have changed, ms: a look costs as much as a good part of accepting a connection. */
const LOOK_MS = 250;
const MAX_TOLD = 1000;

const readRules = (path: string): string => readSmallFile(path, { links: true, maxBytes: MAX_FILE }).toString('latin1');

/** A file and what it said when it was last read. */
class RuleFile {
  readonly path: string;
  rules: Rules = { rules: [], problems: [] };
  #state = 'never read';

  constructor(path: string) {
    this.path = path;
  }
  /** Reads it when it is not what it was. Gives what is to be told: problems of its lines, or that it cannot be read. */
  refresh(): readonly Problem[] {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const state = stat === undefined ? 'none' : `${stat.ino}.${stat.size}.${stat.mtimeMs}.${stat.ctimeMs}`;
    if (state === this.#state) return [];
    this.#state = state;
    this.rules = { rules: [], problems: [] };
    if (stat === undefined) return [];
    this.rules = parseHosts(readRules(this.path));
    return this.rules.problems;
  }
}

/** As {@link NameLookup.nameOf}. */
export const nameOf: NameLookup['nameOf'] = (address, done, wanted) => nameLookup.nameOf(address, done, wanted);

/** `::ffff:192.0.2.7` is 192.0.2.7, and `%eth0` says nothing about who it is. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, '');

/** Two files, and who may pass by them. */
export class HostsFiles implements HostRules {
  readonly #allow: RuleFile;
  readonly #deny: RuleFile;
  #looked = Number.NEGATIVE_INFINITY;
  /** Said already. */
  readonly #told = new Set<string>();
  readonly #lookup: typeof nameOf;

  /** lookup: for tests. */
  constructor(allow = '/etc/hosts.allow', deny = '/etc/hosts.deny', lookup = nameOf) {
    this.#allow = new RuleFile(allow);
    this.#deny = new RuleFile(deny);
    this.#lookup = lookup;
  }

  /** Calls done with whether the visitor may pass: at once, or when its name is known. Gives up names after ten seconds. */
  ask(visitor: Omit<AccessClient, 'name'>, { clock, log }: Pick<GensioEnv, 'clock' | 'log'>, done: (passes: boolean) => void): void {
    const first = this.#judge({ ...visitor, name: undefined }, clock.now(), log);
    if (first !== 'name') return done(first === 'allow');
    let waits = true;
    const found = (name: string): void => {
      if (!waits) return;
      waits = false;
      timer.cancel();
      done(this.#judge({ ...visitor, name }, clock.now(), log) === 'allow');
    };
    const timer = clock.after(LOOKUP_MS, () => found('unknown'));
    this.#lookup(visitor.address, found, () => waits);
  }

  #judge(visitor: AccessClient, now: number, log: Log): AccessDecision['verdict'] {
    if (now - this.#looked >= LOOK_MS) {
      this.#looked = now;
      this.#refresh(log);
    }
    const { verdict, problems } = judge(this.#allow.rules, this.#deny.rules, visitor, (path) => this.#patterns(path, log));
    for (const problem of problems) this.#tell((problem.file === 'allow' ? this.#allow : this.#deny).path, problem, log);
    return verdict;
  }
  #refresh(log: Log): void {
    for (const file of [this.#allow, this.#deny]) {
      try {
        for (const problem of file.refresh()) this.#tell(file.path, problem, log);
      } catch (err) {
        this.#tell(file.path, { line: 0, text: strerror(err) }, log);
      }
    }
  }
  #tell(path: string, { line, text }: Problem, log: Log): void {
    const what = `${path}${line === 0 ? '' : `, line ${line}`}: ${text}`;
    if (this.#told.has(what) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(what);
    log.log('warning', what);
  }
  #patterns(path: string, log: Log): string {
    try {
      return readRules(path);
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT') this.#tell(path, { line: 0, text: strerror(err) }, log);
    }
    return '';
  }
}
