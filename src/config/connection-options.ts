// The options of a connection as both formats decode them: the rows of options/connection.ts, the shorthands for all three traces,
// and the spellings of ser2net 2.x that 4.3.11 still takes. See portconfig's order: the first spelling that fits wins.
import type { GensioErrorCode } from '../base/gensio-error.ts';
import type { Defaults } from '../gensio/syntax/defaults.ts';
import { parseRemaddr } from '../gensio/syntax/net-addr.ts';
import { CONNECTION, type ConnectionOptions } from '../options/connection.ts';
import { bool, str } from '../options/kind.ts';
import { keyOf, type MutableValues, setOption } from '../options/row.ts';

/** What options may refer to. */
interface OptionNames {
  /** Whether an LED of that name was defined. */
  hasLed(name: string): boolean;
  /** The file of a classic TRACEFILE name, and the text of an RS485CONF name; `undefined` if there is no such name. */
  traceFile?(name: string): string | undefined;
  rs485?(name: string): string | undefined;
}

/**
 * What is wrong with an option, or only noteworthy. 'dropped' is for spellings of ser2net 2.x: fine, but old. All but 'dropped' and
 * 'no-such-name' lose the connection.
 */
export type OptionProblem =
  | { readonly is: 'unknown' }
  | { readonly is: 'bad-value'; readonly expected: string }
  | { readonly is: 'no-led'; readonly option: (typeof LED_OPTIONS)[number]; readonly led: string }
  | { readonly is: 'bad-address'; readonly address: string; readonly error: GensioErrorCode; readonly detail: string }
  | { readonly is: 'no-such-name'; readonly kind: 'Tracefile' | 'RS485 configuration'; readonly name: string }
  | { readonly is: 'dropped'; readonly better: string };

type Options = MutableValues<typeof CONNECTION>;

/** Words for the device, kept in capitals, and what is appended to the connector for them. */
const DEVICE_WORDS: Readonly<Record<string, string>> = {
  XONXOFF: 'XONXOFF',
  '-XONXOFF': 'xonxoff=false',
  RTSCTS: 'RTSCTS',
  '-RTSCTS': 'rtscts=false',
  LOCAL: 'LOCAL',
  '-LOCAL': 'local=false',
  HANGUP_WHEN_DONE: 'hangup-when-done',
  '-HANGUP_WHEN_DONE': 'hangup-when-done=false',
  NOBREAK: 'NOBREAK',
  '-NOBREAK': 'nobreak=false',
  NONE: 'NONE',
  EVEN: 'EVEN',
  ODD: 'ODD',
  MARK: 'MARK',
  SPACE: 'SPACE',
};

/** Old spellings without a value. */
const OLD: Readonly<Record<string, Partial<Options>>> = {
  remctl: {},
  '-remctl': {},
  '-kickolduser': { kickolduser: false },
  '-hexdump': { traceReadHexdump: false, traceWriteHexdump: false, traceBothHexdump: false },
  '-timestamp': { traceReadTimestamp: false, traceWriteTimestamp: false, traceBothTimestamp: false },
  '-tr-hexdump': { traceReadHexdump: false },
  '-tw-hexdump': { traceWriteHexdump: false },
  '-tb-hexdump': { traceBothHexdump: false },
  '-tr-timestamp': { traceReadTimestamp: false },
  '-tw-timestamp': { traceWriteTimestamp: false },
  '-tb-timestamp': { traceBothTimestamp: false },
  telnet_brk_on_sync: { telnetBrkOnSync: true },
  '-telnet_brk_on_sync': { telnetBrkOnSync: false },
  '-chardelay': { chardelay: false },
};
const TRACE_OF: Readonly<Record<string, 'traceRead' | 'traceWrite' | 'traceBoth'>> = { tr: 'traceRead', tw: 'traceWrite', tb: 'traceBoth' };

/** Options whose default counts only when nothing at all was given. */
const LATE = ['remaddr', 'connback', 'allowedUsers'] as const;

const LED_OPTIONS = ['led-rx', 'led-tx', 'led-conn'] as const;

/** Names that are taken beside those of the rows, for hints. */
export const optionShorthands: readonly string[] = ['trace-hexdump', 'trace-timestamp'];

/** The keys of the rows that an option sets, written `name` or `name=value`, old spellings included. */
export function keysSetBy(text: string): readonly string[] {
  const name = /^[^=]*/.exec(text)![0].toLowerCase();
  const found = keyOf(CONNECTION, name);
  if (found !== undefined) return [found];
  const forAll = /^trace-(hexdump|timestamp)$/.exec(name)?.[1];
  if (forAll !== undefined) return keysSetBy(`-${forAll}`);
  if (Object.hasOwn(OLD, text)) return Object.keys(OLD[text]!);
  return Object.hasOwn(TRACE_OF, name) ? [TRACE_OF[name]!] : [];
}

/** Gathers the options of one connection, in the order they are written. */
export class OptionReader {
  readonly #options: Options;
  readonly #defaults: Options;
  readonly #names: OptionNames;
  readonly #services: Defaults['services'];
  readonly #device: string[] = [];
  #rs485: string | undefined;

  constructor(defaults: Defaults, names: OptionNames) {
    this.#defaults = defaults.values(CONNECTION, 'ser2net');
    this.#options = { ...this.#defaults };
    for (const key of LATE) this.#options[key] = undefined;
    this.#names = names;
    this.#services = defaults.services;
  }

  /** One option as `name` or `name=value`; `undefined` if it was taken. */
  set(text: string): OptionProblem | undefined {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? undefined : text.slice(equals + 1);
    if (/^[0-9]/.test(text) || Object.hasOwn(DEVICE_WORDS, text)) {
      this.#device.push(DEVICE_WORDS[text] ?? text);
      return { is: 'dropped', better: 'put it after the device in the connector' };
    }
    const forAll = /^trace-(hexdump|timestamp)$/i.exec(name)?.[1]?.toLowerCase();
    if (forAll !== undefined) return this.#setTraces(forAll as 'hexdump' | 'timestamp', value);
    const got = setOption(CONNECTION, this.#options, name, value);
    if (got === 'ok') return this.#check(name.toLowerCase(), value ?? '');
    const led = LED_OPTIONS.find((each) => each === name.toLowerCase());
    if (led !== undefined && value === '') return { is: 'no-led', option: led, led: '' };
    if (got !== 'unknown') return value === '' && this.#unset(name.toLowerCase()) ? undefined : { is: 'bad-value', expected: got.expected };
    return this.#setOld(text, name, value);
  }

  /** What is appended to the connector string: empty, or with its comma. */
  get deviceSuffix(): string {
    const words = this.#rs485 === undefined ? this.#device : [...this.#device, `rs485=${this.#rs485}`];
    return words.map((word) => `,${word}`).join('');
  }

  /** The options with limits kept and late defaults filled in; or the default that cannot be used. */
  finish(): { readonly ok: ConnectionOptions } | { readonly problem: OptionProblem } {
    const o = this.#options;
    o.devToNetBufsize = Math.max(o.devToNetBufsize, 2);
    o.netToDevBufsize = Math.max(o.netToDevBufsize, 2);
    o.maxConnections = Math.max(o.maxConnections, 1);
    o.accepterRetryTime = Math.max(o.accepterRetryTime, 1);
    o.connectorRetryTime = Math.max(o.connectorRetryTime, 1);
    o.allowedUsers ??= this.#defaults.allowedUsers;
    if (o.remaddr === undefined && this.#defaults.remaddr !== undefined) {
      o.remaddr = this.#defaults.remaddr;
      const problem = this.#check('remaddr', o.remaddr.join(';'));
      if (problem !== undefined) return { problem };
    }
    if (!(o.remaddr ?? []).some((addr) => addr.startsWith('!'))) o.connback ??= this.#defaults.connback;
    return { ok: o };
  }

  /** `name=` without a text, as a classic file may have it: a text is none then, a list stays as it is. false: it needs a value. */
  #unset(name: string): boolean {
    const found = Object.entries(CONNECTION).find(([key, row]) => row.yaml === name && !key.startsWith('led'));
    if (found === undefined) return false;
    const [key, row] = found;
    if ('adds' in row) return true;
    if (row.kind !== str) return false;
    (this.#options as Record<string, unknown>)[key] = key === 'authdir' ? '' : undefined;
    return true;
  }

  #setTraces(what: 'hexdump' | 'timestamp', value: string | undefined): OptionProblem | undefined {
    const got = value === undefined ? { ok: true } : bool.parse(value);
    if ('expected' in got) return { is: 'bad-value', expected: got.expected };
    for (const name of ['read', 'write', 'both']) setOption(CONNECTION, this.#options, `trace-${name}-${what}`, String(got.ok));
    return undefined;
  }

  /** What is known to be wrong with a value that reads well. */
  #check(name: string, value: string): OptionProblem | undefined {
    if ((name === 'led-rx' || name === 'led-tx' || name === 'led-conn') && !this.#names.hasLed(value)) {
      return { is: 'no-led', option: name, led: value };
    }
    if (name === 'remaddr') {
      for (const address of value.split(';')) {
        const got = address === '' ? undefined : parseRemaddr(address, this.#services);
        if (got !== undefined && 'error' in got) return { is: 'bad-address', address, ...got };
      }
    }
    return undefined;
  }

  #setOld(text: string, name: string, value: string | undefined): OptionProblem | undefined {
    if (Object.hasOwn(OLD, text)) {
      Object.assign(this.#options, OLD[text]);
      return { is: 'dropped', better: 'write the option of ser2net 4 with =true or =false' };
    }
    const key = name.toLowerCase();
    if (value === undefined) return { is: 'unknown' };
    if (Object.hasOwn(TRACE_OF, key)) {
      const file = this.#names.traceFile?.(value);
      this.#options[TRACE_OF[key]!] = file;
      return file === undefined
        ? { is: 'no-such-name', kind: 'Tracefile', name: value }
        : { is: 'dropped', better: 'use trace-read, trace-write or trace-both' };
    }
    if (key === 'rs485') {
      this.#rs485 = this.#names.rs485?.(value);
      return this.#rs485 === undefined
        ? { is: 'no-such-name', kind: 'RS485 configuration', name: value }
        : { is: 'dropped', better: 'put rs485= after the device in the connector' };
    }
    return { is: 'unknown' };
  }
}
