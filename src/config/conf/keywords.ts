// The words of the option list that ser2net 4.3.11 no longer takes, and the fixed words of all versions, for hints.

import { lineWords } from '../../gensio/syntax/serial-line.ts';
import { CONNECTION } from '../../options/connection.ts';
import { spellings } from '../../options/row.ts';
import { optionShorthands } from '../connection-options.ts';

/** Words that 3.5.1 took and that make 4.3.11 drop the whole port, with what to write today. */
const GONE: Readonly<Record<string, string>> = {
  hexdump: 'trace-hexdump',
  timestamp: 'trace-timestamp',
  'tr-hexdump': 'trace-read-hexdump',
  'tr-timestamp': 'trace-read-timestamp',
  'tw-hexdump': 'trace-write-hexdump',
  'tw-timestamp': 'trace-write-timestamp',
  'tb-hexdump': 'trace-both-hexdump',
  'tb-timestamp': 'trace-both-timestamp',
  none: 'NONE',
  even: 'EVEN',
  odd: 'ODD',
  mark: 'MARK',
  space: 'SPACE',
};

/** Keys of 3.5.1 and what they are called now. */
const RENAMED: Readonly<Record<string, string>> = {
  'dev-to-tcp-bufsize': 'dev-to-net-bufsize',
  'tcp-to-dev-bufsize': 'net-to-dev-bufsize',
};

/** What mattered only to IPMI serial-over-LAN devices (`sol.`, 3.5.1). */
const IPMI =
  /^(-?(authenticated|encrypted|deassert_CTS_DCD_DSR_on_connect)|shared_serial_alert_(fail|deferred|succeed)|ack-(timeout|retries)=[0-9]+)$/;

/** What a word that only versions before 4 took is written as today; `undefined` if no version took it. */
export function modernWord(word: string): string | undefined {
  if (Object.hasOwn(GONE, word)) return GONE[word];
  const equals = word.indexOf('=');
  const key = equals < 0 ? '' : word.slice(0, equals);
  return Object.hasOwn(RENAMED, key) ? `${RENAMED[key]}=${word.slice(equals + 1)}` : undefined;
}

/** Whether a word only ever concerned IPMI serial-over-LAN. */
export const isIpmiWord = (word: string): boolean => IPMI.test(word);

/** Serial parameters that count only in capitals. */
const CAPITALS = ['XONXOFF', 'RTSCTS', 'LOCAL', 'HANGUP_WHEN_DONE', 'NOBREAK', 'NONE', 'EVEN', 'ODD', 'MARK', 'SPACE'];

/** The word in capitals, where it means something only then. */
export function inCapitals(word: string): string | undefined {
  const upper = word.toUpperCase();
  return word !== upper && CAPITALS.includes(upper.replace(/^-/, '')) ? upper : undefined;
}

/** Every fixed word, for hints. */
export const keywords: readonly string[] = [
  ...lineWords.filter((word) => word === word.toUpperCase()),
  ...CAPITALS,
  ...spellings(CONNECTION, 'conf'),
  ...optionShorthands,
  ...Object.keys(GONE),
  ...['remctl', '-kickolduser', '-chardelay', 'telnet_brk_on_sync', 'tr', 'tw', 'tb', 'rs485'],
];
