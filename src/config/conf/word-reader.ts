// One word of an option list, in the order ser2net 4.3.11 looks it up: what connection-options.ts takes, then the named strings;
// then what only versions before 4 took.
import type { DiagCode } from '../../base/diag.ts';
import { GENSIO_ERRORS } from '../../base/gensio-error.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { parseLine } from '../../gensio/syntax/serial-line.ts';
import type { OptionProblem, OptionReader } from '../connection-options.ts';
import type { NamedString, NamedText } from './entry.ts';
import type { Field } from './fields.ts';
import { wordHint } from './hint.ts';
import { isIpmiWord, keywords, modernWord } from './keywords.ts';
import { messages } from './messages.ts';
import type { ConfNames } from './names.ts';
import type { Extra, LineReport } from './report.ts';

const TRACES: Readonly<Record<string, string>> = { tr: 'trace-read', tw: 'trace-write', tb: 'trace-both' };
/** Options whose bare name is also a common name for a text in files of 2.x and 3.x. */
const SHADOWED = ['banner', 'openstr', 'closestr', 'signature'];

const BARE = new Defaults();
/** Whether a word is settings of the line alone. */
const isLineWords = (word: string): boolean => !('error' in parseLine(word, BARE));

/** Reads the words of one port line, and keeps what the reader of options does not: who wrote it, and what 4.3.11 says. */
export class WordReader {
  /** By option: the named text it was set from, if that was the last to set it. */
  readonly strings = new Map<string, NamedText>();
  /** remctl as the words left it; `undefined` if not mentioned. */
  remctl: boolean | undefined;
  /** Whether 4.3.11 would have dropped the port by now, and say nothing more about it. */
  droppedByClassic = false;
  readonly #options: OptionReader;
  readonly #report: LineReport;
  readonly #names: ConfNames;
  /** The device is an IPMI one of 3.x. */
  readonly #ipmi: boolean;

  constructor(options: OptionReader, report: LineReport, names: ConfNames, ipmi: boolean) {
    this.#options = options;
    this.#report = report;
    this.#names = names;
    this.#ipmi = ipmi;
  }

  /** Takes one word. false: it cannot be used, which has been reported, and the port is to be dropped. */
  read(where: Field): boolean {
    const word = where.text;
    const string = this.#names.strings.get(word);
    // 4.3.11 takes a bare `banner` for an empty one, and prints nothing for BANNER:banner:..., the most common name of all.
    if (string !== undefined && string.kind !== 'device' && SHADOWED.includes(word)) return this.#useString(string);
    const parts = this.#parts(where);
    if (parts !== undefined) return this.#readParts(where, parts);
    if (string !== undefined && string.kind !== 'device' && /^[0-9]/.test(word) && !isLineWords(word)) {
      this.#report.warning(
        'old-spelling',
        where,
        `ser2net 4 takes '${word}' for a setting of the line; it is read as the ${string.kind} of that name`,
        {
          hint: 'let names begin with a letter',
        },
      );
      return this.#useString(string);
    }
    if (word === 'remctl' || word === '-remctl') {
      this.remctl = word === 'remctl';
      return true;
    }
    const problem = this.#set(word);
    if (problem === undefined && SHADOWED.includes(word)) this.#questionEmpty(where);
    if (problem?.is !== 'unknown' && !isBareOther(word, problem)) return this.#judge(where, problem);
    if (string !== undefined && string.kind !== 'device') return this.#useString(string);
    return this.#readOld(where);
  }

  /** The words of one that 2.x and 3.x took for several, with commas between them; `undefined` if it is one. */
  #parts({ text, at }: Field): readonly Field[] | undefined {
    if (!/^[^,=]+(,[^,=]+)+$/.test(text) || this.#names.strings.has(text) || isLineWords(text)) return undefined;
    const parts: Field[] = [];
    for (const part of text.split(','))
      parts.push({ text: part, at: at + (parts.length === 0 ? 0 : parts.at(-1)!.at - at + parts.at(-1)!.text.length + 1) });
    const known = ({ text: part }: Field): boolean => isLineWords(part) || this.#names.strings.has(part) || keywords.includes(part);
    return parts.every(known) ? parts : undefined;
  }

  #readParts(where: Field, parts: readonly Field[]): boolean {
    const classic = /^[0-9]/.test(where.text) ? undefined : this.#once(messages.unknownItem(where.text));
    this.#report.warning(
      'old-spelling',
      where,
      `'${where.text}' is read as ${parts.length} words; ser2net 4 takes spaces alone between them`,
      {
        hint: `write '${parts.map(({ text }) => text).join(' ')}'`,
        classic,
      },
    );
    return parts.map((part) => this.read(part)).every((taken) => taken);
  }

  /** The bare name of a text, which makes it empty. */
  #questionEmpty(where: Field): void {
    const word = where.text;
    const later = this.#names.later.get(word);
    this.#report.warning('questionable', where, `the ${word} is empty: no line before this one defines '${word}'`, {
      hint:
        later === undefined
          ? `define it with a line '${word.toUpperCase()}:${word}:text' before this one`
          : `move line ${later} before this one`,
    });
  }

  #set(word: string): OptionProblem | undefined {
    const name = /^[^=]*/.exec(word)![0].toLowerCase();
    // The bare name of a text counts in small letters only.
    if (word !== name && SHADOWED.includes(name) && word.length === name.length) return { is: 'unknown' };
    const trace = Object.hasOwn(TRACES, name) ? TRACES[name]! : name;
    this.strings.delete(trace);
    const problem = this.#options.set(word);
    const file = word.slice(name.length + 1);
    const text = trace === name ? undefined : this.#names.tracefiles.get(file);
    if (text !== undefined) this.strings.set(trace, { kind: 'tracefile', name: file, text });
    return problem;
  }

  #useString(string: NamedString): boolean {
    this.#options.set(`${string.kind}=${string.text}`);
    this.strings.set(string.kind, string);
    return true;
  }

  /** A word that cannot be used: what becomes of the port. */
  #lose(code: DiagCode, where: Field, text: string, extra: Extra): boolean {
    const keep = this.#names.keepPorts;
    if (keep) this.#report.warning(code, where, `${text}; it is left out`, extra);
    else this.#report.error(code, where, `${text}; the port is left out`, extra);
    this.#report.readingOn ||= !keep;
    return keep;
  }

  /** Whether the port is kept, with what is to be said. */
  #judge(where: Field, problem: OptionProblem | undefined): boolean {
    const report = this.#report;
    switch (problem?.is) {
      case undefined:
      case 'dropped':
        return true;
      case 'no-such-name': {
        const tracefile = problem.kind === 'Tracefile';
        const said = tracefile ? messages.noTracefile(problem.name) : messages.noRs485(problem.name);
        report.warning(
          'not-found',
          where,
          `no ${tracefile ? 'TRACEFILE' : 'RS485CONF'} line before this one defines '${problem.name}'; it is ignored`,
          {
            classic: this.droppedByClassic ? undefined : said,
          },
        );
        return true;
      }
      case 'no-led':
        return this.#judgeLed(where, problem.option, problem.led);
      case 'bad-address':
        report.error('bad-address', where, `remaddr: ${problem.detail}; the port is left out`, {
          hint: 'an address is host,port; port 0 stands for any',
          classic: this.#once(messages.badRemaddr(problem.address, GENSIO_ERRORS[problem.error])),
        });
        report.readingOn = true;
        return false;
      case 'bad-value':
        return this.#lose('bad-value', where, `'${where.text}' is not ${problem.expected}`, {
          classic: this.#once(messages.unknownItem(where.text)),
        });
      default:
        return false;
    }
  }

  #judgeLed(where: Field, option: string, led: string): boolean {
    const classic = this.#once(option === 'led-conn' ? messages.unknownItem(where.text) : messages.noLed(option, led));
    if (!this.#names.leds.has(led)) {
      return this.#lose('not-found', where, `no LED line before this one defines '${led}'`, { classic });
    }
    if (classic !== undefined) this.#report.warning('old-spelling', where, `ser2net 4 does not have the LED '${led}'`, { classic });
    return true;
  }

  /** A word that 4.3.11 does not understand. */
  #readOld(where: Field): boolean {
    const word = where.text;
    const report = this.#report;
    const classic = this.#once(messages.unknownItem(word));
    const now = modernWord(word);
    if (now !== undefined) {
      const problem = this.#options.set(now);
      if (problem?.is === 'bad-value') {
        return this.#lose('bad-value', where, `'${word}' is not ${problem.expected}`, { classic });
      }
      report.warning('old-spelling', where, `'${word}' is a word of ser2net 3 and older; it is read as '${now}'`, {
        hint: `write '${now}'`,
        classic,
      });
      return true;
    }
    if (this.#ipmi && isIpmiWord(word)) {
      report.warning('old-spelling', where, `'${word}' is for IPMI devices of ser2net 3; it has no effect`, { classic });
      return true;
    }
    return this.#lose('unknown-option', where, `'${word}' is not an option, nor a text defined before this line`, {
      hint: wordHint(word, report.line.line, this.#names),
      classic,
    });
  }

  /** A message of 4.3.11, if it is still reading the line; it drops the port at the first word it does not understand. */
  #once(text: string): string | undefined {
    if (this.droppedByClassic) return undefined;
    this.droppedByClassic = true;
    return text + this.#report.onLine;
  }
}

/** An option that needs a value, given without one: its name may still be that of a string. */
const isBareOther = (word: string, problem: OptionProblem | undefined): boolean => problem?.is === 'bad-value' && !word.includes('=');
