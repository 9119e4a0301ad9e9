// From sections to the configuration: what a section means when its mapping closes, in the order and with the messages of 4.3.11.
// Long because the sections check and report alike.
import type { Pos } from '../../base/diag.ts';
import { GENSIO_ERRORS, type GensioErrorCode } from '../../base/gensio-error.ts';
import { nearest } from '../../base/text.ts';
import { type Defaults, defaultNames } from '../../gensio/syntax/defaults.ts';
import { parseStack } from '../../gensio/syntax/gensio-str.ts';
import type { Stack } from '../../gensio/syntax/stack.ts';
import { ADMIN } from '../../options/admin.ts';
import { ATTACH } from '../../options/attach.ts';
import { CONNECTION } from '../../options/connection.ts';
import { LED, type LedOption, ledOptions } from '../../options/led.ts';
import { ROTATOR } from '../../options/rotator.ts';
import { defaults, type Rows, setOption, spellings } from '../../options/row.ts';
import { keysSetBy, type OptionProblem, OptionReader, optionShorthands } from '../connection-options.ts';
import { oldEscape } from '../devstr.ts';
import type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, RotatorConfig } from '../model.ts';
import { keysOf, Origins } from '../origin.ts';
import { stackHint } from '../stack-hint.ts';
import { readAttachment } from './attachment.ts';
import { messages } from './messages.ts';
import type { Report, Span } from './report.ts';
import { type Draft, type OptionText, optionString, type Text } from './section.ts';

/** `did you mean`, where something like it exists. */
export const meant = (name: string, names: readonly string[]): string | undefined => {
  const near = nearest(name, names);
  return near === undefined ? undefined : `did you mean '${near}'?`;
};

const ADMIN_MDNS = /^mdns(-[a-z]+)?$/i;
const OPTION_NAMES = [...spellings(CONNECTION, 'yaml'), ...optionShorthands];

/** Collects what sections say into a configuration. */
export class Build {
  /** As the sections so far have left them. */
  readonly defaults: Defaults;
  /** Where values came from. */
  readonly origins = new Origins();
  /** Those complete so far. */
  readonly connections: ConnectionConfig[] = [];
  /** Those complete so far. */
  readonly rotators: RotatorConfig[] = [];
  /** Those complete so far. */
  readonly leds: LedConfig[] = [];
  /** Those complete so far. */
  readonly attachments: AttachConfig[] = [];
  /** `undefined` until one has come. */
  admin: AdminConfig | undefined;
  readonly #taken = new Map<string, ConnectionConfig>();

  constructor(defaults: Defaults) {
    this.defaults = defaults;
  }

  /** What has come so far. */
  config(format: Config['format']): Config {
    const { connections, rotators, leds, admin, attachments } = this;
    return {
      format,
      connections: [...connections],
      rotators: [...rotators],
      leds: [...leds],
      admin,
      ...(attachments.length > 0 && { attachments: [...attachments] }),
    };
  }

  /** A section is complete. false: reading ends here (class P). */
  close(draft: Draft, report: Report): boolean {
    const { readingOn } = report;
    optionsTwice(draft, report);
    const goesOn = this.#close(draft, report);
    report.readingOn = readingOn;
    return goesOn;
  }

  #close(draft: Draft, report: Report): boolean {
    switch (draft.kind) {
      case 'connection':
        return this.#connection(draft, report);
      case 'rotator':
        return this.#rotator(draft, report);
      case 'led':
        return this.#led(draft, report);
      case 'admin':
        return this.#admin(draft, report);
      case 'attachment':
        return this.#attachment(draft, report);
      case 'default':
        return this.#default(draft, report);
      default:
        return this.#deleteDefault(draft, report);
    }
  }

  /** Whether the keys are there; those that are not are reported. */
  #has(draft: Draft, report: Report, ...keys: readonly string[]): boolean {
    const missing = keys.filter((key) => !draft.values.has(key) && !draft.missing.has(key));
    const title = draft.kind;
    for (const [i, key] of missing.entries()) {
      draft.missing.add(key);
      report.error('missing-key', draft.span, `the ${title} has no '${key}'`, {
        classic: i === 0 ? messages.none(key, title) : undefined,
        hint: strayKey(draft, report),
      });
      report.readingOn = true;
    }
    return missing.length === 0;
  }

  #connection(draft: Draft, report: Report): boolean {
    const complete = this.#has(draft, report, 'accepter', 'connector');
    const name = draft.name?.text ?? '';
    let usable = complete && !draft.spoilt;
    /** ser2net would look no further in this section. */
    const lose = (): void => {
      usable = false;
      report.readingOn = true;
    };
    const first = this.#taken.get(name);
    if (first !== undefined) {
      const classic = messages.duplicate(name);
      const hint = `the first one is in ${first.pos.file}, line ${first.pos.line}`;
      report.error('duplicate-name', draft.span, `there is a connection '${name}' already; this one is left out`, { classic, hint });
      lose();
    }
    const reader = new OptionReader(this.defaults, { hasLed: (led) => this.leds.some((l) => l.name === led) });
    for (const option of draft.options) {
      const problem = reader.set(optionString(option));
      if (problem !== undefined && !reportOption(option, problem, report)) lose();
      else if (problem === undefined) questionText(option, report);
    }
    const options = reader.finish();
    if ('problem' in options) {
      reportOption({ name: { ...draft.span, text: 'remaddr' }, value: { ...draft.span, text: '' } }, options.problem, report);
      lose();
    }
    const connector = draft.values.get('connector');
    const accepter = draft.values.get('accepter');
    const below = connector && this.#stack(connector, connector.text + reader.deviceSuffix, 'connector', report, true);
    // ser2net does not look at the accepter when the connector is bad.
    const above = accepter && this.#stack(accepter, accepter.text, 'accepter', report, below?.spec !== undefined);
    if (!usable || 'problem' in options || connector === undefined || accepter === undefined) return complete;
    const connection: ConnectionConfig = {
      name,
      accepter: above!,
      connector: below!,
      device: undefined,
      timeout: draft.timeout,
      enable: draft.enable,
      options: options.ok,
      pos: report.pos(draft.span),
    };
    this.#taken.set(name, connection);
    this.connections.push(connection);
    this.#noteKeys(draft, connection.pos, report);
    this.origins.stack(connection.pos, 'accepter', report.pos(accepter), above!, this.defaults);
    this.origins.stack(connection.pos, 'connector', report.pos(connector), below!, this.defaults);
    this.#noteOptions(draft, connection.pos, report, CONNECTION, (option) => keysSetBy(optionString(option)));
    return true;
  }

  /** Notes where the options of a section stand. keys: of the rows that an option sets. */
  #noteOptions(
    draft: Draft,
    section: Pos,
    report: Report,
    rows: Rows,
    keys: (option: OptionText) => readonly string[] = ({ name }) => keysOf(rows, name.text),
  ): void {
    const given = new Map<string, Pos>();
    for (const option of draft.options) {
      const pos = report.pos(option.value.text === '' ? option.name : option.value);
      for (const key of keys(option)) given.set(key, pos);
    }
    this.origins.options(section, rows, given, this.defaults);
  }

  /** Notes where the keys of a section stand. */
  #noteKeys(draft: Draft, section: Pos, report: Report): void {
    for (const [key, value] of draft.values) this.origins.written(section, key, report.pos(value));
    for (const [key, span] of draft.places) this.origins.written(section, key, report.pos(span));
  }

  #stack(span: Text, text: string, role: 'accepter' | 'connector', report: Report, said: boolean): Stack | undefined {
    if (span.lost) return undefined;
    const stack = parseStack(text, role, this.defaults);
    if (stack.error !== undefined) {
      const classic = said ? messages[role](text, stack.error) : undefined;
      report.error(`bad-${role}`, report.within(span, stack), stackTrouble(role, stack, stack.error), {
        classic,
        hint: stackHint(text, role),
      });
    }
    return stack;
  }

  #rotator(draft: Draft, report: Report): boolean {
    let complete = this.#has(draft, report, 'accepter');
    const name = draft.name?.text ?? '';
    let usable = complete && !draft.spoilt;
    const lose = (): void => {
      usable = false;
      report.readingOn = true;
    };
    if (draft.list.length === 0 && !draft.missing.has('connections')) {
      report.error('missing-key', draft.span, `the rotator '${name}' has no 'connections'`, {
        classic: messages.none('connections', 'rotator'),
      });
      complete = false;
      lose();
    }
    const values = this.defaults.values(ROTATOR, 'ser2net');
    const options = { ...values, allowedUsers: undefined as readonly string[] | undefined };
    for (const option of draft.options) {
      const { value } = option;
      const key = option.name.text.toLowerCase();
      if (setOption(ROTATOR, options, key, value.text === '' ? undefined : value.text) === 'ok') continue;
      const text = `'${optionString(option)}' is not an option of a rotator; '${name}' is left out`;
      const classic = messages.rotatorOption(optionString(option), report.eventLine);
      const hint = OPTION_NAMES.includes(key)
        ? `'${option.name.text}' is an option of connections: put it there`
        : meant(key, spellings(ROTATOR, 'yaml'));
      report.error('unknown-option', option.name, text, { classic, hint });
      lose();
    }
    options.allowedUsers ??= values.allowedUsers;
    options.accepterRetryTime = Math.max(options.accepterRetryTime, 1);
    const text = draft.values.get('accepter');
    const lost = `the rotator '${name}' is left out`;
    const accepter = text && this.#listener(text, report, lost, () => messages.rotatorAccepter(report.eventLine));
    if (!usable || text === undefined || accepter === undefined) return complete;
    const pos = report.pos(draft.span);
    this.rotators.push({
      name,
      accepter,
      connections: draft.list.map((each) => each.text),
      options,
      pos,
      place: [`${report.place}${messages.rotatorStart(report.eventLine)}: `, ''],
    });
    this.#noteKeys(draft, pos, report);
    this.origins.items(pos, 'connections', draft.list, (each) => report.pos(each));
    this.origins.stack(pos, 'accepter', report.pos(text), accepter, this.defaults);
    this.#noteOptions(draft, pos, report, ROTATOR);
    return true;
  }

  /** The accepter of a section that is left out without one; `undefined` if it cannot be used, which is reported. */
  #listener(text: Text, report: Report, lost: string, classic: (error: GensioErrorCode) => string): Stack | undefined {
    if (text.lost) return undefined;
    const accepter = parseStack(text.text, 'accepter', this.defaults);
    if (accepter.error === undefined) return accepter;
    report.error('bad-accepter', report.within(text, accepter), `${stackTrouble('accepter', accepter, accepter.error)}; ${lost}`, {
      classic: classic(accepter.error),
      hint: stackHint(text.text, 'accepter'),
    });
    return undefined;
  }

  #admin(draft: Draft, report: Report): boolean {
    const complete = this.#has(draft, report, 'accepter');
    let usable = complete && !draft.spoilt;
    if (this.admin !== undefined) {
      report.error('duplicate-name', draft.span, 'there is an admin port already; this one is left out', { classic: messages.adminTwice });
      usable = false;
      report.readingOn = true;
    }
    const options = this.defaults.values(ADMIN, 'ser2net');
    for (const option of draft.options) {
      const key = option.name.text.toLowerCase();
      const got = setOption(ADMIN, options, key, option.value.text === '' ? undefined : option.value.text);
      if (got === 'ok' || ADMIN_MDNS.test(key)) continue;
      const text = `'${optionString(option)}' is not an option of the admin port, and is ignored`;
      const classic = messages.adminOption(optionString(option));
      report.error('unknown-option', option.name, text, { classic, hint: meant(key, spellings(ADMIN, 'yaml')) });
    }
    const { authdir = '', pamauth, timeout = 0 } = options;
    const text = draft.values.get('accepter');
    const accepter = text && this.#listener(text, report, 'there is no admin port', messages.adminAccepter);
    if (!usable || text === undefined || accepter === undefined) return complete;
    const pos = report.pos(draft.span);
    this.admin = { name: draft.name?.text, accepter, authdir, pamauth, timeout, pos, place: report.place };
    this.origins.stack(pos, 'accepter', report.pos(text), accepter, this.defaults);
    this.#noteOptions(draft, pos, report, ADMIN);
    return true;
  }

  #led(draft: Draft, report: Report): boolean {
    const complete = this.#has(draft, report, 'driver');
    const name = draft.name?.text ?? '';
    const driver = draft.values.get('driver');
    const line = report.eventLine;
    let usable = complete && driver !== undefined && !draft.spoilt;
    const lose = (span: Span, text: string, classic: string, code: 'bad-value' | 'missing-key' | 'duplicate-name' = 'bad-value'): void => {
      report.error(code, span, `${text}; the LED '${name}' is left out`, { classic, bare: true });
      report.readingOn = true;
      usable = false;
    };
    if (this.leds.some((led) => led.name === name)) {
      lose(draft.span, 'there is an LED of that name already', messages.ledTwice(name, line), 'duplicate-name');
    }
    if (driver !== undefined && driver.text !== 'sysfs' && !driver.lost)
      lose(driver, `unknown LED driver '${driver.text}', only sysfs is known`, messages.ledDriver(driver.text, name, line));
    const values = defaults(LED);
    const bad = new Set<LedOption>();
    for (const { name: option, value } of draft.options) {
      if (value.text === '') lose(option, `'${option.text}' has no value`, messages.ledEquals(option.text, line));
      for (const key of value.text === '' ? [] : ledOptions(option.text, 'yaml')) {
        const got = LED[key].kind.parse(value.text);
        bad.delete(key);
        if ('ok' in got) Object.assign(values, { [key]: got.ok });
        else if (key === 'mode') lose(value, `'${value.text}' is not a mode, ${got.expected}`, messages.ledMode);
        else bad.add(key);
      }
    }
    const { device } = values;
    if (device === undefined && (usable || complete))
      lose(draft.span, "it has no option 'device'", messages.ledDevice(name, line), 'missing-key');
    for (const what of ['duration', 'state'] as const) {
      if (!bad.has(what)) continue;
      const text = `the ${what} of the LED '${name}' cannot be used; the default is taken`;
      report.warning('bad-value', draft.span, text, { classic: messages.ledBad(name, what, line), bare: true });
      Object.assign(values, { [what]: LED[what].def });
    }
    if (!usable || device === undefined) return complete;
    const pos = report.pos(draft.span);
    this.leds.push({ ...values, name, driver: 'sysfs', device, pos });
    this.#noteKeys(draft, pos, report);
    this.#noteOptions(draft, pos, report, LED, ({ name }) => ledOptions(name.text, 'yaml'));
    return true;
  }

  #attachment(draft: Draft, report: Report): true {
    const read = readAttachment(draft, report, this.defaults, this.attachments);
    if (read === undefined) return true;
    this.attachments.push(read);
    this.#noteKeys(draft, read.pos, report);
    this.#noteOptions(draft, read.pos, report, ATTACH);
    return true;
  }

  #default(draft: Draft, report: Report): boolean {
    const name = draft.name ?? draft.values.get('name');
    if (name === undefined) return this.#has(draft, report, 'name');
    if (draft.spoilt) return true;
    const value = draft.values.get('value');
    if (value === undefined && draft.version === 2) return this.#has(draft, report, 'value');
    const cls = draft.values.get('class')?.text;
    const error = this.defaults.set(name.text, cls, value?.text, report.pos(value ?? name));
    if (error === undefined) return true;
    const classic = messages.setDefault(cls ?? '', name.text, value?.text, error);
    if (error === 'notfound') {
      report.error('bad-default', name, `there is no default '${name.text}'`, { classic, hint: defaultHint(name.text) });
    } else {
      const text = `the default '${name.text}' cannot be '${value?.text ?? ''}': ${GENSIO_ERRORS[error]}`;
      const hint =
        error === 'inval' && /^(yes|no|on|off|True|False|Yes|No|On|Off)$/.test(value?.text ?? '') ? 'write true or false' : undefined;
      report.error('bad-default', value ?? name, text, { classic, hint });
    }
    return false;
  }

  #deleteDefault(draft: Draft, report: Report): boolean {
    if (!this.#has(draft, report, 'name', 'class')) return false;
    const name = draft.values.get('name');
    const cls = draft.values.get('class');
    if (draft.spoilt || name === undefined || cls === undefined) return true;
    return this.removeDefault(name, cls, report, messages.setDefault(cls.text, name.text, undefined, 'notfound'));
  }

  /** Takes the value of a class away. false: there is none. */
  removeDefault(name: Text, cls: Text, report: Report, classic: string): boolean {
    if (this.defaults.remove(name.text, cls.text) === undefined) return true;
    const known = defaultNames.includes(name.text);
    const text = known ? `class '${cls.text}' has no default '${name.text}' of its own` : `there is no default '${name.text}'`;
    report.error('bad-default', known ? cls : name, text, { classic, hint: known ? undefined : defaultHint(name.text) });
    return false;
  }
}

/** Options that replace what the same option said before: the last one counts, which 4.3.11 says nothing about. */
function optionsTwice({ kind, options }: Draft, report: Report): void {
  const seen = new Set<string>();
  for (const { name } of options) {
    const key = name.text.toLowerCase();
    const adds = kind !== 'led' && ADDING.includes(key);
    if (seen.has(key) && !adds) report.warning('duplicate-key', name, `the option '${name.text}' is given twice; the last one counts`);
    seen.add(key);
  }
}
const ADDING: readonly string[] = Object.values(CONNECTION as Rows).flatMap((row) => (row.adds && row.yaml !== false ? [row.yaml] : []));

const defaultHint = (name: string): string | undefined =>
  OPTION_NAMES.includes(name) ? `'${name}' can only be given in a connection` : meant(name, defaultNames);

const stackTrouble = (role: 'accepter' | 'connector', stack: Stack, error: GensioErrorCode): string =>
  `the ${role} '${stack.text}' cannot be used: ${stack.detail ?? GENSIO_ERRORS[error]}`;

/** The section ended early: perhaps the next key was only not indented enough. */
function strayKey(draft: Draft, report: Report): string | undefined {
  const { text } = report.tree;
  const key = /^(accepter|connector|device|target|options|timeout|enable|connections|driver|name|class|value)[ \t]*:/i.exec(
    text.slice(report.eventAt, report.eventAt + 40),
  )?.[1];
  if (key === undefined || (draft.version === 2 && key === 'connections')) return undefined;
  return `'${key}' in line ${report.tree.place(report.eventAt).line} is not indented like the keys before it, which ends the section`;
}

/** `\s` in a text that knows escapes. */
function questionText({ name, value }: OptionText, report: Report): void {
  const key = name.text.toLowerCase();
  const file = /^trace-(read|write|both)$/.test(key);
  if (!file && !/^(banner|openstr|closestr|closeon|sendon)$/.test(key)) return;
  const old = oldEscape(value.text, file);
  if (old !== undefined) report.warning('questionable', value, old.text, { hint: old.hint });
}

/** Reports a problem with an option. false: it loses the connection. */
function reportOption(option: OptionText, problem: OptionProblem, report: Report): boolean {
  const text = optionString(option);
  const name = option.name.text;
  const lost = 'the connection is left out';
  switch (problem.is) {
    case 'unknown': {
      const section = ['accepter', 'connector', 'timeout', 'enable'].includes(name.toLowerCase());
      const hint = section ? `'${name}' belongs beside 'options', not under it` : optionHint(name);
      report.error('unknown-option', option.name, `there is no option '${name}'; ${lost}`, { classic: messages.unknownItem(text), hint });
      return false;
    }
    case 'bad-value': {
      const words =
        option.value.text === '' ? `the option '${name}' needs a value` : `'${option.value.text}' of '${name}' is not ${problem.expected}`;
      const hint = /^(True|TRUE|False|FALSE|Yes|YES|No|NO|On|ON|Off|OFF)$/.test(option.value.text)
        ? 'write it in small letters'
        : undefined;
      report.error('bad-value', option.value.text === '' ? option.name : option.value, `${words}; ${lost}`, {
        classic: messages.unknownItem(text),
        hint,
      });
      return false;
    }
    case 'no-led': {
      const classic = messages.noLed(problem.option, problem.led);
      report.error('not-found', option.value, `there is no LED '${problem.led}' before this; ${lost}`, { classic });
      return false;
    }
    case 'bad-address': {
      const words = `the address '${problem.address}' cannot be used: ${problem.detail}; ${lost}`;
      report.error('bad-address', option.value, words, {
        classic: messages.remaddr(problem.address, problem.error),
        hint: 'an address is host,port; port 0 is any',
      });
      return false;
    }
    case 'no-such-name':
      report.warning('not-found', option.value, `there is no ${problem.kind} '${problem.name}'; the option is ignored`, {
        classic: messages.notFound(problem.kind, problem.name),
        bare: true,
      });
      return true;
    default:
      report.warning('old-spelling', option.name, `'${text}' is a spelling of ser2net 2; newer versions refuse it`, {
        hint: problem.better,
      });
      return true;
  }
}

function optionHint(name: string): string | undefined {
  if (/^(speed|parity|local|rtscts|xonxoff|nobreak|hangup-when-done|databits|stopbits|baud|baudrate)$/i.test(name)) {
    return "settings of the line follow the device: 'serialdev,/dev/ttyS0,9600n81,local'";
  }
  if (/^(readbuf|nodelay|rfc2217)$/i.test(name)) return "options of a layer stand in its parentheses: 'telnet(rfc2217),tcp,2000'";
  return meant(name, OPTION_NAMES);
}
