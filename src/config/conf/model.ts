// A classic file as a model. Lines act in order: a definition counts for the lines after it.
import type { Diag } from '../../base/diag.ts';
import { atOnce, type Steps } from '../../base/slices.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { Diags } from '../diags.ts';
import type { AdminConfig, ConnectionConfig, LedConfig, Reading, RotatorConfig } from '../model.ts';
import { directiveOf, readDirective } from './directive.ts';
import type { Entry } from './entry.ts';
import { Fields } from './fields.ts';
import { ConfNames } from './names.ts';
import { readPortLine } from './port-line.ts';
import { LineReport } from './report.ts';
import { type ConfLine, type ConfTree, commandLine, readTree } from './tree.ts';
import { uciProblem } from './uci.ts';

/** A line with what came of it. */
export interface ReadLine {
  /** The logical line. */
  readonly line: ConfLine;
  /** What it says. */
  readonly entry: Entry;
  /** What is wrong with it. */
  readonly diags: readonly Diag[];
}

/** Where each name is first defined. */
function definitions(tree: ConfTree): Map<string, number> {
  const found = new Map<string, number>();
  for (const { kind, text, line } of tree) {
    const word = kind === 'line' ? directiveOf(text) : undefined;
    if (word === undefined || !/^(BANNER|SIGNATURE|OPENSTR|CLOSESTR|CLOSEON)$/.test(word)) continue;
    const name = new Fields(text, word.length + 1).next()?.text;
    if (name !== undefined && !found.has(name)) found.set(name, line);
  }
  return found;
}

/** What each line says, in order. names: what the lines before have defined; it is added to. */
export function* readLines(tree: ConfTree, file: string, names: ConfNames): Generator<ReadLine> {
  for (const line of tree) {
    const report = new LineReport(line, file);
    yield { line, entry: readLine(report, names), diags: report.diags };
  }
}

function readLine(report: LineReport, names: ConfNames): Entry {
  const { kind } = report.line;
  if (kind === 'empty' || kind === 'comment') return { is: 'nothing' };
  if (kind === 'lost') {
    const why = report.line.line === 0 ? 'a line given with -C cannot be continued' : 'the file ends inside a continued line';
    report.warning('bad-line', report.whole, `${why}; it is left out`, { hint: 'take the backslash at its end away' });
    return { is: 'dropped' };
  }
  const nul = report.line.text.indexOf('\0');
  if (nul >= 0) {
    report.error('bad-line', { text: '\0', at: nul }, 'there is a NUL byte in the line; it is left out');
    return { is: 'dropped' };
  }
  const directive = directiveOf(report.line.text);
  return directive === undefined ? readPortLine(report, names) : readDirective(directive, report, names);
}

/** A tree read before, or lines given with -C: those have no number. */
const commandLines = (lines: readonly string[]): ConfTree => lines.map(commandLine);

/** Where a configuration that is being read starts from. */
interface ConfOptions {
  /** Lines given with -C; they come before the file. */
  readonly lines?: readonly string[];
  /** Defaults in force before the first line; changed by the reading. */
  readonly defaults?: Defaults;
}

/**
 * Reads a classic file, and lines of the command line before it; with no text, only those. Any text gives a
 * configuration: a line that is wrong is reported and left out, so that a reading is always complete.
 */
export const readConf = (text: string | undefined, file: string, options: ConfOptions = {}): Reading =>
  atOnce(readConfSteps(text, file, options));

/** The same, so that others may come in between. */
export function* readConfSteps(
  text: string | undefined,
  file: string,
  { lines = [], defaults = new Defaults() }: ConfOptions = {},
): Steps<Reading> {
  const whole = text === undefined ? [] : readTree(text);
  const uci = uciProblem(whole, file);
  const tree = uci === undefined ? whole : [];
  const names = new ConfNames(defaults, definitions(tree));
  const connections: ConnectionConfig[] = [];
  const rotators: RotatorConfig[] = [];
  const leds: LedConfig[] = [];
  const diags = new Diags();
  if (uci !== undefined) diags.add(uci);
  let admin: AdminConfig | undefined;
  const sources = [readLines(commandLines(lines), '<cmdline>', names), readLines(tree, file, names)];
  for (const source of sources) {
    for (const { entry, diags: found } of source) {
      yield;
      for (const diag of found) diags.add(diag);
      if (entry.is === 'port') connections.push(entry.connection);
      else if (entry.is === 'rotator') rotators.push(entry.rotator);
      else if (entry.is === 'led') leds.push(entry.led);
      else if (entry.is === 'admin') admin = entry.admin;
    }
  }
  return { config: { format: 'conf', connections, rotators, leds, admin }, diags: diags.list, complete: true, origins: names.origins };
}

/** A fresh start for readLines over a whole file. */
export const namesFor = (tree: ConfTree, defaults: Defaults = new Defaults()): ConfNames => new ConfNames(defaults, definitions(tree));
