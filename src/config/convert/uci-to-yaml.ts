// OpenWrt's /etc/config/ser2net as a ser2net.yaml: what its service would give to ser2net. Facts from the init script of its package.
import type { Diag, DiagCode } from '../../base/diag.ts';
import { scalar, wellFormed } from '../yaml/quote.ts';

/** An option with its value, and the line it is in. */
interface UciValue {
  readonly text: string;
  readonly line: number;
}

/** A section of UCI. */
interface UciSection {
  readonly kind: string;
  readonly name: string | undefined;
  readonly line: number;
  readonly options: Map<string, UciValue>;
  readonly lists: Map<string, UciValue[]>;
}

/** The words of a line: in quotes of either kind, or up to the next space; `undefined` if a quote is not closed. */
function words(line: string): string[] | undefined {
  const out: string[] = [];
  const word = /\s*(?:#.*$|((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"#\\])+))/y;
  for (let at = 0; at < line.trimEnd().length; at = word.lastIndex) {
    word.lastIndex = at;
    const m = word.exec(line);
    if (m === null) return undefined;
    if (m[1] === undefined) return out;
    out.push(
      m[1].replace(
        /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
        (_, single?: string, double?: string, char?: string) => single ?? double?.replace(/\\(.)/g, '$1') ?? char ?? '',
      ),
    );
  }
  return out;
}

const TRUE = ['1', 'on', 'true', 'yes', 'enabled'];
const FALSE = ['0', 'off', 'false', 'no', 'disabled'];
/** Words of a serial line that are switches. */
const SWITCHES = ['rtscts', 'local', 'xonxoff', 'nobreak', 'hangup_when_done'];
/** Options of a connection that are switches. */
const OPTIONS = ['chardelay', 'telnet_brk_on_sync', 'kickolduser'];
/** Everything an option may be, by kind of section. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  controlport: ['enabled', 'host', 'port'],
  default: ['speed', 'baudrate', 'databits', 'parity', 'stopbits', 'chardelay_scale', 'chardelay_min', 'remctl', ...SWITCHES, ...OPTIONS],
  led: ['driver', 'device', 'duration', 'state'],
  proxy: [
    'enabled',
    'port',
    'protocol',
    'timeout',
    'device',
    'baudrate',
    'databits',
    'parity',
    'stopbits',
    'led_tx',
    'led_rx',
    'remctl',
    'options',
    ...SWITCHES,
    ...OPTIONS,
  ],
};
const quote = (text: string): string => scalar(wellFormed(text), 'v1');
const yamlName = (key: string): string => key.replaceAll('_', '-');

/** The text as version 1 of ser2net.yaml. Never throws; what could not be taken over is in the problems. */
export function uciToYaml(text: string, file: string): { readonly text: string; readonly diags: readonly Diag[] } {
  const uci = new Uci(text, file);
  return { text: uci.print(), diags: uci.diags };
}

class Uci {
  readonly diags: Diag[] = [];
  readonly #file: string;
  readonly #lines: readonly string[];
  readonly #sections: UciSection[] = [];
  readonly #taken = new Set<string>();

  constructor(text: string, file: string) {
    this.#file = file;
    this.#lines = text.split(/\r?\n/);
    for (const [i, line] of this.#lines.entries()) this.#line(line, i + 1);
  }

  #problem(severity: Diag['severity'], code: DiagCode, line: number, text: string): void {
    const written = this.#lines[line - 1] ?? '';
    const col = written.search(/\S/) + 1 || 1;
    this.diags.push({ code, severity, pos: { file: this.#file, line, col, len: written.trim().length }, text });
  }

  #line(text: string, line: number): void {
    const got = words(text);
    if (got === undefined) return this.#problem('error', 'syntax', line, 'a quote is not closed');
    const [what, key, value] = got;
    const section = this.#sections.at(-1);
    if (what === undefined || what === 'package') return;
    if (what === 'config' && key !== undefined) {
      this.#sections.push({ kind: key, name: value, line, options: new Map(), lists: new Map() });
    } else if (section !== undefined && key !== undefined && value !== undefined && (what === 'option' || what === 'list')) {
      if (what === 'option') section.options.set(key, { text: value, line });
      else section.lists.set(key, [...(section.lists.get(key) ?? []), { text: value, line }]);
      const known = KNOWN[section.kind];
      if (known !== undefined && !known.includes(key))
        this.#problem('warning', 'unknown-key', line, `'${key}' means nothing to OpenWrt's ser2net`);
    } else this.#problem('error', 'bad-line', line, 'this is no line of UCI');
  }

  print(): string {
    const parts = [`%YAML 1.1\n---\n# From ${this.#file.replace(/[^\x20-\x7e]/g, '?')}, the settings of OpenWrt.\n`];
    const sections: Readonly<Record<string, (section: UciSection) => readonly string[] | undefined>> = {
      default: (s) => this.#default(s),
      led: (s) => this.#led(s),
      controlport: (s) => this.#controlPort(s),
      proxy: (s) => this.#proxy(s),
    };
    // A rule holds for what follows it, wherever it is in the file.
    for (const [kind, print] of Object.entries(sections))
      for (const section of this.#sections.filter((each) => each.kind === kind)) {
        const lines = print(section);
        if (lines !== undefined && lines.length > 0) parts.push(`${lines.join('\n')}\n`);
      }
    for (const section of this.#sections) {
      if (Object.hasOwn(sections, section.kind)) continue;
      if (section.kind !== 'ser2net' && section.kind !== 'global')
        this.#problem('error', 'unknown-section', section.line, `there is no section '${section.kind}'`);
      else if (this.#switch(section, 'enabled') !== true)
        this.#problem('warning', 'questionable', section.line, 'OpenWrt does not start ser2net with this file: it is not enabled');
    }
    // A file without a section needs something all the same.
    if (parts.length === 1) parts.push('define: &confver 1.0\n');
    return parts.join('\n');
  }

  #switch({ options }: UciSection, key: string): boolean | undefined {
    const given = options.get(key);
    if (given === undefined || given.text === '') return undefined;
    const word = given.text.toLowerCase();
    if (TRUE.includes(word) || FALSE.includes(word)) return TRUE.includes(word);
    this.#problem('error', 'bad-value', given.line, `'${given.text}' is not a switch: 1 or 0`);
    return undefined;
  }

  #text({ options }: UciSection, key: string): string | undefined {
    const given = options.get(key)?.text;
    return given === '' ? undefined : given;
  }

  /** A number in a range; `undefined` if none is given, or something else, which is a problem. */
  #number(section: UciSection, key: string, min: number, max: number): number | undefined {
    const given = section.options.get(key);
    if (given === undefined || given.text === '') return undefined;
    const n = /^[0-9]+$/.test(given.text) ? Number(given.text) : Number.NaN;
    if (n >= min && n <= max) return n;
    this.#problem('error', 'bad-value', given.line, `'${given.text}' is not a number from ${min} to ${max}`);
    return undefined;
  }

  /** `9600n81` of the options of a section; `undefined` if no speed is given. */
  #speed(section: UciSection): string | undefined {
    const speed = this.#number(section, 'baudrate', 10, 0x7fffffff) ?? this.#number(section, 'speed', 10, 0x7fffffff);
    const databits = this.#number(section, 'databits', 5, 8);
    const stopbits = this.#number(section, 'stopbits', 1, 2);
    const parity = section.options.get('parity');
    const letter =
      parity === undefined || parity.text === ''
        ? undefined
        : /^(none|even|odd|mark|space)$/i.exec(parity.text)?.[1]?.charAt(0).toLowerCase();
    if (parity !== undefined && parity.text !== '' && letter === undefined)
      this.#problem('error', 'bad-value', parity.line, `'${parity.text}' is not a parity`);
    if (speed === undefined && letter === undefined && databits === undefined && stopbits === undefined) return undefined;
    if (letter === undefined && databits === undefined && stopbits === undefined) return String(speed);
    return `${speed ?? 9600}${letter ?? 'n'}${databits ?? 8}${stopbits ?? 1}`;
  }

  #name(section: UciSection, kind: string): string {
    const base = (section.name ?? kind).replace(/[^A-Za-z0-9_-]/g, '-');
    let name = section.name === undefined ? `${base}1` : base;
    for (let n = 2; this.#taken.has(name); n++) name = section.name === undefined ? `${base}${n}` : `${base}-${n}`;
    this.#taken.add(name);
    return name;
  }

  #default(section: UciSection): readonly string[] {
    const values: (readonly [string, string])[] = [];
    const speed = this.#speed(section);
    if (speed !== undefined) values.push(['speed', speed]);
    for (const key of ['chardelay_scale', 'chardelay_min']) {
      const n = this.#number(section, key, 1, 100_000);
      if (n !== undefined) values.push([yamlName(key), String(n)]);
    }
    for (const key of [...SWITCHES, ...OPTIONS, 'remctl']) {
      const on = this.#switch(section, key);
      if (on !== undefined) values.push([key === 'remctl' ? 'rfc2217' : key === 'hangup_when_done' ? key : yamlName(key), String(on)]);
    }
    return values.flatMap(([name, value]) => ['default:', `  name: ${name}`, `  value: ${value}`]);
  }

  #led(section: UciSection): readonly string[] | undefined {
    const device = this.#text(section, 'device');
    if (device === undefined) return void this.#problem('error', 'missing-key', section.line, "the LED has no 'device'; it is left out");
    const [duration, state] = [this.#number(section, 'duration', 0, 0x7fffffff), this.#number(section, 'state', 0, 255)];
    return [
      `led: &${this.#name(section, 'led')}`,
      `  driver: ${quote(this.#text(section, 'driver') ?? 'sysfs')}`,
      '  options:',
      `    device: ${quote(device)}`,
      ...(duration === undefined ? [] : [`    duration: ${duration}`]),
      ...(state === undefined ? [] : [`    state: ${state}`]),
    ];
  }

  #controlPort(section: UciSection): readonly string[] | undefined {
    if (this.#switch(section, 'enabled') !== true) return undefined;
    const port = this.#number(section, 'port', 1, 65535);
    if (port === undefined)
      return void this.#problem('error', 'missing-key', section.line, "the control port has no usable 'port'; it is left out");
    return ['admin:', `  accepter: ${quote(['tcp', this.#text(section, 'host'), port].filter((each) => each !== undefined).join(','))}`];
  }

  #proxy(section: UciSection): readonly string[] | undefined {
    const left = (what: string): undefined =>
      void this.#problem('error', 'missing-key', section.line, `the proxy has no usable '${what}'; it is left out`);
    const device = this.#text(section, 'device');
    const port = this.#number(section, 'port', 1, 65535);
    const protocol = this.#text(section, 'protocol') ?? '';
    if (device === undefined) return left('device');
    if (port === undefined) return left('port');
    if (!['raw', 'rawlp', 'telnet', 'off'].includes(protocol)) return left('protocol');
    const telnet = protocol !== 'telnet' ? '' : this.#switch(section, 'remctl') === true ? 'telnet(rfc2217),' : 'telnet,';
    const on = this.#switch(section, 'enabled') === true && protocol !== 'off';
    const line = [
      this.#speed(section),
      ...SWITCHES.map((key) => {
        const given = this.#switch(section, key);
        return given === undefined ? undefined : given ? yamlName(key) : `${yamlName(key)}=false`;
      }),
      protocol === 'rawlp' ? 'wronly' : undefined,
      ...(section.lists.get('options') ?? []).map(({ text }) => text),
    ].filter((word) => word !== undefined && word !== '');
    const leds = ['led_rx', 'led_tx'].flatMap((key) => {
      const led = this.#text(section, key);
      return led === undefined ? [] : [`    ${yamlName(key)}: ${quote(led.replace(/[^A-Za-z0-9_-]/g, '-'))}`];
    });
    const switches = OPTIONS.flatMap((key) => {
      const given = this.#switch(section, key);
      return given === undefined ? [] : [`    ${yamlName(key)}: ${given}`];
    });
    return [
      `connection: &${this.#name(section, 'proxy')}`,
      `  accepter: ${quote(`${telnet}tcp,${port}`)}`,
      `  connector: ${quote(['serialdev', device, ...line].join(','))}`,
      `  timeout: ${this.#number(section, 'timeout', 0, 0xffffffff) ?? 0}`,
      ...(on ? [] : ['  enable: off']),
      ...(leds.length + switches.length === 0 ? [] : ['  options:', ...leds, ...switches]),
    ];
  }
}
