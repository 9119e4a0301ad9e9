// What stands behind a device: `9600n81,local,rs485=...` and the old words, and how it is printed again.
import { bool } from '../options/kind.ts';
import type { Parity, SerialLine } from '../options/serialdev.ts';
import type { Defaults } from './defaults.ts';
import type { Problem, Result } from './net-addr.ts';
import { quoteWord, splitWords } from './words.ts';

type Line = { -readonly [K in keyof SerialLine]: SerialLine[K] };
type Speed = Pick<SerialLine, 'speed' | 'parity' | 'databits' | 'stopbits'>;

const STANDARD: Speed = { speed: 9600, parity: 'N', databits: 8, stopbits: 1 };
const MAX_SPEED = 0x7fffffff;

/** `9600`, `9600n81` and all between: the parts that are there; undefined: not a speed. */
function speedWord(word: string): Partial<Speed> | undefined {
  const m = /^([0-9]+)(?:([neoms])(?:([5-8])([12])?)?)?$/i.exec(word);
  if (m === null || Number(m[1]) < 10 || Number(m[1]) > MAX_SPEED) return undefined;
  return {
    speed: Number(m[1]),
    ...(m[2] !== undefined && { parity: m[2].toUpperCase() as Parity }),
    ...(m[3] !== undefined && { databits: Number(m[3]) as Speed['databits'] }),
    ...(m[4] !== undefined && { stopbits: Number(m[4]) as Speed['stopbits'] }),
  };
}

/** Flags by the name they have behind a device. */
const FLAGS = {
  xonxoff: 'xonxoff',
  rtscts: 'rtscts',
  local: 'local',
  'hangup-when-done': 'hangupWhenDone',
  nobreak: 'nobreak',
  wronly: 'wronly',
} as const;

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

/** Every word that may stand behind a device, for hints and completion. */
export const lineWords: readonly string[] = [
  ...Object.keys(FLAGS),
  'speed',
  'dtr',
  'rts',
  'rs485',
  ...Object.keys(OLD),
  ...Object.keys(PARITIES),
];

/** The line as the defaults of class serialdev make it. A default speed that means nothing is 9600N81. */
export function defaultLine(defaults: Defaults): SerialLine {
  const is = (name: string): boolean => defaults.get(name, 'serialdev') === true;
  const rs485 = defaults.get('rs485', 'serialdev');
  return {
    ...STANDARD,
    ...speedWord(String(defaults.get('speed', 'serialdev') ?? '')),
    xonxoff: is('xonxoff'),
    rtscts: is('rtscts'),
    local: is('local'),
    hangupWhenDone: is('hangup_when_done') || is('hangup-when-done'),
    nobreak: is('nobreak'),
    lines: [],
    rs485: typeof rs485 === 'string' ? rs485 : undefined,
    wronly: false,
  };
}

/** Reads the words behind the comma of a device. 'inval': a word means nothing, which detail names. */
export function parseLine(text: string, defaults: Defaults): Result<SerialLine> {
  const split = splitWords(text, 'blanks and commas');
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
  const speed = speedWord(key === 'speed' && value !== undefined ? value : word);
  if (speed !== undefined) {
    Object.assign(line, speed);
    return undefined;
  }
  if (key === 'rs485' && value !== undefined) {
    line.rs485 = value;
    return undefined;
  }
  if (Object.hasOwn(FLAGS, key) || key === 'dtr' || key === 'rts') {
    const on = value === undefined ? true : bool.parse(value);
    if (on !== true && 'expected' in on) return { error: 'inval', detail: `'${value}' of '${key}' is not ${on.expected}` };
    const flag = on === true || on.ok;
    if (key === 'dtr' || key === 'rts') {
      const given = { line: key, on: flag } as const;
      line.lines = line.lines.some((l) => l.line === key) ? line.lines.map((l) => (l.line === key ? given : l)) : [...line.lines, given];
    } else line[FLAGS[key as keyof typeof FLAGS]] = flag;
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
  const even = Object.hasOwn(PARITIES, upper) ? ` (parity words are capitals: ${upper})` : '';
  return { error: 'inval', detail: `'${word}' is not a setting of the serial line${even}` };
}

/** The words that read back to the same line when no defaults are set, beginning with the speed: `9600n81,local`. */
export function printLine(line: SerialLine): string {
  const words = [`${line.speed}${line.parity}${line.databits}${line.stopbits}`];
  for (const [name, key] of Object.entries(FLAGS)) if (line[key]) words.push(name);
  for (const { line: name, on } of line.lines) words.push(`${name}=${on ? 'on' : 'off'}`);
  if (line.rs485 !== undefined) words.push(quoteWord(`rs485=${line.rs485}`));
  return words.join(',');
}
