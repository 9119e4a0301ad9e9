// What a configuration says, whichever format it was written in. Read-only; nothing here opens anything.
import type { Diag, Pos } from '../base/diag.ts';
import type { Stack } from '../gensio/syntax/stack.ts';
import type { Target } from '../gensio/syntax/target.ts';
import type { AttachOptions } from '../options/attach.ts';
import type { ConnectionOptions } from '../options/connection.ts';
import type { RotatorOptions } from '../options/rotator.ts';
import type { Sections } from '../options/sections/table.ts';
import type { Origins } from './origin.ts';
import type { OwnSections } from './own-sections.ts';

/** A port: who may reach which device, and how. */
export interface ConnectionConfig {
  /** The anchor in YAML, the network port string in a classic file. */
  readonly name: string;
  /** Where it listens. */
  readonly accepter: Stack;
  /** The device. */
  readonly connector: Stack;
  /** The alias word of a classic DEVICE line, for \o. */
  readonly device: string | undefined;
  /** Seconds without traffic, 0 for never. */
  readonly timeout: number;
  /** False: it is there, but does not listen until it is enabled through the admin port. */
  readonly enable: boolean;
  /** Every option, defaults filled in. */
  readonly options: ConnectionOptions;
  /** Where its section begins; also its key in {@link Origins}. */
  readonly pos: Pos;
}

/** Several connections behind one address: a client gets the first that is free. */
export interface RotatorConfig {
  /** Its anchor or key; in a classic file its port. */
  readonly name: string;
  /** Where it listens. */
  readonly accepter: Stack;
  /** Names of connections; one that does not exist is skipped. */
  readonly connections: readonly string[];
  /** Every option, defaults filled in. */
  readonly options: RotatorOptions;
  /** As that of a connection. */
  readonly pos: Pos;
  /** What ser2net 4.3.11 says before and after the reason when the first try to listen fails: it tells the place then. */
  readonly place?: readonly [before: string, after: string];
}

/** An LED that connections can flash or switch on. */
export interface LedConfig {
  /** What connections call it. */
  readonly name: string;
  /** The only one there is. */
  readonly driver: 'sysfs';
  /** Name under /sys/class/leds. */
  readonly device: string;
  /** ms */
  readonly duration: number;
  /** Brightness when it flashes, 0 or 1. */
  readonly state: number;
  /** Flashes through a trigger of the kernel, or is switched on and off. */
  readonly mode: 'transient' | 'solid';
  /** As that of a connection. */
  readonly pos: Pos;
}

/** The admin port. */
export interface AdminConfig {
  /** Its anchor or key; `undefined` if it has none. */
  readonly name: string | undefined;
  /** Where it listens. */
  readonly accepter: Stack;
  /** Directory of users and their passwords. */
  readonly authdir: string;
  /** PAM service in place of password files; `undefined` if there is none. */
  readonly pamauth: string | undefined;
  /** A session that sends nothing for so many seconds is closed; 0: never. */
  readonly timeout: number;
  /** As that of a connection. */
  readonly pos: Pos;
  /** Where ser2net 4.3.11 is in the file when it opens the port: `file:line(column n): `, which its messages begin with. */
  readonly place?: string;
}

/** A serial port elsewhere as a device of this machine. Not in ser2net. */
export interface AttachConfig {
  /** Its anchor or key. */
  readonly name: string;
  /** The link applications open; absolute. */
  readonly device: string;
  /** In the order they are tried; one at least. */
  readonly targets: readonly Target[];
  /** False: the device is not made. */
  readonly enable: boolean;
  /** Every option, defaults filled in. */
  readonly options: AttachOptions;
  /** As that of a connection. */
  readonly pos: Pos;
}

/** A whole configuration. */
export interface Config {
  /** Which reader it came from: version 1 or 2 of the YAML format, the classic format, or none of them. */
  readonly format: 'yaml' | 'yaml2' | 'conf' | 'none';
  /** In the order of the file. */
  readonly connections: readonly ConnectionConfig[];
  /** In the order of the file. */
  readonly rotators: readonly RotatorConfig[];
  /** In the order of the file. */
  readonly leds: readonly LedConfig[];
  /** `undefined` if there is no admin port. */
  readonly admin: AdminConfig | undefined;
  /** In the order of the file; absent if there are none. */
  readonly attachments?: readonly AttachConfig[];
  /** What this program's own sections say; `undefined` if there are none. */
  readonly sections?: Sections;
}

/** A configuration, and where its values came from. */
export type ConfigWithOrigins = Pick<Reading, 'config' | 'origins'>;

/** A reading: what could be read, and every problem, in the order found. complete is false when reading stopped before the end. */
export interface Reading {
  /** What could be read. */
  readonly config: Config;
  /** Every problem, in the order found. */
  readonly diags: readonly Diag[];
  /** False if reading stopped before the end of the file. */
  readonly complete: boolean;
  /** Where each value came from. */
  readonly origins: Origins;
  /** Where reading stopped before the end: everything that can be made out beyond, to check it. Not to be used. */
  readonly whole?: Config;
  /** This program's own sections as they were found in the file; config/sections reads them. */
  readonly own?: OwnSections;
}
