// The table behind `default:` and `DEFAULT:`: values that hold where an option is not given, for one class of layer or for all.
import type { Pos } from '../../base/diag.ts';
import type { GensioErrorCode } from '../../base/gensio-error.ts';
import { builtInServices, type Services } from '../../base/services.ts';
import type { MutableValues, Row, Rows } from '../../options/row.ts';

export type DefaultValue = boolean | number | string | undefined;

interface DefaultInfo {
  readonly type: 'bool' | 'int' | 'enum' | 'text';
  readonly value: DefaultValue;
  readonly min?: number;
  readonly max?: number;
  readonly words?: readonly string[];
}
const INT_MAX = 0x7fffffff;
const flag = (value: boolean): DefaultInfo => ({ type: 'bool', value });
const int = (value: number, min: number, max = INT_MAX): DefaultInfo => ({ type: 'int', value, min, max });
const text = (value?: string): DefaultInfo => ({ type: 'text', value });
const word = (value: string, words: readonly string[]): DefaultInfo => ({ type: 'enum', value, words });

/** Every name that has a default: ser2net 4.3.11 and gensio 2.6.2, then what later versions added. */
const NAMES: Readonly<Record<string, DefaultInfo>> = {
  // ser2net, class ser2net
  'telnet-brk-on-sync': flag(false),
  kickolduser: flag(false),
  chardelay: flag(true),
  'chardelay-scale': int(20, 1, 1000),
  'chardelay-min': int(1000, 1, 100000),
  'chardelay-max': int(20000, 1, 1000000),
  'dev-to-net-bufsize': int(64, 1, 65536),
  'net-to-dev-bufsize': int(64, 1, 65536),
  'max-connections': int(1, 1, 65536),
  'connector-retry-time': int(10, 1, 10000000),
  'accepter-retry-time': int(10, 1, 10000000),
  remaddr: text(),
  connback: text(),
  authdir: text('/usr/share/ser2net/auth'),
  'authdir-admin': text('/etc/ser2net/auth'),
  pamauth: text(),
  'pamauth-admin': text(),
  'allowed-users': text(),
  signature: text('ser2net'),
  openstr: text(),
  closestr: text(),
  closeon: text(),
  banner: text(),
  sendon: text(),
  mdns: flag(false),
  'mdns-sysattrs': flag(false),
  'mdns-type': text(),
  'mdns-domain': text(),
  'mdns-host': text(),
  'mdns-interface': int(-1, -1, 100000),
  'timeout-on-os-queue': flag(false),
  // gensio
  nodelay: flag(false),
  laddr: text(),
  tcpd: word('on', ['on', 'print', 'off']),
  mttl: int(1, 1, 255),
  instreams: int(1, 1),
  ostreams: int(1, 1),
  sack_freq: int(1, 0),
  sack_delay: int(10, 0),
  reuseaddr: flag(true),
  xonxoff: flag(false),
  rtscts: flag(false),
  local: flag(false),
  hangup_when_done: flag(false),
  custspeed: flag(false),
  rs485: text(),
  nouucplock: flag(false),
  drain_time: int(-1, -1),
  char_drain_wait: int(50, -1),
  speed: text('9600N81'),
  nobreak: flag(false),
  authenticated: flag(true),
  encrypted: flag(true),
  'ack-timeout': int(1000000, 1),
  'ack-retries': int(10, 1),
  'shared-serial-alert': word('fail', ['fail', 'deferred', 'succeed']),
  'deassert-CTS-DCD-DSR-on-connect': flag(false),
  mode: text(),
  rfc2217: flag(false),
  CA: text(),
  cert: text(),
  key: text(),
  clientauth: flag(false),
  'allow-authfail': flag(false),
  username: text(),
  password: text(),
  service: text(),
  'use-child-auth': flag(false),
  'enable-password': flag(false),
  'max-channels': int(1000, 1),
  delsock: flag(false),
  name: text(),
  type: text(),
  domain: text(),
  host: text(),
  interface: int(-1, -1),
  nettype: text('unspec'),
  nostack: flag(false),
  // later gensio
  'hangup-when-done': flag(false),
  uucplock: flag(true),
  flock: flag(true),
  winsize: flag(false),
  'con-timeout': int(60, 0),
};

/** What ser2net and gensio set before any file is read. [name, class, value] */
const PRESET: readonly (readonly [string, string, DefaultValue])[] = [
  ['tcpd', 'tcp', 'print'],
  ['key', 'ssl', '/etc/ser2net/ser2net.key'],
  ['cert', 'ssl', '/etc/ser2net/ser2net.crt'],
  ['reuseaddr', 'udp', false],
];

/** Names that gensio 2.6.2 looks up under class sergensio. */
const SERGENSIO: readonly string[] = ['nouucplock', 'drain_time', 'char_drain_wait'];

const decimal = (value: string): number | undefined => (/^[ \t\n\r\f\v]*[+-]?[0-9]+$/.test(value) ? Number(value) : undefined);

/** The value in the type of its option: through the option's own reader, unless that is stricter than a default is. */
function asOption(row: Row<unknown>, info: DefaultInfo, value: DefaultValue): unknown {
  if (value === undefined || info.type === 'bool') return value;
  if (row.kind.name === 'off|n' && value === -1) return 'off';
  const got = row.kind.parse(info.type === 'text' && row.preset?.name === 'mode' ? String(value).toLowerCase() : String(value));
  if ('ok' in got) return got.ok;
  return info.type === 'int' ? value : row.def;
}

/** For defaults that no file set. */
const COMMAND_LINE: Pos = { file: '<cmdline>', line: 0, col: 0, len: 0 };

/** Defaults as they stand at one place of a file. Values have the types of gensio's table, not those of the rows. */
export class Defaults {
  /** Where names of ports are looked up by the readers that get these defaults. */
  readonly services: Services;
  readonly #base = new Map<string, DefaultValue>();
  readonly #classes = new Map<string, Map<string, DefaultValue>>();
  /** Where the values that were set stand, by class and name; '' for all classes. */
  readonly #places = new Map<string, Pos>();
  /** What values() found, until a default changes. */
  readonly #tables = new Map<Rows, Map<string, Record<string, unknown>>>();

  constructor(services: Services = builtInServices) {
    this.services = services;
    for (const [name, cls, value] of PRESET) this.#of(cls).set(name, value);
  }

  /**
   * Sets a default; cls undefined is for all classes. value undefined: false, 0, or no text. pos: where that is written.
   * 'notfound': no such name; 'inval': the value is of another type; 'outofrange'.
   */
  set(name: string, cls: string | undefined, value: string | undefined, pos: Pos = COMMAND_LINE): GensioErrorCode | undefined {
    const info = Object.hasOwn(NAMES, name) ? NAMES[name]! : undefined;
    if (info === undefined) return 'notfound';
    const got = readDefault(info, value);
    if ('error' in got) return got.error;
    (cls === undefined ? this.#base : this.#of(cls)).set(name, got.ok);
    this.#tables.clear();
    this.#places.set(`${cls ?? ''} ${name}`, pos);
    return undefined;
  }

  /** Takes the value of a class away again. 'notfound': no such name, or that class has none. */
  remove(name: string, cls: string): GensioErrorCode | undefined {
    if (!Object.hasOwn(NAMES, name) || !this.#classes.get(cls)?.delete(name)) return 'notfound';
    this.#tables.clear();
    this.#places.delete(`${cls} ${name}`);
    return undefined;
  }

  /** Whether any default was set. */
  get changed(): boolean {
    return this.#places.size > 0;
  }

  /** Where the value in force for a class was set; undefined: it is a built-in one. */
  where(name: string, cls: string): Pos | undefined {
    const found = this.#find(name, cls);
    return found === undefined ? undefined : this.#places.get(`${found.cls} ${name}`);
  }

  /** The value in force for a class: its own, else that for all, else the built-in one. */
  get(name: string, cls: string): DefaultValue {
    const found = this.#find(name, cls);
    return found === undefined ? NAMES[name]?.value : found.value;
  }

  /** A table of options with every default in force for the class. */
  values<R extends Rows>(rows: R, cls: string): MutableValues<R> {
    const tables = this.#tables.get(rows) ?? new Map<string, Record<string, unknown>>();
    this.#tables.set(rows, tables);
    const table = tables.get(cls) ?? this.#table(rows, cls);
    tables.set(cls, table);
    return { ...table } as MutableValues<R>;
  }
  #table(rows: Rows, cls: string): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const [key, row] of Object.entries(rows)) {
      const name = row.preset?.name;
      const info = name === undefined ? undefined : NAMES[name];
      if (name === undefined || info === undefined) {
        out[key] = row.def;
        continue;
      }
      const found = this.#find(name, cls);
      if (found !== undefined) out[key] = asOption(row, info, found.value);
      else out[key] = PRESET.some(([n, c]) => n === name && c === cls) ? asOption(row, info, info.value) : row.def;
    }
    return out;
  }

  #of(cls: string): Map<string, DefaultValue> {
    let values = this.#classes.get(cls);
    if (values === undefined) {
      values = new Map();
      this.#classes.set(cls, values);
    }
    return values;
  }

  /** cls: under which class it was found, '' for all. */
  #find(name: string, cls: string): { readonly value: DefaultValue; readonly cls: string } | undefined {
    const lookIn = cls === 'serialdev' && SERGENSIO.includes(name) ? [cls, 'sergensio'] : [cls];
    for (const c of lookIn) {
      const values = this.#classes.get(c);
      if (values?.has(name)) return { value: values.get(name), cls: c };
    }
    return this.#base.has(name) ? { value: this.#base.get(name), cls: '' } : undefined;
  }
}

function readDefault(info: DefaultInfo, value: string | undefined): { readonly ok: DefaultValue } | { readonly error: GensioErrorCode } {
  switch (info.type) {
    case 'bool': {
      if (value === undefined) return { ok: false };
      if (/^(true|TRUE|false|FALSE)$/.test(value)) return { ok: value.toLowerCase() === 'true' };
      const n = decimal(value);
      return n === undefined ? { error: 'inval' } : { ok: n !== 0 };
    }
    case 'int': {
      if (value === undefined) return { ok: 0 };
      const n = decimal(value);
      if (n === undefined) return { error: 'inval' };
      return n < info.min! || n > info.max! ? { error: 'outofrange' } : { ok: n };
    }
    case 'enum':
      return value !== undefined && info.words!.includes(value) ? { ok: value } : { error: 'inval' };
    default:
      return { ok: value };
  }
}

/** Every name a default can be set for, for hints and completion. */
export const defaultNames: readonly string[] = Object.keys(NAMES);

/** Whether a default is a text, so that taking its value away leaves none. */
export const isTextDefault = (name: string): boolean => Object.hasOwn(NAMES, name) && NAMES[name]!.type === 'text';
