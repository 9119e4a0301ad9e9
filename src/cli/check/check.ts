// `ser2net check` and `ser2net dump`, and the options --check and --dump of a whole command line: nothing is changed.
import { join } from 'node:path';
import { type Diag, formatDiag } from '../../base/diag.ts';
import { plural } from '../../base/text.ts';
import type { Version } from '../../config/convert/for-version.ts';
import type { Config, Reading } from '../../config/model.ts';
import type { RunOptions } from '../../daemon/run-options.ts';
import { THIS_HOST } from '../../system/host.ts';
import { optionsFor, readConfiguration } from '../read-configuration.ts';
import type { SubcommandIo } from '../subcommand.ts';
import { SourceLines, withCodeFrame } from './code-frame.ts';

/** The options of `check`. */
interface CheckFlags {
  /** Print nothing; only the exit status tells. */
  readonly quiet?: boolean | undefined;
  /** Warnings do not count: the exit status is 0 if there is nothing worse. */
  readonly warningsOk?: boolean | undefined;
  /** Print JSON. */
  readonly json?: boolean | undefined;
  /** Look whether the devices are there and free. */
  readonly devices?: boolean | undefined;
  /** Try whether the addresses can be listened on. */
  readonly listen?: boolean | undefined;
  /** Also what this version of ser2net would refuse or not know. */
  readonly for?: string | undefined;
}

/** What came of one file. */
interface Checked {
  readonly name: string;
  readonly config: Config | undefined;
  /** Why there is nothing. */
  readonly unreadable?: string;
  readonly diags: readonly Diag[];
  readonly lines: SourceLines;
}

/** 0: no problem (with warningsOk: no error). 1: some. 2: a file cannot be read. All files are read whatever is in them. */
export const check = (files: readonly string[], flags: CheckFlags, io: SubcommandIo): Promise<number> =>
  checkAll(files.length === 0 ? [optionsFor(undefined)] : files.map(optionsFor), flags, io);

/** The same for what a command line names. */
export const checkOptions = (options: RunOptions, flags: CheckFlags, io: SubcommandIo): Promise<number> => checkAll([options], flags, io);

async function checkAll(all: readonly RunOptions[], flags: CheckFlags, io: SubcommandIo): Promise<number> {
  const { quiet, warningsOk, json } = flags;
  const checked: Checked[] = [];
  let [errors, warnings, unreadable] = [0, 0, 0];
  for (const options of all) {
    const one = await checkOne(options, flags);
    checked.push(one);
    const found = one.diags.filter(({ severity }) => severity === 'error').length;
    errors += found;
    warnings += one.diags.length - found;
    if (one.unreadable !== undefined) unreadable++;
    if (json === true) continue;
    if (one.unreadable !== undefined) io.err(`${one.unreadable}\n`);
    else if (quiet !== true) io.out(report(one, found, all.length > 1));
  }
  if (json === true && quiet !== true)
    io.out(`${JSON.stringify({ files: checked.map(asJson), errors, warnings, unreadable }, undefined, 2)}\n`);
  if (unreadable > 0) return 2;
  return errors > 0 || (warnings > 0 && warningsOk !== true) ? 1 : 0;
}

async function checkOne(options: RunOptions, { devices, listen, for: version }: CheckFlags): Promise<Checked> {
  const lines = new SourceLines();
  let name = options.file ?? (options.strings === undefined ? '' : '<cmdline>');
  const outcome = await readConfiguration(options, (file, bytes, classic) => lines.add(file, bytes, classic));
  if (outcome.kind !== 'read') return { name, config: undefined, unreadable: outcome.text, diags: [], lines };
  const { config, diags } = outcome.reading;
  name = outcome.file ?? name;
  // A directory opens, and has no text.
  const [only] = diags;
  const unreadable = only?.code === 'include' && only.pos.line === 0 ? only.text : undefined;
  const extra = [
    ...(await import('./files.ts')).fileProblems(outcome.reading),
    ...(await import('./pam.ts')).pamProblems(outcome.reading),
    ...(version === undefined ? [] : await problemsThere(version as Version, outcome.reading)),
    ...(devices === true || listen === true ? await lookAround(outcome.reading, options, { devices, listen }) : []),
  ];
  return {
    name,
    config,
    diags: unreadable === undefined ? inFileOrder([...diags, ...extra]) : [],
    lines,
    ...(unreadable !== undefined && { unreadable }),
  };
}

async function problemsThere(version: Version, reading: Reading): Promise<Diag[]> {
  const { form, lost } = (await import('../../config/convert/for-version.ts')).problemsFor(version, reading);
  return [...form, ...lost];
}

/** Problems as one reads a file: from its top, each included file where its first problem is; what has no place first. */
function inFileOrder(diags: readonly Diag[]): Diag[] {
  const files = [...new Set(diags.map(({ pos }) => pos.file))];
  const of = (file: string): Diag[] => diags.filter(({ pos }) => pos.file === file);
  return files.flatMap((file) => of(file).sort((a, b) => a.pos.line - b.pos.line || a.pos.col - b.pos.col));
}

async function lookAround(reading: Reading, { file, uucpLocks }: RunOptions, { devices, listen }: CheckFlags): Promise<Diag[]> {
  const [{ OpenFiles }, { deviceProblems }, { listenProblems }] = await Promise.all([
    import('../../system/open-files.ts'),
    import('./devices.ts'),
    import('./listen.ts'),
  ]);
  const holders = new OpenFiles(THIS_HOST);
  return [
    ...(devices === true ? deviceProblems(reading, { host: THIS_HOST, holders, file, uucpLocks }) : []),
    ...(listen === true ? await listenProblems(reading, { holders, net: join(THIS_HOST.proc, 'net'), file }) : []),
  ];
}

/** The problems, and a summary; several: whose. */
function report({ name, config, diags, lines }: Checked, errors: number, several: boolean): string {
  const { connections = [], rotators = [], attachments = [] } = config ?? {};
  const found = [
    ...(connections.length > 0 || attachments.length === 0 ? [plural(connections.length, 'connection')] : []),
    ...(rotators.length > 0 ? [plural(rotators.length, 'rotator')] : []),
    ...(attachments.length > 0 ? [plural(attachments.length, 'attachment')] : []),
  ].join(', ');
  const problems = diags.length === 0 ? 'no problems' : `${plural(errors, 'error')}, ${plural(diags.length - errors, 'warning')}`;
  return `${diags.map((diag) => `${withCodeFrame(diag, lines)}\n`).join('')}${several ? `${name}: ` : ''}${found}: ${problems}\n`;
}

/** One file as --json shows it. `ser2net` is the line ser2net 4.3.11 prints for a problem, where it prints one. */
function asJson({ name, config, unreadable, diags, lines }: Checked): object {
  if (unreadable !== undefined || config === undefined) return { file: name, unreadable };
  const { format, connections, rotators, leds, admin, attachments = [] } = config;
  return {
    file: name,
    format,
    connections: connections.length,
    rotators: rotators.length,
    leds: leds.length,
    attachments: attachments.length,
    admin: admin !== undefined,
    problems: diags.map(({ pos, severity, code, text, hint, classic }) => ({
      file: pos.file,
      line: pos.line,
      column: pos.col,
      length: pos.len,
      severity,
      code,
      text,
      ...(hint !== undefined && { hint }),
      ...(pos.line > 0 && { source: lines.line(pos.file, pos.line) }),
      ...(classic !== undefined && { ser2net: classic.trimEnd() }),
    })),
  };
}

/** The options of `dump`. */
interface DumpFlags {
  /** A comment after each value says where it came from. */
  readonly origin?: boolean | undefined;
  /** Only what differs from the built-in defaults. */
  readonly short?: boolean | undefined;
  /** In a form that this version of ser2net reads, without what it does not know. */
  readonly for?: string | undefined;
}

/** 0: printed. 1: not read to its end; what was read is printed. 2: nothing to read. */
export const dump = (file: string | undefined, flags: DumpFlags, io: SubcommandIo): Promise<number> =>
  dumpOptions(optionsFor(file), flags, io);

/** As dump(), for a configuration that the options of the command line describe. */
export async function dumpOptions(options: RunOptions, flags: DumpFlags, io: SubcommandIo): Promise<number> {
  const outcome = await readConfiguration(options);
  if (outcome.kind !== 'read') {
    io.err(`${outcome.text}\n`);
    return 2;
  }
  const { reading } = outcome;
  const version = flags.for as Version | undefined;
  const { printConfig, versionFor } = await import('./dump.ts');
  io.out(printConfig(reading, { ...flags, version }));
  const { sections } = reading.config;
  if (sections !== undefined && version === undefined) {
    const { printSections } = await import('../../config/sections/print.ts');
    io.out(printSections(sections, { full: flags.short !== true, origin: flags.origin === true, version: versionFor(reading.config) }));
  }
  const left = version === undefined ? [] : (await import('./dump.ts')).leftOut(version, reading);
  for (const diag of [...reading.diags, ...left]) if (diag.severity === 'error') io.err(`${formatDiag(diag)}\n`);
  return reading.complete && left.length === 0 ? 0 : 1;
}
