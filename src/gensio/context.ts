// What layers need from outside: time, a log, and a few settings of the whole daemon.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { LayerSpec } from '../options/stack.ts';
import type { HostsFiles } from './net/hosts-files.ts';
import type { Authority } from './tls/authority.ts';

export interface GensioEnv {
  readonly clock: Clock;
  readonly log: Log;
  /** Where UUCP lock files go; undefined: none are made (-u). */
  readonly lockDir: string | undefined;
  /** Bytes a TCP connection made from here takes ahead of the network, so that a far end that is full is felt soon. undefined: megabytes. */
  readonly tcpAhead?: number | undefined;
  /** hosts.allow and hosts.deny; undefined: those in /etc. */
  readonly hosts?: HostsFiles | undefined;
  /** Who may use the accepter being built: its authdir and allowed-users; undefined: no directory to look in. */
  readonly auth?: Authority | undefined;
  /** Reads a stack that stands in an option or a service record; undefined when it means nothing. */
  parse(text: string, role: 'accepter' | 'connector'): LayerSpec | undefined;
}
