// What a configuration says, whichever format it was written in. Read-only; nothing here opens anything.
import type { Diag, Pos } from '../base/diag.ts';
import type { Stack } from '../gensio/syntax/stack.ts';
import type { Target } from '../gensio/syntax/target.ts';
import type { AttachOptions } from '../options/attach.ts';
import type { ConnectionOptions } from '../options/connection.ts';
import type { RotatorOptions } from '../options/rotator.ts';
import type { Origins } from './origin.ts';

export interface ConnectionConfig {
  /** The anchor in YAML, the network port string in a classic file. */
  readonly name: string;
  readonly accepter: Stack;
  readonly connector: Stack;
  /** The alias word of a classic DEVICE line, for \o. */
  readonly device: string | undefined;
  /** Seconds without traffic, 0 for never. */
  readonly timeout: number;
  readonly enable: boolean;
  readonly options: ConnectionOptions;
  readonly pos: Pos;
}

export interface RotatorConfig {
  readonly name: string;
  readonly accepter: Stack;
  readonly connections: readonly string[];
  readonly options: RotatorOptions;
  readonly pos: Pos;
  /** What ser2net 4.3.11 says before and behind the reason when the first try to listen fails: it tells the place then. */
  readonly place?: readonly [before: string, behind: string];
}

export interface LedConfig {
  readonly name: string;
  readonly driver: 'sysfs';
  /** Name under /sys/class/leds. */
  readonly device: string;
  /** ms */
  readonly duration: number;
  readonly state: number;
  readonly mode: 'transient' | 'solid';
  readonly pos: Pos;
}

export interface AdminConfig {
  readonly name: string | undefined;
  readonly accepter: Stack;
  readonly authdir: string;
  readonly pamauth: string | undefined;
  readonly pos: Pos;
  /** Where ser2net 4.3.11 is in the file when it opens the port: `file:line(column n): `, which its messages begin with. */
  readonly place?: string;
}

/** A serial port elsewhere as a device of this machine. Not in ser2net. */
export interface AttachConfig {
  readonly name: string;
  /** The link applications open; absolute. */
  readonly device: string;
  /** In the order they are tried; one at least. */
  readonly targets: readonly Target[];
  readonly enable: boolean;
  readonly options: AttachOptions;
  readonly pos: Pos;
}

export interface Config {
  readonly format: 'yaml' | 'yaml2' | 'conf' | 'none';
  readonly connections: readonly ConnectionConfig[];
  readonly rotators: readonly RotatorConfig[];
  readonly leds: readonly LedConfig[];
  readonly admin: AdminConfig | undefined;
  readonly attachments?: readonly AttachConfig[];
}

/** A configuration, and where its values came from. */
export type ConfigWithOrigins = Pick<Reading, 'config' | 'origins'>;

/** A reading: what could be read, and every problem, in the order found. complete is false when reading stopped before the end. */
export interface Reading {
  readonly config: Config;
  readonly diags: readonly Diag[];
  readonly complete: boolean;
  /** Where each value came from. */
  readonly origins: Origins;
  /** Where reading stopped before the end: everything that can be made out beyond, to check it. Not to be used. */
  readonly whole?: Config;
}
