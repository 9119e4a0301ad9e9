// The escapes in banner, openstr, closestr, closeon, sendon and the names of trace files (ser2net 4.3.11).
import type { Clock } from '../base/clock.ts';
import { encodeRaw } from '../base/raw-text.ts';
import { MONTHS, twoDigits, withoutControls } from '../base/text.ts';
import { withoutSecrets } from '../options/secrets.ts';
import type { ConnectionConfig } from './model.ts';

/** What escapes can name. */
export interface DevstrContext {
  /** \d: the connector string. */
  readonly connectorText: string;
  /** \o: the alias of a classic DEVICE line; the name when there is none. */
  readonly device: string | undefined;
  /** \N: the name of the connection. */
  readonly name: string;
  /** \p: the accepter string. */
  readonly accepterText: string;
  /** \B: the settings of the line from their first comma on, `,9600N81,CLOCAL`; empty when there is no line. */
  readonly serialText: string;
  /** \I: the peer, `ipv4,127.0.0.1,1234`; empty when there is none. */
  readonly peer: string;
  /** Time escapes; shown in local time. */
  readonly now: ReturnType<Clock['wall']>;
  /** The result is a file name: \d and \o give what comes after their last slash, and \I has `_` for slashes and control characters. */
  readonly fileName?: boolean;
}

/** What escapes name of a connection's configuration. */
export const escapesOf = ({
  name,
  device,
  accepter,
  connector,
}: ConnectionConfig): Pick<DevstrContext, 'connectorText' | 'device' | 'name' | 'accepterText'> => ({
  connectorText: connector.text,
  device,
  name,
  accepterText: accepter.text,
});

const CONTROL: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** Days since the first of January. */
function dayOfYear(now: DevstrContext['now']): number {
  const year = now.getFullYear();
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return lengths.slice(0, now.getMonth()).reduce((sum, days) => sum + days, now.getDate() - 1);
}

/** What an escape letter stands for; `undefined` for the letter itself. */
function named(letter: string, ctx: DevstrContext): string | undefined {
  const { now } = ctx;
  const path = (text: string): string => (ctx.fileName === true ? text.slice(text.lastIndexOf('/') + 1) : text);
  /** A stranger's text is one piece of a path, and leads nowhere. */
  const part = (text: string): string => (ctx.fileName === true ? withoutControls(text, () => '_').replaceAll('/', '_') : text);
  switch (letter) {
    case 'd':
      return path(withoutSecrets(ctx.connectorText));
    case 'o':
      return path(ctx.device ?? ctx.name);
    case 'N':
      return ctx.name;
    case 'p':
      return withoutSecrets(ctx.accepterText);
    case 'B':
      return ctx.serialText;
    case 'I':
      return part(ctx.peer);
    case 'Y':
      return String(now.getFullYear());
    case 'y':
      return String(dayOfYear(now));
    case 'M':
      return MONTHS[now.getMonth()];
    case 'm':
      return String(now.getMonth() + 1);
    case 'A':
      return DAYS[now.getDay()];
    case 'D':
      return String(now.getDate());
    case 'H':
      return twoDigits(now.getHours());
    case 'h':
      return twoDigits(now.getHours() % 12 || 12);
    case 'i':
      return twoDigits(now.getMinutes());
    case 'S':
      return twoDigits(now.getSeconds());
    case 'q':
      return now.getHours() < 12 ? 'am' : 'pm';
    case 'P':
      return now.getHours() < 12 ? 'AM' : 'PM';
    case 'T':
      return `${twoDigits(now.getHours())}:${twoDigits(now.getMinutes())}:${twoDigits(now.getSeconds())}`;
    case 'e':
      return String(Math.floor(now.getTime() / 1000));
    case 'U':
      return String(now.getMilliseconds() * 1000).padStart(6, '0');
    default:
      return undefined;
  }
}

/** The bytes of a text with its escapes carried out. A backslash at the end is dropped; any text is fine. */
export function expandDevstr(text: string, ctx: DevstrContext): Buffer {
  const parts: Buffer[] = [];
  let i = 0;
  while (i < text.length) {
    const slash = text.indexOf('\\', i);
    if (slash !== i) parts.push(encodeRaw(slash < 0 ? text.slice(i) : text.slice(i, slash)));
    if (slash < 0) break;
    const c = text[slash + 1];
    if (c === undefined) break;
    i = slash + 2;
    // One to three digits, of which only the first must be octal; ser2net 4.3.11 loses shorter ones before other characters.
    const digits = /^[0-7][0-9]{0,2}/.exec(text.slice(slash + 1, slash + 4))?.[0];
    if (digits !== undefined) {
      parts.push(Buffer.from([[...digits].reduce((n, d) => n * 8 + Number(d), 0) & 0xff]));
      i = slash + 1 + digits.length;
    } else if (c === 'x') {
      const hex = /^[0-9a-fA-F]{0,2}/.exec(text.slice(i, i + 2))![0];
      if (hex !== '') parts.push(Buffer.from([Number.parseInt(hex, 16)]));
      i += hex.length;
    } else if (Object.hasOwn(CONTROL, c)) parts.push(Buffer.from([CONTROL[c]!]));
    else {
      const meant = named(c, ctx);
      // An escaped letter beyond ASCII may be the first half of a pair: it is left for the run after it.
      if (meant !== undefined) parts.push(encodeRaw(meant));
      else if (c > '\x7f') i = slash + 1;
      else parts.push(Buffer.from(c));
      if (c > '\x7f') {
        const next = text.indexOf('\\', i);
        parts.push(encodeRaw(next < 0 ? text.slice(i) : text.slice(i, next)));
        i = next < 0 ? text.length : next;
      }
    }
  }
  return Buffer.concat(parts);
}

/** Text whose expansion is these very characters: each backslash doubled. */
export const escapeDevstr = (text: string): string => text.replaceAll('\\', '\\\\');

/** `\s` until ser2net 3: the line parameters, in names of files the seconds. Where it stands, and what to say of it; `undefined` if it does not. */
export function oldEscape(text: string, file: boolean): { readonly at: number; readonly text: string; readonly hint: string } | undefined {
  const at = text.replace(/\\[^s]/g, '  ').indexOf('\\s');
  if (at < 0) return undefined;
  return { at, text: "'\\s' is the letter s since ser2net 4", hint: file ? "'\\S' is the seconds" : "'\\B' is the line parameters" };
}
