// How each program is started for a row: configurations, command lines, and what is installed.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { generateCertificate } from '../../src/cli/certificate.ts';
import { v8Flags } from '../../src/daemon/v8-flags.ts';
import type { Program, Row } from './rows.ts';

const SOURCES = resolve(import.meta.dirname, '../../../test/bench');
const MAIN = resolve(import.meta.dirname, '../../src/main.js');

const installed = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const HAS = { ser2net: installed('ser2net'), socat: installed('socat'), cc: installed('cc') };

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export class Programs {
  readonly #dir: string;
  readonly #loop: string | undefined;
  readonly #load: string | undefined;
  #certificate = false;

  /** dir: where everything goes that is made. */
  constructor(dir: string) {
    this.#dir = dir;
    this.#loop = this.#compile('splice');
    this.#load = this.#compile('load');
  }

  #compile(name: string): string | undefined {
    if (!HAS.cc) return undefined;
    const out = join(this.#dir, name);
    const { status, stderr } = spawnSync('cc', ['-O2', '-o', out, join(SOURCES, `${name}.c`), '-lutil'], { encoding: 'utf8' });
    if (status === 0) return out;
    process.stderr.write(`${name}.c could not be compiled: ${stderr}\n`);
    return undefined;
  }

  /** Where the load generator makes the devices. */
  get links(): string {
    return join(this.#dir, 'links');
  }

  load(row: Row, base: number): Command {
    const words = [row.mode, this.links, String(base), String(row.ports), ...(row.args ?? [])];
    if (this.#load !== undefined && !row.tls) return { file: this.#load, args: words };
    return { file: process.execPath, args: [join(import.meta.dirname, 'load.js'), ...words] };
  }

  /** undefined: it cannot be had here. */
  daemon(row: Row, base: number, program: Program): Command | undefined {
    if (program === 'C loop')
      return this.#loop === undefined ? undefined : { file: this.#loop, args: [this.links, String(base), String(row.ports)] };
    if (program === 'socat') {
      const listen = `tcp-listen:${base},bind=127.0.0.1,reuseaddr,nodelay,fork`;
      return HAS.socat ? { file: 'socat', args: [listen, `${this.links}/0,raw,echo=0`] } : undefined;
    }
    const file = join(this.#dir, 'bench.yaml');
    writeFileSync(file, this.#configuration(row, base, program));
    const args = ['-n', '-u', '-c', file];
    if (program.startsWith('ours')) return { file: process.execPath, args: [...v8Flags(process.versions.node), MAIN, ...args] };
    return HAS.ser2net ? { file: 'ser2net', args } : undefined;
  }

  /** One text for real ser2net and ours alike. */
  #configuration(row: Row, base: number, program: Program): string {
    const tuned = program === 'ser2net tuned';
    const tcp = tuned ? 'tcp(readbuf=65536,nodelay)' : 'tcp';
    const over = row.rfc2217 ? 'telnet(rfc2217),' : row.tls ? `ssl(key=${this.#key()},cert=${this.#dir}/cert.pem),` : '';
    const lines = ['%YAML 1.1', '---'];
    for (let i = 0; i < row.ports; i++) {
      const main = program === 'ours, doors' ? `unix,${this.#dir}/u${i}` : `${over}${tcp},127.0.0.1,${base + i}`;
      lines.push(`connection: &c${i}`, `  accepter: ${main}`);
      lines.push(`  connector: serialdev${tuned ? '(readbuf=65536)' : ''},${this.links}/${i},921600n81,local`);
      lines.push('  options:', `    max-connections: ${row.users ?? 1}`);
      if (tuned || program === 'ours, no chardelay') lines.push('    chardelay: false');
      if (tuned) lines.push('    dev-to-net-bufsize: 65536', '    net-to-dev-bufsize: 65536');
      if (program === 'ours, doors') {
        const room = `max-connections: ${row.users ?? 1}`;
        lines.push(`port: &c${i}`, '  history: 256k', `  doors: [{accepter: '${over}${tcp},127.0.0.1,${base + i}',`);
        lines.push(`    rights: [read, write], ${room}}]`);
      }
    }
    if (program === 'ours, recording') lines.push('port-defaults:', '  record:', `    file: ${this.#dir}/recordings/\\N.pcapng`);
    return `${lines.join('\n')}\n`;
  }

  #key(): string {
    const key = join(this.#dir, 'key.pem');
    if (!this.#certificate) {
      const made = generateCertificate({ use: 'server', commonName: 'localhost', now: new Date(), days: 2 });
      writeFileSync(key, made.key, { mode: 0o600 });
      writeFileSync(join(this.#dir, 'cert.pem'), made.cert);
      this.#certificate = true;
    }
    return key;
  }
}
