// Reads the configuration a sub-command is about: the file it is given, or the one the service uses.
import { DEFAULT_FILES } from '../config/source.ts';
import type { Outcome } from '../daemon/configuration.ts';
import { makeReader, type ReaderHooks } from '../daemon/load-config.ts';
import { noFlags, type RunOptions } from '../daemon/run-options.ts';
import { readText } from '../system/host.ts';

/** Where Debian's packages keep the settings of the service, and its configuration. */
const SETTINGS = '/etc/default/ser2net';
const PACKAGED = '/etc/ser2net.yaml';

/** CONFFILE of /etc/default/ser2net, below a folder that stands for `/`; `undefined` if it names none. */
const namedFile = (root: string): string | undefined => /^[ \t]*CONFFILE=(["']?)(.+?)\1[ \t]*$/m.exec(readText(root + SETTINGS) ?? '')?.[2];

/** Where the service looks first, whether or not the file exists. root: a folder that stands for `/`, for tests. */
export const newServiceFile = (root = ''): string => namedFile(root) ?? DEFAULT_FILES[0];

/**
 * The file the service uses: CONFFILE of /etc/default/ser2net, otherwise the first default file; `undefined` if none exists.
 * root: a folder that stands for `/`, for tests.
 */
export function serviceFile(root = ''): string | undefined {
  const given = namedFile(root);
  const [first, classic] = DEFAULT_FILES;
  return [given, first, PACKAGED, classic].find((file) => file !== undefined && readText(root + file) !== undefined);
}

/** The options of a daemon that is given this file, or by default that of the service. */
export const optionsFor = (file: string | undefined): RunOptions => ({ ...noFlags('ser2net'), file: file ?? serviceFile() });

/** Reads what a daemon with these options would read, or a file: by default that of the service. */
export const readConfiguration = async (what: string | undefined | RunOptions, opened?: ReaderHooks['opened']): Promise<Outcome> =>
  makeReader(typeof what === 'object' ? what : optionsFor(what), { ...(opened !== undefined && { opened }) }).read('start');
