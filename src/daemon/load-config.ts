// What the command line names, read. Paths count from the directory the command was given in, also after the daemon has left it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readConfig } from '../config/read.ts';
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
  return {
    reloadable: file !== undefined || strings === undefined,
    read(when): Outcome {
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
      return { kind: 'read', reading: readConfig(source, overrides), file: source.file, ...note };
    },
  };
}

/** The file system as seen from a directory. */
function filesFrom(directory: string): Files {
  const disk = diskFiles(process.env);
  return {
    ...disk,
    read: (path) => disk.read(resolve(directory, path)),
    list: (path) => disk.list(resolve(directory, path)),
    exists: (path) => disk.exists(resolve(directory, path)),
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
