// DEFAULT and DELDEFAULT lines. Names of 3.x are turned into those of 4.x; what 3.x said of a line in four defaults
// (speed, parity, databits, stopbits) is folded into the one that 4.x has.
import type { Pos } from '../../base/diag.ts';
import { nearest } from '../../base/text.ts';
import { defaultNames } from '../../gensio/syntax/defaults.ts';
import type { DefaultEntry, Entry } from './entry.ts';
import type { Field, Fields } from './fields.ts';
import { messages } from './messages.ts';
import type { ConfNames, SpeedParts } from './names.ts';
import type { LineReport } from './report.ts';

/** Names of 3.x: the name now, and the class where 4.x looks it up. */
const RENAMED: Readonly<Record<string, { readonly name: string; readonly class?: string }>> = {
  remctl: { name: 'rfc2217', class: 'telnet' },
  telnet_brk_on_sync: { name: 'telnet-brk-on-sync' },
  'dev-to-tcp-bufsize': { name: 'dev-to-net-bufsize' },
  'tcp-to-dev-bufsize': { name: 'net-to-dev-bufsize' },
  deassert_CTS_DCD_DSR_on_connect: { name: 'deassert-CTS-DCD-DSR-on-connect' },
};
/** What each part of the line may be. */
const PARTS: Readonly<Record<string, { readonly part: keyof SpeedParts; readonly values: Readonly<Record<string, string>> }>> = {
  databits: { part: 'databits', values: { 5: '5', 6: '6', 7: '7', 8: '8' } },
  stopbits: { part: 'stopbits', values: { 1: '1', 2: '2' } },
  parity: {
    part: 'parity',
    values: { NONE: 'N', EVEN: 'E', ODD: 'O', MARK: 'M', SPACE: 'S', none: 'N', even: 'E', odd: 'O', mark: 'M', space: 'S' },
  },
};
const SPEED = /^([0-9]+)(?:([NEOMS])(?:([5-8])([12])?)?)?$/i;

/** A DEFAULT line; `fields` follows its first colon. */
export function readDefault(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const name = fields.next();
  if (name === undefined) return noName(report, 'DEFAULT:name:value');
  const value = fields.next();
  const written = fields.rest();
  const cls = written?.text.replace(/[ \t\n\r\f\v]+$/, '');
  if (written !== undefined && cls !== written.text) {
    report.warning('questionable', written, 'spaces after the class are left out', {
      hint: 'ser2net 4 would take them for part of the class, and use the default nowhere',
    });
  }
  return setDefault({ name, value, cls: cls === '' ? undefined : cls }, report, names);
}

interface Written {
  readonly name: Field;
  readonly value: Field | undefined;
  readonly cls: string | undefined;
}

function setDefault(written: Written, report: LineReport, names: ConfNames): Entry {
  const { name, value } = written;
  if (Object.hasOwn(PARTS, name.text)) return setPart(written, report, names);
  if (name.text === 'speed') return setSpeed(written, report, names);
  const now = Object.hasOwn(RENAMED, name.text) ? RENAMED[name.text] : undefined;
  const entry: DefaultEntry = { is: 'default', name: now?.name ?? name.text, value: value?.text, class: now?.class ?? written.cls };
  const pos = report.posOf(name);
  const error = names.defaults.set(entry.name, entry.class, entry.value, pos);
  if (error === undefined) {
    if (now !== undefined) warnOld(report, name, `'${now.name}'${now.class === undefined ? '' : ` of class ${now.class}`}`);
    return entry;
  }
  const trimmed = entry.value?.trim();
  if (trimmed !== undefined && trimmed !== entry.value && names.defaults.set(entry.name, entry.class, trimmed, pos) === undefined) {
    // 3.x left spaces out.
    report.warning('old-spelling', value!, 'spaces around the value are left out', {
      hint: 'write no spaces there',
      classic: badDefault(report, name, 'inval'),
    });
    return { ...entry, value: trimmed };
  }
  if (error === 'notfound') {
    const near = nearest(name.text.slice(0, 64), [...defaultNames, ...Object.keys(PARTS)]);
    report.error('bad-default', name, `there is no default '${name.text}'`, {
      hint: near === undefined ? undefined : `did you mean '${near}'?`,
      classic: badDefault(report, name, 'notfound'),
    });
  } else {
    const range = error === 'outofrange';
    report.error(
      'bad-default',
      value ?? name,
      `'${value?.text ?? ''}' ${range ? 'is out of range' : 'is not a value'} for '${name.text}'`,
      {
        hint: range || !/^(yes|on|no|off)$/i.test(value?.text ?? '') ? undefined : 'a default is true or false',
        classic: badDefault(report, name, range ? 'outofrange' : 'inval'),
      },
    );
  }
  return { is: 'dropped' };
}

const badDefault = (report: LineReport, name: Field, error: 'notfound' | 'inval' | 'outofrange'): string =>
  messages.badDefault(name.text, report.onLine, error);

const warnOld = (report: LineReport, name: Field, now: string): void =>
  report.warning('old-spelling', name, `'${name.text}' is a default of ser2net 3; it is read as ${now}`, {
    classic: badDefault(report, name, 'notfound'),
  });

/** The parts as they stand for a class: its own, else those for all, else 9600N81. */
function partsOf(names: ConfNames, cls: string | undefined): SpeedParts {
  const base = names.speeds.get('') ?? { speed: '9600', parity: 'N', databits: '8', stopbits: '1' };
  return { ...(names.speeds.get(cls ?? '') ?? base) };
}

function storeSpeed(parts: SpeedParts, names: ConfNames, cls: string | undefined, pos: Pos): DefaultEntry {
  const value = `${parts.speed}${parts.parity}${parts.databits}${parts.stopbits}`;
  names.speeds.set(cls ?? '', parts);
  names.badSpeeds.delete(cls ?? '');
  names.defaults.set('speed', cls, value, pos);
  return { is: 'default', name: 'speed', value, class: cls };
}

/** databits, stopbits, parity. */
function setPart({ name, value, cls }: Written, report: LineReport, names: ConfNames): Entry {
  const { part, values } = PARTS[name.text]!;
  const wanted = value?.text.trim() ?? '';
  const got = Object.hasOwn(values, wanted) ? values[wanted] : undefined;
  if (got === undefined) {
    report.error('bad-default', value ?? name, `'${value?.text ?? ''}' is not a value for '${name.text}'`, {
      hint: `it is one of ${Object.keys(values).join(', ')}`,
      classic: badDefault(report, name, 'notfound'),
    });
    return { is: 'dropped' };
  }
  const parts = partsOf(names, cls);
  parts[part] = got;
  const entry = storeSpeed(parts, names, cls, report.posOf(name));
  warnOld(report, name, `part of 'speed', now ${entry.value}`);
  return entry;
}

/** speed: what is left out of 9600N81 is left as it is, where 4.3.11 forgets it and can open no device any more. */
function setSpeed({ name, value, cls }: Written, report: LineReport, names: ConfNames): Entry {
  if (value === undefined) {
    names.speeds.delete(cls ?? '');
    names.badSpeeds.delete(cls ?? '');
    names.defaults.set('speed', cls, undefined, report.posOf(name));
    return { is: 'default', name: 'speed', value: undefined, class: cls };
  }
  const m = SPEED.exec(value.text.trim());
  if (m === null || Number(m[1]) < 10 || Number(m[1]) > 0x7fffffff) {
    report.error('bad-default', value, `'${value.text}' is not a speed; 9600N81 is used`, { hint: 'a speed is written 9600 or 9600N81' });
    const entry = storeSpeed({ speed: '9600', parity: 'N', databits: '8', stopbits: '1' }, names, cls, report.posOf(name));
    names.badSpeeds.set(cls ?? '', value.text);
    return entry;
  }
  const parts = partsOf(names, cls);
  parts.speed = m[1]!;
  if (m[2] !== undefined) parts.parity = m[2].toUpperCase();
  if (m[3] !== undefined) parts.databits = m[3];
  if (m[4] !== undefined) parts.stopbits = m[4];
  return storeSpeed(parts, names, cls, report.posOf(name));
}

function noName(report: LineReport, hint: string): Entry {
  report.error('bad-line', report.whole, 'the default has no name', { hint, classic: `No default name given${report.onLine}` });
  return { is: 'dropped' };
}

/** A DELDEFAULT line; `fields` follows its first colon. */
export function readDelDefault(fields: Fields, report: LineReport, names: ConfNames): Entry {
  const name = fields.next();
  const cls = fields.rest();
  if (name === undefined) return noName(report, 'DELDEFAULT:name:class');
  if (cls === undefined || cls.text === 'ser2net' || cls.text === 'default') {
    report.error('bad-default', cls ?? name, 'only the default of a class of gensio can be taken away', {
      hint: 'DELDEFAULT:name:class, with a class such as serialdev, tcp or telnet',
      classic: messages.onlyClass + report.onLine,
    });
    return { is: 'dropped' };
  }
  if (names.defaults.remove(name.text, cls.text) !== undefined) {
    report.error('bad-default', name, `class '${cls.text}' has no default '${name.text}' of its own`, {
      classic: messages.badDelDefault(name.text, report.onLine),
    });
    return { is: 'dropped' };
  }
  if (name.text === 'speed') {
    names.speeds.delete(cls.text);
    names.badSpeeds.delete(cls.text);
  }
  return { is: 'deldefault', name: name.text, class: cls.text };
}
