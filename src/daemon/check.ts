// `ser2net check` and `ser2net dump`, and the options --check and --dump of a whole command line: nothing is opened or changed.
import { readFileSync } from 'node:fs';
import { type Diag, formatDiag } from '../base/diag.ts';
import type { Config, Reading } from '../config/model.ts';
import { noFlags, type RunOptions } from './command.ts';
import { makeReader } from './reader.ts';
import type { SubcommandIo } from './subcommands.ts';

export interface CheckFlags {
  readonly quiet?: boolean | undefined;
  readonly warningsOk?: boolean | undefined;
}

/** Longest part of a line that is shown, in characters. */
const MAX_EXCERPT = 160;

async function readAll(options: RunOptions, io: SubcommandIo): Promise<Reading | undefined> {
  const outcome = await makeReader(options, { stdinDone: () => undefined }).read('start');
  if (outcome.kind === 'read') return outcome.reading;
  io.err(`${outcome.text}\n`);
  return undefined;
}

/** The options of a daemon that was given this file, or none. */
const forFile = (file: string | undefined): RunOptions => ({ ...noFlags('ser2net'), file });

/** 0: no problem (with warningsOk: no error). 1: some, or nothing to read. */
export const check = (file: string | undefined, flags: CheckFlags, io: SubcommandIo): Promise<number> =>
  checkOptions(forFile(file), flags, io);

export async function checkOptions(options: RunOptions, { quiet, warningsOk }: CheckFlags, io: SubcommandIo): Promise<number> {
  const reading = await readAll(options, io);
  if (reading === undefined) return 1;
  const { config, diags } = reading;
  const errors = diags.filter(({ severity }) => severity === 'error').length;
  const warnings = diags.length - errors;
  if (quiet !== true) {
    const lines = new SourceLines();
    for (const diag of diags) io.out(`${withExcerpt(diag, lines)}\n`);
    io.out(`${summary(config, errors, warnings)}\n`);
  }
  return errors > 0 || (warnings > 0 && warningsOk !== true) ? 1 : 0;
}

const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function summary(config: Config, errors: number, warnings: number): string {
  const found = many(config.connections.length, 'connection');
  const rotators = config.rotators.length > 0 ? `, ${many(config.rotators.length, 'rotator')}` : '';
  return `${found}${rotators}: ${errors + warnings === 0 ? 'no problems' : `${many(errors, 'error')}, ${many(warnings, 'warning')}`}`;
}

/** The lines of the files problems point into; each file is read once. */
class SourceLines {
  readonly #files = new Map<string, readonly string[]>();
  line(file: string, line: number): string | undefined {
    let lines = this.#files.get(file);
    if (lines === undefined) {
      try {
        lines = readFileSync(file, 'utf8').split(/\r?\n/);
      } catch {
        lines = [];
      }
      this.#files.set(file, lines);
    }
    return lines[line - 1];
  }
}

/** The problem, then the line it is in with a mark below its place, as far as that is known. */
function withExcerpt(diag: Diag, lines: SourceLines): string {
  const { pos } = diag;
  const line = pos.line > 0 ? lines.line(pos.file, pos.line) : undefined;
  if (line === undefined || pos.col < 1 || pos.col > MAX_EXCERPT || pos.col > line.length + 1) return formatDiag(diag);
  const shown = line.slice(0, MAX_EXCERPT);
  const indent = shown.slice(0, pos.col - 1).replace(/[^\t]/g, ' ');
  const mark = '^'.repeat(Math.max(1, Math.min(pos.len, shown.length - pos.col + 1)));
  const [first, ...rest] = formatDiag(diag).split('\n');
  return [first, `  | ${shown.replace(/[\0-\x08\x0b-\x1f\x7f]/g, '?')}`, `  | ${indent}${mark}`, ...rest].join('\n');
}

/** 0: printed. 1: nothing to read, or not read to its end; what was read is printed. */
export const dump = (file: string | undefined, io: SubcommandIo): Promise<number> => dumpOptions(forFile(file), io);

export async function dumpOptions(options: RunOptions, io: SubcommandIo): Promise<number> {
  const reading = await readAll(options, io);
  if (reading === undefined) return 1;
  const { printConfig } = await import('./dump.ts');
  io.out(printConfig(reading.config));
  for (const diag of reading.diags) if (diag.severity === 'error') io.err(`${formatDiag(diag)}\n`);
  return reading.complete ? 0 : 1;
}
