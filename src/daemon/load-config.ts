// What the command line names, read. Paths count from the directory the command was given in, also after the daemon has left it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { atOnce, inSlices } from '../base/slices.ts';
import type { Reading } from '../config/model.ts';
import { readConfigSteps } from '../config/read.ts';
import type { SectionPart, SectionSource } from '../config/sections/read.ts';
import { diskFiles, type Files, readSource } from '../config/source.ts';
import type { ConfigReader, Outcome } from './configuration.ts';
import { MESSAGES } from './messages.ts';
import type { RunOptions } from './run-options.ts';

/** Who wants to know what is read. */
export interface ReaderHooks {
  /** Called with each text that is read: by its name in messages, with what was in it. classic: the first line was no YAML. */
  readonly opened?: (file: string, bytes: Buffer, classic: boolean) => void;
  /** Called once standard input has been read as a configuration. */
  readonly stdinDone?: () => void;
}

/** The reader for these options, in the directory and environment of this process. */
export function makeReader(options: RunOptions, { stdinDone, opened }: ReaderHooks = {}): ConfigReader {
  const disk = filesFrom(process.cwd());
  const files = opened === undefined ? disk : watched(disk, opened);
  const { directory, strings } = options;
  const file = options.file ?? (directory !== undefined && strings === undefined ? join(directory, 'ser2net.yaml') : undefined);
  const authdirAdmin = options.authdirAdmin ?? (directory === undefined ? undefined : resolve(directory, 'auth'));
  const overrides = { ...options, authdirAdmin };
  const readStdin = (): Buffer => {
    const bytes = readFileSync(0);
    stdinDone?.();
    return bytes;
  };
  const sections = new SectionLoader(files, process.cwd());
  return {
    reloadable: file !== undefined || strings === undefined,
    read(when): Outcome | Promise<Outcome> {
      // ser2net 4.3.11 looks for a file of that name then.
      if (when === 'reload' && file === '-') {
        const reason = 'No such file or directory';
        return { kind: 'unreadable', text: MESSAGES.cannotOpen('-', reason), reason };
      }
      const { kind, texts } = strings ?? { kind: 'conf', texts: [] };
      const source = readSource(
        { file, lines: kind === 'conf' ? texts : [], strings: kind === 'yaml' ? texts : [], stdin: readStdin },
        files,
      );
      const note = source.oldFormat && { note: MESSAGES.oldFormat };
      if ('failed' in source) {
        const { failed: text, reason, stderr } = source;
        return { kind: stderr ? 'mixed' : 'unreadable', text, ...(reason !== undefined && { reason }), ...note };
      }
      opened?.(source.file, source.bytes, source.format === 'conf');
      const steps = readConfigSteps(source, overrides);
      const folder = source.file.startsWith('<') ? undefined : `${source.file}.d`;
      const read = (all: Reading): Outcome => ({ kind: 'read', reading: all, file: source.file, ...note });
      // Nothing is served yet at the start, and that is to be over soon.
      if (when === 'reload')
        return inSlices(steps, systemClock)
          .then((reading) => sections.load(reading, folder, when) ?? reading)
          .then(read);
      const reading = atOnce(steps);
      const all = sections.load(reading, folder, when);
      return all === undefined ? read(reading) : all.then(read);
    },
  };
}

/** Reads this program's own sections, where there are any, and remembers what is in force. */
class SectionLoader {
  readonly #files: Files;
  readonly #directory: string;
  #inForce: readonly SectionPart[] = [];

  /** directory: where relative names count from. */
  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /** The reading with its sections; `undefined` if it has none, and nothing was loaded. folder: FILE.d. */
  load(reading: Reading, folder: string | undefined, when: 'start' | 'reload'): Promise<Reading> | undefined {
    const names = (folder === undefined ? undefined : this.#files.list(folder))?.filter((name) => /^[^.].*\.yaml$/.test(name)).sort();
    if ((names ?? []).length === 0 && (reading.own?.found ?? []).length === 0) {
      this.#inForce = [];
      return undefined;
    }
    return this.#read(
      {
        reading,
        folder: folder === undefined || names === undefined ? undefined : { path: folder, names },
        files: this.#files,
        resolve: (path) => resolve(this.#directory, path),
      },
      when,
    );
  }

  async #read(source: SectionSource, when: 'start' | 'reload'): Promise<Reading> {
    const { reading } = source;
    const { readSections } = await import('../config/sections/read.ts');
    const { sections, diags, parts } = readSections(source, this.#inForce);
    // A configuration that was not read to its end is not put in force by a reload.
    if (when === 'start' || reading.complete) this.#inForce = parts;
    const config = sections === undefined ? reading.config : { ...reading.config, sections };
    return { ...reading, config, diags: [...reading.diags, ...diags] };
  }
}

/** The file system as seen from a directory. */
function filesFrom(directory: string): Files {
  const disk = diskFiles(process.env);
  return {
    ...disk,
    read: (path) => disk.read(resolve(directory, path)),
    list: (path) => disk.list(resolve(directory, path)),
    exists: (path) => disk.exists(resolve(directory, path)),
    othersMayWrite: (path) => disk.othersMayWrite?.(resolve(directory, path)) === true,
  };
}

/** The same files; what is read is shown to somebody else, too. */
function watched(files: Files, opened: NonNullable<ReaderHooks['opened']>): Files {
  return {
    ...files,
    read: (path) => {
      const got = files.read(path);
      if (Buffer.isBuffer(got)) opened(path, got, false);
      return got;
    },
  };
}
