// In what two configurations do not mean the same, in words: what a conversion must tell, should it not have said so already.
import { isDeepStrictEqual } from 'node:util';
import type { Diag } from '../../base/diag.ts';
import type { Stack } from '../../gensio/syntax/stack.ts';
import { CONNECTION } from '../../options/connection.ts';
import type { Rows } from '../../options/row.ts';
import type { Config, ConnectionConfig } from '../model.ts';

/** Escapes for names and places, which a conversion may write in another way: not compared. */
const BY_NAME = /\\[oNpd]/;

const meaning = ({ spec, error }: Stack): unknown => spec ?? error;

/**
 * Differences of after from before, but for names and spellings; sections are compared in their order. said: what was reported by
 * then; a thing named there is not named again.
 */
export function differences(before: Config, after: Config, said: readonly Diag[]): string[] {
  const out: string[] = [];
  const tell = (text: string, what: string): void => {
    if (!said.some((diag) => diag.text.includes(what))) out.push(text);
  };
  const counts = [
    ['connections', before.connections.length, after.connections.length],
    ['rotators', before.rotators.length, after.rotators.length],
    ['LEDs', before.leds.length, after.leds.length],
    ['attachments', before.attachments?.length ?? 0, after.attachments?.length ?? 0],
  ] as const;
  for (const [what, was, is] of counts) {
    if (was !== is && !said.some(({ severity }) => severity === 'error')) out.push(`there were ${was} ${what} and are ${is} now`);
  }
  if (before.connections.length === after.connections.length) {
    for (const [i, was] of before.connections.entries()) compare(was, after.connections[i]!, before, after, tell);
  }
  if (before.leds.length === after.leds.length) {
    for (const [i, { name, device, duration, state, mode }] of before.leds.entries()) {
      const now = after.leds[i]!;
      if (![device === now.device, duration === now.duration, state === now.state, mode === now.mode].every(Boolean)) {
        tell(`the LED '${name}' is not the same`, name);
      }
    }
  }
  if (before.rotators.length === after.rotators.length) {
    // Names of connections may change: their places count.
    const [was, is] = [before, after].map((config) => new Map(config.connections.map((each, i) => [each.name, i])));
    for (const [i, { name, accepter, connections, options }] of before.rotators.entries()) {
      const now = after.rotators[i]!;
      const same = [
        isDeepStrictEqual(meaning(accepter), meaning(now.accepter)),
        isDeepStrictEqual(options, now.options),
        isDeepStrictEqual(
          connections.map((each) => was!.get(each)),
          now.connections.map((each) => is!.get(each)),
        ),
      ];
      if (!same.every(Boolean)) tell(`the rotator '${name}' is not the same`, name);
    }
  }
  const admins = [before.admin, after.admin].map(
    (admin) => admin && [meaning(admin.accepter), admin.authdir, admin.pamauth, admin.timeout],
  );
  if (!isDeepStrictEqual(admins[0], admins[1])) tell('the admin port is not the same', 'admin');
  return out;
}

function compare(
  was: ConnectionConfig,
  is: ConnectionConfig,
  before: Config,
  after: Config,
  tell: (text: string, what: string) => void,
): void {
  const name = `the connection '${was.name}'`;
  for (const role of ['accepter', 'connector'] as const) {
    if (!isDeepStrictEqual(meaning(was[role]), meaning(is[role]))) tell(`${name}: its ${role} is not the same`, role);
  }
  if (was.timeout !== is.timeout) tell(`${name}: its timeout is not the same`, 'timeout');
  if (was.enable !== is.enable) tell(`${name}: it is switched ${is.enable ? 'on' : 'off'}`, 'enable');
  const place = (config: Config, led: unknown): number => config.leds.findIndex((each) => each.name === led);
  for (const [key, row] of Object.entries(CONNECTION as Rows)) {
    const [old, now] = [was.options, is.options].map((options) => (options as Readonly<Record<string, unknown>>)[key]);
    if (isDeepStrictEqual(old, now) || row.yaml === false) continue;
    if (/^led[RTC]/.test(key) && place(before, old) === place(after, now)) continue;
    if (
      typeof old === 'string' &&
      typeof now === 'string' &&
      (BY_NAME.test(old) || /\\x/.test(now) || old.includes('\ufffd') !== now.includes('\ufffd'))
    )
      continue;
    tell(`${name}: the option ${row.yaml} is not the same`, row.yaml);
  }
}
