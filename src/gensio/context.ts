// What layers need from outside: time, a log, and a few settings of the whole daemon.

import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { LayerSpec } from '../options/stack.ts';

/** Who may use an accepter: the users of an authdir, and the list of allowed users. */
export interface Authority {
  /** Whether `allowed-users` has the name; without a list everybody is allowed. A client without a name is on no list. Logs a refusal. */
  userAllowed(user: string | undefined): boolean;
  /**
   * Reads the certificates that stand for a user: the ones in `allowed_certs`. `source` is who asks, as {@link sourceOf} has it.
   * `done` is called once, not before this returns.
   */
  certificates(user: string, source: string, done: (certs: readonly X509Certificate[]) => void): Cancel;
  /**
   * Checks a password. `done` is called once, later, without an error if it is right. Failures are logged without the password.
   * A source that has too much waiting already is refused.
   */
  password(user: string, password: Buffer, source: string, done: (err?: GensioError) => void): Cancel;
}
/** Drops what was asked for: nobody waits for it any more, and its callback is not called. */
export type Cancel = () => void;

/** Who may use an accepter, as the configuration says. */
export interface AuthoritySettings {
  /** A directory with one folder for each user; '' if there is none. */
  readonly authdir: string;
  /** Only these users; `undefined` for everyone. */
  readonly allowedUsers: readonly string[] | undefined;
  /** A service of PAM: it decides about passwords in place of the password files. '' is none. */
  readonly pamauth?: string | undefined;
}

/** A client requesting access. */
export interface AccessClient {
  /** Which daemon is asked for: ser2net, ser2net-control. */
  readonly daemon: string;
  /** The peer: `192.0.2.7`, `2001:db8::1`. */
  readonly address: string;
  /** Its name; `unknown` when it has none, `paranoid` when that name is not its. `undefined` if not looked up yet. */
  readonly name: string | undefined;
  /** Our end, for `daemon@address`. */
  readonly server: string;
}

/** Which clients may connect, by address and name (TCP wrappers). */
export interface HostRules {
  /** Calls `done` with whether the client may connect: at once, or when its name is known. */
  ask(client: Omit<AccessClient, 'name'>, env: Pick<GensioEnv, 'clock' | 'log'>, done: (passes: boolean) => void): void;
}

/** Listening TCP sockets that outlive this process, with the service manager: a restart refuses nobody. */
export interface KeptListeners {
  /** The descriptor of one that is there already for this address, which belongs to the caller now; `undefined` if there is none. */
  take(host: string, port: number): number | undefined;
  /** Has a copy kept, for the next process. */
  keep(host: string, port: number, descriptor: number): void;
  /** It is closed for good, unless the whole process ends. */
  drop(host: string, port: number): void;
}

/** What layers are given by the program they run in. */
export interface GensioEnv {
  /** Where all timers of layers come from. */
  readonly clock: Clock;
  /** Where layers report what their caller does not get to see. */
  readonly log: Log;
  /** Where UUCP lock files go; `undefined` if none are made (-u). */
  readonly lockDir: string | undefined;
  /** Bytes a TCP connection made from here takes ahead of the network, so that a peer that is full is felt soon. Default: megabytes. */
  readonly tcpAhead?: number | undefined;
  /** hosts.allow and hosts.deny. Default: those in /etc. */
  readonly hosts?: HostRules | undefined;
  /** TCP sockets that are kept over a restart; `undefined` if none are. */
  readonly listeners?: KeptListeners | undefined;
  /** Who may use the accepter being built: its authdir and allowed-users; `undefined` if there is no directory to look in. */
  readonly auth?: Authority | undefined;
  /** Parses a stack named by an option or a service record; `undefined` if it cannot be parsed. Default: parseSpec() with gensio's own defaults. */
  readonly parse?: (text: string, role: 'accepter' | 'connector') => LayerSpec | undefined;
}
