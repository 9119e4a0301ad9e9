// Reading a classic text in a test: the lines, the connections, what is said.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readConf } from '../../../src/config/conf/model.ts';
import type { ConnectionConfig, Reading } from '../../../src/config/model.ts';
import type { SerialLine } from '../../../src/options/serialdev.ts';

/** Lines as one file. */
export const conf = (...lines: readonly string[]): Reading => readConf(lines.map((line) => `${line}\n`).join(''), 'ser2net.conf');

/** The one connection of a file. */
export function port(...lines: readonly string[]): ConnectionConfig {
  const { config, diags } = conf(...lines);
  const [only, ...more] = config.connections;
  if (only === undefined || more.length > 0)
    throw new Error(`${config.connections.length} connections: ${diags.map((d) => d.text).join('; ')}`);
  return only;
}

/** A port with these options. */
export const withOptions = (options: string, ...before: readonly string[]): ConnectionConfig =>
  port(...before, `2000:raw:0:/dev/ttyS0:${options}`);

/** The serial line of a connection whose device is a plain one. */
export function lineOf({ connector }: ConnectionConfig): SerialLine {
  if (connector.spec?.type !== 'serialdev') throw new Error(`${connector.text}: ${connector.detail}`);
  return connector.spec.line;
}

/** What ser2net 4.3.11 prints. */
export const classics = ({ diags }: Reading): string[] => diags.flatMap((d) => d.classic ?? []);

/** `line:col code` of each problem. */
export const places = ({ diags }: Reading): string[] => diags.map((d) => `${d.pos.line}:${d.pos.col} ${d.code}`);

/** The folder the package is in. */
export function projectRoot(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, 'package.json'))) at = dirname(at);
  return at;
}
