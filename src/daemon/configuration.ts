// Where the daemon's configuration comes from, and what it says about problems in it: the seam between the command line and config/.
import { type Diag, formatDiag } from '../base/diag.ts';
import type { LogLevel } from '../base/log.ts';
import type { Reading } from '../config/model.ts';

/** What came of reading everything the command names. */
export type Outcome = ReadOutcome | NoOutcome;

/** A configuration was read. */
export interface ReadOutcome {
  /** Something was read, whatever is wrong with it. */
  readonly kind: 'read';
  /** The configuration, and its problems. */
  readonly reading: Reading;
  /** What was read, as messages name it: a path, `<stdin>` or `<cmdline>`. */
  readonly file?: string;
  /** Said on stderr each time a classic file is opened. */
  readonly note?: string;
}

/** There is nothing to read. */
export interface NoOutcome {
  /** mixed: texts and file are of different formats, which is a mistake in the command. */
  readonly kind: 'unreadable' | 'mixed';
  /** The line for the log. */
  readonly text: string;
  /** Why the file could not be opened, in the words of the system. */
  readonly reason?: string;
  /** As in ReadOutcome. */
  readonly note?: string;
}

/** How the daemon gets at its configuration. */
export interface ConfigReader {
  /** There is a file that can be read again. */
  readonly reloadable: boolean;
  /** Reads all of it; the second time what can be read again. */
  read(when: 'start' | 'reload'): Outcome | Promise<Outcome>;
}

interface ReportLine {
  readonly level: Extract<LogLevel, 'err' | 'info'>;
  readonly text: string;
  /** It is a message of ser2net 4.3.11 that begins with a place in a YAML file. */
  readonly placed?: boolean;
}

/** On one line, as a log has it: the hint in parentheses at its end. */
const oneLine = ({ hint, ...diag }: Diag): string => formatDiag(diag) + (hint === undefined ? '' : ` (${hint})`);

/**
 * Problems as the log shows them: in ser2net 4.3.11's words where it has some, all at its one level, and with their true place to
 * those who want to know more (-l). In ours alone what it does not notice: errors, because something is left out; warnings as before.
 * What is only found by reading on after a mistake is for those, too: the mistake itself says that something is left out.
 * A word of old versions that 4.3.11 refuses is taken: there both are needed.
 */
export function reportLines({ diags }: Reading): readonly ReportLine[] {
  return diags.flatMap((diag) => {
    const own: ReportLine = { level: diag.severity === 'error' && diag.further !== true ? 'err' : 'info', text: oneLine(diag) };
    if (diag.classic === undefined) return [own];
    return [
      { level: 'err', text: diag.classic, placed: diag.placed === true },
      { ...own, level: diag.code === 'old-spelling' ? 'err' : 'info' },
    ];
  });
}
