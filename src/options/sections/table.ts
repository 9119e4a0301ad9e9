// This program's own sections: what only it knows of a configuration, in FILE or beside it in FILE.d. Each belongs to a connection, which
// its name says, or stands once for the whole daemon.
import type { Pos } from '../../base/diag.ts';
import type { Rows, Values } from '../row.ts';
import { PORT, type PortOptions } from './port.ts';

/** Sections about one connection, whose name they have. */
export const CONNECTION_SECTIONS = { port: PORT } as const satisfies { readonly [section: string]: Rows };
/** Keys of a port that cannot be the same for every port. */
const OF_ONE_PORT: readonly string[] = ['doors'];
/** Sections that stand once. */
export const SINGLE_SECTIONS = {
  'port-defaults': Object.fromEntries(Object.entries(PORT).filter(([key]) => !OF_ONE_PORT.includes(key))) as Omit<typeof PORT, 'doors'>,
} as const satisfies { readonly [section: string]: Rows };

/** The name of a section that stands once. */
type SingleSection = keyof typeof SINGLE_SECTIONS;

/** A section that was read, and where. */
export interface ReadSection<T> {
  /** Every key, at its default where it is not given. */
  readonly values: T;
  /** Of its key. */
  readonly pos: Pos;
  /** Where each value is written: by key, or key, point and so on down, such as `doors.0.rights`. */
  readonly places: ReadonlyMap<string, Pos>;
}

/** What this program's own sections say. */
export interface Sections {
  /** By the name of the connection, with `port-defaults` worked in: only those that say something. */
  readonly ports: ReadonlyMap<string, ReadSection<PortOptions>>;
  /** The others, of those that are there. */
  readonly single: { readonly [K in Exclude<SingleSection, 'port-defaults'>]?: ReadSection<Values<(typeof SINGLE_SECTIONS)[K]>> };
}
