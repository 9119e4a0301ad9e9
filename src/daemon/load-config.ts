// What the command line names, read: file, texts or both, plus the admin port of -p. Paths count from the directory the command
// was given in, also after the daemon has left it.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Diag } from '../base/diag.ts';
import { GENSIO_ERRORS, type GensioErrorCode } from '../base/gensio-error.ts';
import type { AdminConfig, Reading } from '../config/model.ts';
import { readConfig } from '../config/read.ts';
import { diskFiles, type Files, joinStrings, readSource, type Source } from '../config/source.ts';
import { Defaults } from '../gensio/syntax/defaults.ts';
import { parseStack } from '../gensio/syntax/gensio-str.ts';
import { ADMIN } from '../options/admin.ts';
import type { ConfigReader, NoOutcome, Outcome } from './configuration.ts';
import { MESSAGES } from './messages.ts';
import type { RunOptions } from './run-options.ts';

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
  const file =
    options.file ??
    (options.directory !== undefined && options.strings === undefined ? join(options.directory, 'ser2net.yaml') : undefined);
  const readStdin = (): Buffer => {
    const bytes = readFileSync(0);
    stdinDone?.();
    return bytes;
  };
  return {
    reloadable: file !== undefined || options.strings === undefined,
    read(when): Outcome {
      // ser2net 4.3.11 looks for a file of that name then.
      if (when === 'reload' && file === '-') {
        const reason = 'No such file or directory';
        return { kind: 'unreadable', text: MESSAGES.cannotOpen('-', reason), reason };
      }
      const source = readAll(file, options, files, readStdin);
      if ('kind' in source) return source;
      opened?.(source.file, source.bytes, source.format === 'conf');
      const reading = withAdmin(withSignature(readConfig(source, presetsOf(options)), options), options);
      return { kind: 'read', reading, file: source.file, ...(source.oldFormat && { note: MESSAGES.oldFormat }) };
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

/** The manual's order: the file, then the -Y strings, as one text. (ser2net 4.3.11 reads only what comes last.) */
function readAll(file: string | undefined, { strings }: RunOptions, files: Files, stdin: () => Buffer): Source | NoOutcome {
  const { kind, texts } = strings ?? { kind: 'conf', texts: [] };
  const lines = kind === 'conf' ? texts : [];
  const yaml = kind === 'yaml' ? texts : [];
  const both = file !== undefined && yaml.length > 0;
  const source = readSource({ file, lines, strings: both ? [] : yaml, stdin }, files);
  if ('failed' in source) {
    const { failed: text, reason, stderr } = source;
    return { kind: stderr ? 'mixed' : 'unreadable', text, ...(reason !== undefined && { reason }) };
  }
  if (!both) return source;
  // The file was opened before that is noticed, ser2net 4.3.11.
  if (source.format !== 'yaml') return { kind: 'mixed', text: MESSAGES.stringsWithClassic, note: MESSAGES.oldFormat };
  return { ...source, bytes: Buffer.concat([source.bytes, Buffer.from(`\n${joinStrings(yaml)}`)]) };
}

/** -a and -s are defaults that hold before the file. (In ser2net 4.3.11 -s shows only where the file takes the default away.) */
const presetsOf = ({ signature, authdir }: RunOptions): Readonly<Record<string, string>> => ({
  ...(signature !== undefined && { signature }),
  ...(authdir !== undefined && { authdir }),
});

/** It holds, too, where the file takes the default away. */
function withSignature(reading: Reading, { signature }: RunOptions): Reading {
  if (signature === undefined) return reading;
  const connections = reading.config.connections.map((connection) => ({
    ...connection,
    options: { ...connection.options, signature: connection.options.signature ?? signature },
  }));
  return { ...reading, config: { ...reading.config, connections } };
}

/** -p comes first, so that an admin port of the file is one too many. -A holds where the file names no other directory. */
function withAdmin(reading: Reading, { admin: text, authdirAdmin, directory }: RunOptions): Reading {
  const defaults = new Defaults();
  const builtIn = ADMIN.authdir.def ?? '';
  const authdir = authdirAdmin ?? (directory === undefined ? builtIn : resolve(directory, 'auth'));
  if (text === undefined) {
    const { config } = reading;
    if (config.admin?.authdir !== builtIn) return reading;
    return { ...reading, config: { ...config, admin: { ...config.admin, authdir } } };
  }
  const pos = { file: '<cmdline>', line: 0, col: 0, len: 0 };
  const admin: AdminConfig = {
    name: undefined,
    accepter: parseStack(text, 'accepter', defaults),
    authdir,
    pamauth: undefined,
    pos,
  };
  const { config, diags } = reading;
  // ser2net 4.3.11: a string that means nothing leaves room for the file's admin port.
  if (admin.accepter.error !== undefined && config.admin !== undefined) {
    return { ...reading, diags: [...diags, adminUnusable(text, pos, admin.accepter.error)] };
  }
  const twice: Diag[] = config.admin === undefined ? [] : [adminTwice(config.admin)];
  return { ...reading, config: { ...config, admin }, diags: [...diags, ...twice] };
}

const adminUnusable = (text: string, pos: Diag['pos'], error: GensioErrorCode): Diag => ({
  code: 'bad-accepter',
  severity: 'error',
  pos,
  text: `-p '${text}' cannot be used`,
  classic: MESSAGES.adminUnusable(GENSIO_ERRORS[error]),
});

function adminTwice({ pos, place = '' }: AdminConfig): Diag {
  return {
    code: 'duplicate-key',
    severity: 'error',
    pos,
    text: 'the admin port of -p is in force, this one is not',
    classic: `${place}${MESSAGES.adminTwice}`,
  };
}
