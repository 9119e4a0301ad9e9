// Where programs are looked for, and where those go that --install brings: never into the repository.
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** npm's packages of the rows (node_modules), and packages of Debian that are only unpacked. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ser2net-clients');
export const UNPACKED = join(CACHE, 'debian');

/** Folders of programs: PATH, and those of Debian that are not on everybody's. */
export const PLACES: readonly string[] = [
  // Before PATH: what Debian has there under the same name is a wrapper that starts only a service.
  '/lib/nut',
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  '/sbin',
  ...['sbin', 'bin', 'usr/sbin', 'usr/bin'].map((folder) => join(UNPACKED, folder)),
];
