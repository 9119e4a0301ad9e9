// What follows a device: `9600n81,local,rs485=...` and the old words, and how it is printed again.
import { nearest } from '../../base/text.ts';
import { LINE, type LineSpeed, type Parity, type SerialLine } from '../../options/serialdev.ts';
import type { Defaults } from './defaults.ts';
import type { Problem, Result } from './net-addr.ts';
import { quoteWord, splitWords } from './words.ts';

/** Where no default says otherwise. */
const STANDARD = LINE.speed.def as Required<LineSpeed>;

type Line = { -readonly [K in keyof SerialLine]: SerialLine[K] };

/** What may follow a device, by its name there. */
const BY_NAME: ReadonlyMap<string, keyof typeof LINE> = new Map(
  (Object.keys(LINE) as (keyof typeof LINE)[]).map((key) => [String(LINE[key].yaml), key]),
);
/** Words that are on or off. */
const FLAGS = ['xonxoff', 'rtscts', 'local', 'hangupWhenDone', 'nobreak', 'wronly'] as const;

/** Words of ser2net 2.x, in any case but for the parities. */
const OLD: Readonly<Record<string, Partial<SerialLine>>> = {
  '1STOPBIT': { stopbits: 1 },
  '2STOPBITS': { stopbits: 2 },
  '5DATABITS': { databits: 5 },
  '6DATABITS': { databits: 6 },
  '7DATABITS': { databits: 7 },
  '8DATABITS': { databits: 8 },
  '-XONXOFF': { xonxoff: false },
  '-RTSCTS': { rtscts: false },
  '-LOCAL': { local: false },
  '-NOBREAK': { nobreak: false },
  HANGUP_WHEN_DONE: { hangupWhenDone: true },
  '-HANGUP_WHEN_DONE': { hangupWhenDone: false },
};
const PARITIES: Readonly<Record<string, Parity>> = { NONE: 'N', EVEN: 'E', ODD: 'O', MARK: 'M', SPACE: 'S' };

/** Every word that may follow a device, for hints and completion. */
export const lineWords: readonly string[] = [...BY_NAME.keys(), ...Object.keys(OLD), ...Object.keys(PARITIES)];

/** The line as the defaults of class serialdev make it. A default speed that means nothing is 9600N81. */
export function defaultLine(defaults: Defaults): SerialLine {
  const { speed, dtr, rts, ...words } = defaults.values(LINE, 'serialdev');
  return { ...STANDARD, ...speed, ...words, lines: [] };
}

/** Reads the words after the comma of a device. 'inval': a word cannot be understood, which detail names. */
export function parseLine(text: string, defaults: Defaults): Result<SerialLine> {
  const split = splitWords(text, 'spaces and commas');
  if (split === undefined) return { error: 'inval', detail: 'a quote or an escape is not finished' };
  const line: Line = defaultLine(defaults);
  for (const word of split.words) {
    const problem = setWord(line, word);
    if (problem !== undefined) return problem;
  }
  return { ok: line };
}

function setWord(line: Line, word: string): Problem | undefined {
  const equals = word.indexOf('=');
  const key = (equals < 0 ? word : word.slice(0, equals)).toLowerCase();
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  const option = BY_NAME.get(key);
  const speed = LINE.speed.kind.parse(option === 'speed' && value !== undefined ? value : word);
  if ('ok' in speed) {
    Object.assign(line, speed.ok);
    return undefined;
  }
  if (option === 'rs485' && value !== undefined) {
    line.rs485 = value;
    return undefined;
  }
  if (option !== undefined && option !== 'speed' && option !== 'rs485') {
    const got = value === undefined ? { ok: true } : LINE[option].kind.parse(value);
    if ('expected' in got) return { error: 'inval', detail: `'${value}' of '${key}' is not ${got.expected}`, part: word };
    const on = got.ok === true;
    if (option === 'dtr' || option === 'rts') {
      const given = { line: option, on };
      line.lines = line.lines.some((l) => l.line === option)
        ? line.lines.map((l) => (l.line === option ? given : l))
        : [...line.lines, given];
    } else line[option] = on;
    return undefined;
  }
  const upper = word.toUpperCase();
  if (Object.hasOwn(OLD, upper)) {
    Object.assign(line, OLD[upper]);
    return undefined;
  }
  if (Object.hasOwn(PARITIES, word)) {
    line.parity = PARITIES[word]!;
    return undefined;
  }
  const frame = /^([5-8])([neoms])([12])$/i.exec(word);
  if (frame !== null) {
    const [, bits, parity, stop] = frame;
    const one = `${line.speed}${parity!.toLowerCase()}${bits}${stop}`;
    return {
      error: 'inval',
      detail: `'${word}' is not a setting of the serial line: write speed and frame as one word, '${one}'`,
      part: word,
    };
  }
  const even = Object.hasOwn(PARITIES, upper) ? ` (parity words are capitals: ${upper})` : '';
  const near = even === '' ? nearest(word, lineWords) : undefined;
  const hint = near === undefined ? even : `, did you mean '${near}'?`;
  return { error: 'inval', detail: `'${word}' is not a setting of the serial line${hint}`, part: word };
}

/** The words that read back to the same line when no defaults are set, beginning with the speed: `9600n81,local`. */
export function printLine(line: SerialLine): string {
  const words = [LINE.speed.kind.print(line)];
  for (const key of FLAGS) if (line[key]) words.push(String(LINE[key].yaml));
  for (const { line: name, on } of line.lines) words.push(`${name}=${on ? 'on' : 'off'}`);
  if (line.rs485 !== undefined) words.push(quoteWord(`rs485=${line.rs485}`));
  return words.join(',');
}
