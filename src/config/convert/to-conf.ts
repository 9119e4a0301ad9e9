// A configuration as a classic file that ser2net 3.5 reads. What it cannot say is left out, with a comment that says so.
import { CONNECTION } from '../../options/connection.ts';
import type { Rows } from '../../options/row.ts';
import type { Config, ConnectionConfig, LedConfig } from '../model.ts';
import { deviceOf, portOf } from './classic-forms.ts';
import { knows } from './for-version.ts';

const VERSION = '3.5';
/** Texts that are defined by a line of their own, and the directive for each. */
const TEXTS = { banner: 'BANNER', openstr: 'OPENSTR', closestr: 'CLOSESTR', closeon: 'CLOSEON', signature: 'SIGNATURE' } as const;
const TRACES = { traceRead: 'tr', traceWrite: 'tw', traceBoth: 'tb' } as const;
/** The lines of one connection: what defines its texts, and the port itself. */
function connectionLines(c: ConnectionConfig, number: number, leds: readonly LedConfig[]): string[] {
  const where = portOf(c.accepter);
  const what = deviceOf(c.connector);
  if (where === undefined || what === undefined) {
    const which = where === undefined ? `the accepter '${c.accepter.text}'` : `the connector '${c.connector.text}'`;
    return [`# left out: ${c.name}: ser2net ${VERSION} cannot have ${which}`.replace(/[\r\n]/g, ' ')];
  }
  const before: string[] = [];
  const words = [...what.words, ...where.words];
  // A device name with a colon needs a name of its own.
  let device = what.device;
  if (device.includes(':')) {
    before.push(`DEVICE:device${number}:${device}`);
    device = `device${number}`;
  }
  for (const [key, directive] of Object.entries(TEXTS) as [keyof typeof TEXTS, string][]) {
    const text = c.options[key];
    if (text === undefined || text === CONNECTION[key].def) continue;
    before.push(`${directive}:${key}${number}:${text.replaceAll('\n', '\\n').replaceAll('\r', '\\r')}`);
    words.push(`${key}${number}`);
  }
  for (const [key, word] of Object.entries(TRACES) as [keyof typeof TRACES, string][]) {
    const file = c.options[key];
    if (file === undefined) continue;
    before.push(`TRACEFILE:${word}${number}:${file}`);
    words.push(`${word}=${word}${number}`);
    if (c.options[`${key}Hexdump`]) words.push(`${word}-hexdump`);
    if (c.options[`${key}Timestamp`]) words.push(`${word}-timestamp`);
  }
  for (const [key, word] of [
    ['ledRx', 'led-rx'],
    ['ledTx', 'led-tx'],
  ] as const) {
    const led = c.options[key];
    if (led !== undefined && leds.some(({ name }) => name === led)) words.push(`${word}=${led}`);
  }
  const said: readonly string[] = [...Object.keys(TEXTS), ...Object.keys(TRACES), 'ledRx', 'ledTx'];
  for (const [key, row] of Object.entries(CONNECTION as Rows)) {
    const value: unknown = c.options[key as keyof typeof c.options];
    if (typeof row.conf !== 'string' || said.includes(key) || value === undefined || !knows(VERSION, row, false)) continue;
    if (JSON.stringify(value) === JSON.stringify(row.def)) continue;
    if (typeof value === 'boolean') words.push(value ? row.conf : `-${row.conf}`);
    else
      for (const each of row.adds && Array.isArray(value) ? value.map((item) => [item]) : [value])
        words.push(`${row.conf}=${row.kind.print(each)}`);
  }
  return [...before, `${where.port}:${c.enable ? where.state : 'off'}:${c.timeout}:${device}:${words.join(' ')}`];
}

/** The whole file. Never throws. */
export function printConf({ connections, rotators, leds, admin }: Config): string {
  const ports = new Map(connections.map((c) => [c.name, deviceOf(c.connector) === undefined ? undefined : portOf(c.accepter)?.port]));
  const control = admin === undefined ? undefined : portOf(admin.accepter);
  const lines = [
    ...(control === undefined ? [] : [`CONTROLPORT:${control.port}`]),
    ...leds.map(({ name, device, duration, state }) => `LED:${name}:sysfs:device=${device} duration=${duration} state=${state}`),
    ...connections.flatMap((c, i) => connectionLines(c, i + 1, leds)),
    ...rotators.map(({ name, accepter, connections: names }) => {
      const own = portOf(accepter)?.port;
      const known = names.flatMap((each) => ports.get(each) ?? []);
      return own === undefined || known.length === 0 ? `# left out: the rotator ${name}` : `ROTATOR:${own}:${known.join(' ')}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
