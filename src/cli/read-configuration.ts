// Reads the configuration a sub-command is about.
import type { Outcome } from '../daemon/configuration.ts';
import { makeReader, type ReaderHooks } from '../daemon/load-config.ts';
import { noFlags, type RunOptions } from '../daemon/run-options.ts';

/** The options of a daemon that is given this file, or none. */
export const optionsFor = (file: string | undefined): RunOptions => ({ ...noFlags('ser2net'), file });

/** Reads what a daemon with these options would read: a file, or where `undefined` is given the default one. */
export const readConfiguration = async (what: string | undefined | RunOptions, opened?: ReaderHooks['opened']): Promise<Outcome> =>
  makeReader(typeof what === 'object' ? what : optionsFor(what), { ...(opened !== undefined && { opened }) }).read('start');
