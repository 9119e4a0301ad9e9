// How each column serves a device and makes a served one local: command lines and configurations.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Column, NotOffered } from './row.ts';
import type { Served } from './trial.ts';

const MAIN = join(import.meta.dirname, '../../src/main.js');
/** The daemon of the first column, for its sub-commands. */
export const OURS = [process.execPath, MAIN] as const;

export interface ServeSpec {
  /** Layers above TCP: `telnet(rfc2217)`, `telnet`, `ssl(...)`. Default none. */
  readonly over?: string;
  /** The same for socat, where it has it: options of openssl-listen. */
  readonly socatTls?: string;
  /** Speed, parity, sizes. Default 115200n81. */
  readonly settings?: string;
  /** Further lines of `options:`. */
  readonly options?: readonly string[];
}

export interface AttachSpec {
  /** Further arguments of `ser2net attach`. */
  readonly args?: readonly string[];
  /** Everybody may open it. */
  readonly forAll?: boolean;
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

interface Where {
  readonly dir: string;
  readonly port: number;
  readonly device: string;
  readonly spec: ServeSpec;
}

export function serverCommand(column: Column, where: Where): Command {
  const { dir, port, device, spec } = where;
  const settings = spec.settings ?? '115200n81';
  if (column === 'socat') {
    if (spec.over !== undefined && spec.over !== '' && spec.socatTls === undefined)
      throw new NotOffered(`no ${spec.over.replace(/\(.*/, '')}`);
    const listen = spec.socatTls === undefined ? `tcp-listen:${port}` : `openssl-listen:${port},${spec.socatTls}`;
    const speed = /^\d+/.exec(settings)![0];
    return { file: 'socat', args: [`${listen},bind=127.0.0.1,reuseaddr,fork`, `${device},b${speed},raw,echo=0`] };
  }
  const file = join(dir, `${port}.yaml`);
  const over = spec.over === undefined || spec.over === '' ? '' : `${spec.over},`;
  writeFileSync(
    file,
    `%YAML 1.1
---
connection: &device
  accepter: ${over}tcp,127.0.0.1,${port}
  connector: serialdev,${device},${settings},local
  options:
${[`trace-read: ${dir}/from-device`, `trace-write: ${dir}/to-device`, ...(spec.options ?? [])].map((o) => `    ${o}\n`).join('')}`,
  );
  const args = ['-n', '-d', '-u', '-c', file];
  return column === 'this' ? { file: OURS[0], args: [OURS[1], ...args] } : { file: 'ser2net', args };
}

interface AttachWhere {
  readonly dir: string;
  readonly link: string;
  readonly served: Served;
  readonly spec: AttachSpec;
}

export function attachCommand(column: Column, { dir, link, served, spec }: AttachWhere): Command {
  const over = served.spec.over ?? '';
  const address = `127.0.0.1,${served.port}`;
  if (column === 'socat')
    return {
      file: 'socat',
      args: [`pty,link=${link},raw,echo=0,ignoreof${spec.forAll ? ',mode=666' : ''}`, `tcp:127.0.0.1:${served.port}`],
    };
  if (column === 'ser2net') {
    const file = join(dir, `${served.port}-attach.yaml`);
    const layers = over === '' ? '' : `${over},`;
    writeFileSync(
      file,
      `connection: &local\n  accepter: conacc,pty(link=${link},raw${spec.forAll ? ',umode=6,gmode=6,omode=6' : ''})\n  connector: ${layers}tcp,${address}\n`,
    );
    return { file: 'ser2net', args: ['-n', '-d', '-u', '-c', file] };
  }
  const target = `${over === '' ? 'tcp' : 'rfc2217'}://127.0.0.1:${served.port}`;
  return { file: OURS[0], args: [OURS[1], 'attach', '-n', ...(spec.forAll ? ['--mode', '666'] : []), ...(spec.args ?? []), link, target] };
}
