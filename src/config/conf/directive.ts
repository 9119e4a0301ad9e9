// The lines that begin with a word in capitals and a colon: definitions, defaults, the control port, rotators and LEDs.
import type { Pos } from '../../base/diag.ts';
import { GENSIO_ERRORS } from '../../base/gensio-error.ts';
import { parseStack } from '../../gensio/syntax/gensio-str.ts';
import { splitWords } from '../../gensio/syntax/words.ts';
import { ADMIN } from '../../options/admin.ts';
import { LED, type LedOption, ledOptions } from '../../options/led.ts';
import { ROTATOR } from '../../options/rotator.ts';
import { defaults } from '../../options/row.ts';
import { oldEscape } from '../devstr.ts';
import type { LedConfig } from '../model.ts';
import type { Origins } from '../origin.ts';
import { closeOnError } from './close-on.ts';
import { readDefault, readDelDefault } from './default-line.ts';
import type { Entry, StringKind } from './entry.ts';
import { type Field, Fields } from './fields.ts';
import { DIRECTIVES, type DirectiveName } from './hint.ts';
import { messages } from './messages.ts';
import type { ConfNames } from './names.ts';
import type { LineReport } from './report.ts';
import { rs485Spec } from './rs485.ts';

const DROPPED: Entry = { is: 'dropped' };

/** The directive a line begins with: the word in capitals in the first column, a colon right after it. */
export const directiveOf = (text: string): DirectiveName | undefined => DIRECTIVES.find((word) => text.startsWith(`${word}:`));

/** Reads a line that directiveOf knows. */
export function readDirective(directive: DirectiveName, report: LineReport, names: ConfNames): Entry {
  const fields = new Fields(report.line.text, directive.length + 1);
  switch (directive) {
    case 'BANNER':
      return readString('banner', 'No banner name given', fields, report, names);
    case 'SIGNATURE':
      return readString('signature', 'No signature given', fields, report, names);
    case 'OPENSTR':
      return readString('openstr', 'No open string name given', fields, report, names);
    case 'CLOSESTR':
      return readString('closestr', 'No close string name given', fields, report, names);
    case 'CLOSEON':
      return readString('closeon', 'No close on string name given', fields, report, names);
    case 'DEVICE':
      return readString('device', 'No device name given', fields, report, names);
    case 'TRACEFILE':
      return readTracefile(fields, report, names);
    case 'CONTROLPORT':
      return readControlPort(fields, report, names);
    case 'RS485CONF':
      return readRs485(fields, report, names);
    case 'DEFAULT':
      return readDefault(fields, report, names);
    case 'DELDEFAULT':
      return readDelDefault(fields, report, names);
    case 'ROTATOR':
      return readRotator(fields, report, names);
    case 'LED':
      return readLed(fields, report, names);
    default:
      return directive satisfies never;
  }
}

function missing(report: LineReport, text: string, hint: string, classic: string): Entry {
  report.error('bad-line', report.whole, text, { hint, classic: classic + report.onLine });
  return DROPPED;
}

function readString(kind: StringKind, classic: string, fields: Fields, report: LineReport, names: ConfNames): Entry {
  const name = fields.next();
  const word = kind.toUpperCase();
  if (name === undefined) return missing(report, `the ${word} line has no name`, `${word}:name:text`, classic);
  const body = fields.rest() ?? { text: '', at: fields.at };
  if (kind === 'closeon') {
    const wrong = closeOnError(body.text);
    if (wrong !== undefined) {
      report.error(
        'bad-escape',
        { text: body.text.slice(wrong.at, wrong.at + 2), at: body.at + wrong.at },
        `${wrong.text}; '${name.text}' is not defined`,
        {
          hint: 'escapes here are \\\\ \\r \\n \\t \\v \\a, \\ with three octal digits, \\x with two hexadecimal ones',
          classic: messages.badEscape(wrong.classic, wrong.at === 0 || wrong.atEnd ? '' : body.text.slice(wrong.at - 1)) + report.onLine,
        },
      );
      return DROPPED;
    }
  } else if (kind !== 'device') questionText(kind, body, report);
  const string = { kind, name: name.text, text: body.text };
  names.strings.set(name.text, string);
  return { is: 'string', string };
}

/** A text that still has the escape `\s` of 3.x. */
function questionText(kind: StringKind | 'tracefile', body: Field, report: LineReport): void {
  const old = kind === 'signature' ? undefined : oldEscape(body.text, kind === 'tracefile');
  if (old !== undefined) report.warning('questionable', { text: '\\s', at: body.at + old.at }, old.text, { hint: old.hint });
}

function readTracefile(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const name = fields.next();
  if (name === undefined) return missing(report, 'the TRACEFILE line has no name', 'TRACEFILE:name:file', 'No tracefile name given');
  const path = fields.rest();
  if (path === undefined) return missing(report, 'the TRACEFILE line has no file', 'TRACEFILE:name:file', 'No tracefile given');
  questionText('tracefile', path, report);
  names.tracefiles.set(name.text, path.text);
  return { is: 'tracefile', name: name.text, path: path.text };
}

function readControlPort(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const port = fields.rest();
  if (port === undefined) {
    report.error('bad-line', report.whole, 'the CONTROLPORT line has no port', { hint: 'CONTROLPORT:port' });
    return DROPPED;
  }
  if (names.hasAdmin) {
    report.warning('duplicate-key', port, 'there is a control port already; this one is left out');
    return DROPPED;
  }
  const accepter = parseStack(port.text, 'accepter', names.defaults);
  if (accepter.error !== undefined) {
    const classic = messages.badAdmin(GENSIO_ERRORS[accepter.error]);
    report.error('bad-accepter', port, `the control port cannot be used: ${accepter.detail ?? GENSIO_ERRORS[accepter.error]}`, { classic });
    return DROPPED;
  }
  names.hasAdmin = true;
  const { authdir = '', pamauth, timeout = 0 } = names.defaults.values(ADMIN, 'ser2net');
  const pos = report.posOf(port);
  names.origins.stack(pos, 'accepter', pos, accepter, names.defaults);
  names.origins.options(pos, ADMIN, new Map(), names.defaults);
  return { is: 'admin', admin: { name: undefined, accepter, authdir, pamauth, timeout, pos } };
}

function readRs485(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const name = fields.next();
  const hint = 'RS485CONF:name:before:after:rts_on_send, times in ms';
  if (name === undefined) return missing(report, 'the RS485CONF line has no name', hint, 'No signature given');
  const body = fields.rest();
  if (body === undefined) return missing(report, 'the RS485CONF line has no configuration', hint, 'No RS485 configuration given');
  const got = rs485Spec(body.text);
  if ('wrong' in got) {
    report.error('bad-value', body, got.wrong, { hint });
    return DROPPED;
  }
  if (got.old) {
    report.warning('old-spelling', body, `four numbers are the form of ser2net 3; they are read as '${got.spec}'`, {
      hint: `write '${got.spec}'`,
    });
  }
  names.rs485.set(name.text, got.spec);
  return { is: 'rs485', name: name.text, spec: got.spec };
}

function readRotator(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const hint = 'ROTATOR:port:name name ..., where the names are the network ports of other lines';
  const name = fields.next();
  if (name === undefined) return missing(report, 'the ROTATOR line has no port', hint, 'No rotator name given');
  const list = fields.rest();
  const split = list === undefined ? undefined : splitWords(list.text, 'spaces');
  if (list !== undefined && split === undefined) {
    report.error('bad-value', list, 'a quote or an escape in the list is not finished', {
      classic: `Unable to allocate rotator argv${report.onLine}`,
    });
    return DROPPED;
  }
  if (split === undefined || split.words.length === 0) {
    report.error('bad-line', report.whole, 'the ROTATOR line names no connections', { hint });
    return DROPPED;
  }
  const accepter = parseStack(name.text, 'accepter', names.defaults);
  if (accepter.error !== undefined) {
    report.error('bad-accepter', name, `the rotator cannot be used: ${accepter.detail ?? GENSIO_ERRORS[accepter.error]}`, {
      classic: messages.badRotator(report.onLine) + report.onLine,
    });
    return DROPPED;
  }
  const options = names.defaults.values(ROTATOR, 'ser2net');
  const pos = report.posOf(name);
  names.origins.stack(pos, 'accepter', pos, accepter, names.defaults);
  names.origins.written(pos, 'connections', report.posOf(list!));
  names.origins.options(pos, ROTATOR, new Map(), names.defaults);
  names.origins.items(pos, 'connections', split.words, (text, i) => report.posOf({ text, at: list!.at + split.places[i]!.at }));
  const place = [`${messages.rotatorStart}${report.onLine}: `, report.onLine] as const;
  return { is: 'rotator', rotator: { name: name.text, accepter, connections: split.words, options, pos, place } };
}

function readLed(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const hint = 'LED:name:sysfs:device=name duration=ms';
  const name = fields.next();
  if (name === undefined) return missing(report, 'the LED line has no name', hint, 'No LED name given');
  const driver = fields.next();
  if (driver === undefined) return missing(report, 'the LED line has no driver', hint, 'No LED driver given');
  const body = fields.rest();
  const drop = (where: Field, text: string, classic?: string): Entry => {
    report.error('bad-value', where, `${text}; the LED is left out`, { hint, classic });
    return DROPPED;
  };
  const known = names.leds.get(name.text);
  const split = splitWords(body?.text ?? '', 'spaces');
  if (body !== undefined && split === undefined) return drop(body, 'a quote or an escape is not finished', messages.ledOptions);
  if (known !== undefined) {
    report.error('duplicate-name', name, `there is a LED '${name.text}' already; this one is left out`, {
      classic: messages.ledTwice(name.text) + report.onLine,
    });
    return DROPPED;
  }
  const base = { name: name.text, driver: 'sysfs', mode: 'transient', state: 1, pos: report.posOf(name) } as const;
  const define = (led: LedConfig, inClassic: boolean): Entry => {
    names.leds.set(led.name, { value: led, inClassic });
    return { is: 'led', led };
  };
  if (driver.text !== 'sysfs') {
    // Before 3.0: LED:name:device, a name or file under /sys/class/leds, a space, and the duration.
    const all = report.line.text.slice(driver.at);
    const old = /^(\S+)[ \t]+([0-9]{1,9})[ \t]*$/.exec(all);
    const classic = messages.ledDriver(driver.text, name.text, report.line.classicLine);
    if (old === null) return drop(driver, `there is no LED driver '${driver.text}', only sysfs`, classic);
    const device = old[1]!.replace(/^\/sys\/class\/leds\/([^/]+).*$/, '$1');
    const now = `LED:${name.text}:sysfs:device=${device} duration=${old[2]}`;
    report.warning('old-spelling', { text: all, at: driver.at }, 'a LED line in the form it had before ser2net 3', {
      hint: `write '${now}'`,
      classic,
    });
    return define({ ...base, device, duration: Number(old[2]) || 10 }, false);
  }
  // Without any parameters 4.3.11 crashes.
  if (body === undefined) return drop(driver, "the LED line has no 'device='");
  return readLedWords(base, split!.words, { name, body, report, origins: names.origins, drop, define });
}

interface LedContext {
  readonly name: Field;
  readonly body: Field;
  readonly report: LineReport;
  readonly origins: Origins;
  drop(where: Field, text: string, classic?: string): Entry;
  define(led: LedConfig, inClassic: boolean): Entry;
}

/** Keys that begin no option do nothing. */
function readLedWords(base: Omit<LedConfig, 'device' | 'duration'>, words: readonly string[], context: LedContext): Entry {
  const { name, body, report, origins, drop, define } = context;
  const values = defaults(LED);
  const bad = new Set<LedOption>();
  const given = new Map<string, Pos>();
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0) return drop(body, `'${word}' has no '='`, messages.ledNoEquals(word) + report.onLine);
    if (equals === 0) return drop(body, `'${word}' has nothing before '='`, messages.ledNoKey(word) + report.onLine);
    for (const key of ledOptions(word.slice(0, equals), 'conf')) {
      const got = LED[key].kind.parse(word.slice(equals + 1));
      given.set(key, report.posOf(body));
      bad.delete(key);
      if ('ok' in got) Object.assign(values, { [key]: got.ok });
      else bad.add(key);
    }
  }
  const { device, duration, state } = values;
  if (device === undefined) return drop(body, "the LED line has no 'device='", messages.ledNoDevice(name.text, report.onLine));
  for (const what of ['duration', 'state'] as const) {
    if (!bad.has(what)) continue;
    report.warning('bad-value', body, `the ${what} is not one; ${LED[what].def} is used`, {
      classic: messages.ledBad(name.text, what, report.onLine),
    });
  }
  origins.options(base.pos, LED, given, undefined);
  const usable = { duration: bad.has('duration') ? LED.duration.def : duration, state: bad.has('state') ? LED.state.def : state };
  return define({ ...base, device, ...usable }, true);
}
