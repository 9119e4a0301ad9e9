// Names of hosts and their addresses, as the system knows them. A name server that does not answer holds one of the four threads that
// Node.js has for slow calls, for half a minute; libuv allows two of them for names. So the names of the configuration take turns, one
// call for each name, and strangers whose names are asked for have one call at once among them.
import { lookup, lookupService } from 'node:dns';
import { isIP } from 'node:net';
import { FairQueue } from './fair-queue.ts';
import { bind, onImmediate } from './fault-domain.ts';

/** One address of a name. */
export interface HostAddress {
  /** As text: `192.0.2.7`, `2001:db8::1`. */
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}
/** The calls to the system; as in node:dns. */
interface Resolver {
  /** getaddrinfo(3): all addresses of a name; `family` is 4, 6, or 0 for both. */
  lookup(
    name: string,
    options: { all: true; family: number; verbatim: true },
    done: (err: Error | null, found: HostAddress[]) => void,
  ): void;
  /** getnameinfo(3): the name of an address. */
  lookupService(address: string, port: number, done: (err: Error | null, name: string) => void): void;
}

/** Asks the system for names and addresses, so many at once and no more. */
export class NameLookup {
  readonly #resolver: Resolver;
  readonly #names = new FairQueue({ atOnce: 2, atOncePerSource: 1, waitingPerSource: 4096, waiting: 16_384 });
  readonly #strangers = new FairQueue({ atOnce: 1, atOncePerSource: 1, waitingPerSource: 4, waiting: 256 });

  constructor(resolver: Resolver = { lookup, lookupService }) {
    this.#resolver = resolver;
  }

  /** The addresses of a name that the configuration has; `family` 0 is both. `done` is called once, not before this returns. */
  addresses(name: string, family: 0 | 4 | 6, done: (err: Error | null, found: readonly HostAddress[]) => void): void {
    const run = (finished: () => void): void => this.#addresses(name, family, finished, bind(done));
    if (this.#names.run(name, run) === undefined)
      onImmediate(() => done(Object.assign(new Error('too many names'), { code: 'EAI_AGAIN' }), []));
  }
  #addresses(
    name: string,
    family: 0 | 4 | 6,
    finished: () => void,
    done: (err: Error | null, found: readonly HostAddress[]) => void,
  ): void {
    this.#resolver.lookup(
      name,
      { all: true, family, verbatim: true },
      bind((err, found) => {
        finished();
        done(err, err === null ? found : []);
      }),
    );
  }

  /**
   * The name of an address that leads back to it; `unknown` if it has none, or too many are asked for, `paranoid` if that name is not
   * its own. `done` is called once, not before this returns, and not at all once `wanted` is false when its turn comes.
   */
  nameOf(address: string, done: (name: string) => void, wanted: () => boolean = () => true): void {
    const job = (finished: () => void): void => {
      if (!wanted()) return finished();
      this.#resolver.lookupService(
        address,
        0,
        bind((err, name) => {
          // A name that looks like an address is somebody's trick.
          if (err !== null || isIP(name) !== 0) {
            finished();
            return done(err !== null ? 'unknown' : 'paranoid');
          }
          this.#addresses(name, 0, finished, (err, all) => {
            done(err === null && all.some((found) => found.address === address) ? name : 'paranoid');
          });
        }),
      );
    };
    if (this.#strangers.run(address, job) === undefined) onImmediate(() => done('unknown'));
  }
}

/** The one for the whole process. */
export const nameLookup = new NameLookup();
