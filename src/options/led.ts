// The options of an LED (driver sysfs). Their names may be cut short to any beginning, which then sets each option it begins.
import type { Kind } from './kind.ts';
import { row } from './row.ts';

/** A number as atoi reads it: what does not begin with one is 0. */
const leadingInt = (text: string): number => Number(/^[ \t\n\r\f\v]*([+-]?[0-9]{1,9})/.exec(text)?.[1] ?? 0);

const device: Kind<string | undefined> = { name: 'name', parse: (text) => ({ ok: text }), print: (value) => value ?? '' };
const duration: Kind<number> = {
  name: 'n',
  parse: (text) => {
    const n = leadingInt(text);
    return n < 0 ? { expected: 'a number of milliseconds' } : { ok: n || 10 };
  },
  print: String,
};
const state: Kind<0 | 1> = {
  name: '0|1',
  parse: (text) => {
    const n = leadingInt(text);
    return n < -1 || n > 1 ? { expected: '0 or 1' } : { ok: n === 0 ? 0 : 1 };
  },
  print: String,
};
const mode: Kind<'transient' | 'solid'> = {
  name: 'transient|solid',
  parse: (text) =>
    /^trans[a-z]*$/.test(text) ? { ok: 'transient' } : text === 'solid' ? { ok: 'solid' } : { expected: 'transient or solid' },
  print: String,
};

/** The options of an LED. */
export const LED = {
  device: row({
    conf: 'device',
    yaml: 'device',
    kind: device,
    def: undefined,
    since: '3.0',
    doc: 'Its name under /sys/class/leds. Required.',
  }),
  duration: row({ conf: 'duration', yaml: 'duration', kind: duration, def: 10, unit: 'ms', since: '3.0', doc: 'How long a flash lasts.' }),
  state: row({
    conf: 'state',
    yaml: 'state',
    kind: state,
    def: 1,
    since: '3.0',
    doc: 'Brightness of a flash: 1 for on, 0 for an LED that is on and goes out.',
  }),
  mode: row({
    yaml: 'mode',
    kind: mode,
    def: 'transient',
    since: '4.6.5',
    doc: 'transient flashes through the trigger of that name; solid switches the LED on and off, for led-conn.',
  }),
} as const;

/** The key of an option of an LED. */
export type LedOption = keyof typeof LED;

/** The options that a name, or the beginning of one, stands for. Compared without case. */
export const ledOptions = (name: string, format: 'conf' | 'yaml'): LedOption[] =>
  (Object.keys(LED) as LedOption[]).filter((key) => Boolean(LED[key][format]) && key.startsWith(name.toLowerCase()));
