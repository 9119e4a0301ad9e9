// One try of a row with one server: a folder, simulated devices, the server, the program. All of it is gone when the trial ends.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { modemShim } from '../../compat/rig.ts';
import { listening } from '../bench/processes.ts';
import { freePort } from '../rig/free-port.ts';
import { until } from '../rig/pty.ts';
import { Line } from './line.ts';
import { Running, type RunOptions } from './processes.ts';
import type { Column, Row } from './row.ts';
import { type AttachSpec, attachCommand, type ServeSpec, serverCommand } from './servers.ts';

export interface Served {
  readonly port: number;
  readonly spec: ServeSpec;
  readonly line: Line;
  /** Ends the server, and starts it again on the same port. */
  restart(): Promise<void>;
}

export class Trial {
  readonly column: Column;
  readonly dir: string;
  /** Where npm's packages of the rows are. */
  readonly npm: string;
  /** Python with python3-serial. */
  readonly python: string;
  readonly #modem: string | undefined;
  readonly #lines: Line[] = [];
  readonly #programs: Running[] = [];
  readonly #servers: Running[] = [];
  #over = false;

  constructor(row: Row, column: Column, places: { readonly npm: string; readonly python: string }) {
    this.column = column;
    this.npm = places.npm;
    this.python = places.python;
    this.dir = mkdtempSync(join(tmpdir(), 's2n-client-'));
    chmodSync(this.dir, 0o755); // for programs that take another user
    if (row.needs.modem === true) {
      this.#modem = join(this.dir, 'modem');
      mkdirSync(this.#modem);
    }
  }

  /** A new line; with modem lines when the row needs them. */
  line(): Line {
    const line = new Line(this.#modem);
    this.#lines.push(line);
    return line;
  }

  /** The server of this column, with the device at one port; resolves when it listens. */
  async serve(line: Line, spec: ServeSpec = {}): Promise<Served> {
    const port = await freePort();
    const command = serverCommand(this.column, { dir: this.dir, port, device: line.path, spec });
    const env = this.#modem === undefined ? {} : { LD_PRELOAD: modemShim(), MODEMSHIM_DIR: this.#modem };
    const begin = async (): Promise<Running> => {
      const server = this.#started(new Running(command.file, command.args, { env }, 'pipes'), this.#servers);
      await until(`the server to listen on ${port}`, () => listening().has(port) || server.ended !== undefined, 10_000);
      assert.equal(server.ended, undefined, `the server ended: ${server.output}`);
      return server;
    };
    let server = await begin();
    const restart = async (): Promise<void> => {
      await server.stop();
      server = await begin();
    };
    return { port, spec, line, restart };
  }

  /** Makes the served port a local device; gives its path. */
  async attach(served: Served, spec: AttachSpec = {}): Promise<string> {
    const link = join(this.dir, `tty-${basename(this.dir).slice(-6)}${this.#servers.length}`);
    const command = attachCommand(this.column, { dir: this.dir, link, served, spec });
    const program = this.#started(new Running(command.file, command.args, {}, 'pipes'), this.#servers);
    await until(`${link} to be there`, () => existsSync(link) || program.ended !== undefined, 10_000);
    assert.equal(program.ended, undefined, `it ended: ${program.output}`);
    return link;
  }

  /** Serves the line and attaches it, with what the column has for both ends. */
  async attached(line: Line, serve: ServeSpec = {}, attach: AttachSpec = {}): Promise<string> {
    const over = serve.over ?? (this.column === 'socat' ? '' : 'telnet(rfc2217)');
    return this.attach(await this.serve(line, { ...serve, over }), attach);
  }

  /** Starts a program with pipes. */
  start(command: string, args: readonly string[], options: RunOptions = {}): Running {
    return this.#started(new Running(command, args, options, 'pipes'), this.#programs);
  }
  /** Starts a program on a terminal of its own, 24 by 80. */
  terminal(command: string, args: readonly string[], options: RunOptions = {}): Running {
    return this.#started(new Running(command, args, options, 'terminal'), this.#programs);
  }
  /** Runs a program to its end, which must be a success; gives what it printed. */
  async run(command: string, args: readonly string[], options: RunOptions & { readonly seconds?: number } = {}): Promise<string> {
    const program = this.start(command, args, options);
    if (options.input === undefined) program.end();
    const code = await program.exit((options.seconds ?? 20) * 1000);
    assert.equal(code, 0, `${program.command} ended with ${code}`);
    return program.output;
  }
  /** Starts a script of programs/, which uses npm's packages. */
  startScript(name: string, args: readonly string[]): Running {
    const [file, env] = this.#script(name);
    return this.start(process.execPath, [file, ...args], { env });
  }
  /** Runs a script of programs/ to its end, as run(). */
  script(name: string, args: readonly string[], options: { readonly seconds?: number } = {}): Promise<string> {
    const [file, env] = this.#script(name);
    return this.run(process.execPath, [file, ...args], { ...options, env });
  }
  #script(name: string): [string, NodeJS.ProcessEnv] {
    return [join(import.meta.dirname, 'programs', `${name}.js`), { CLIENTS_NPM: this.npm }];
  }
  /** Somebody listens on this TCP port. */
  listens(port: number): boolean {
    return listening().has(port);
  }
  /** Writes a file of the trial; gives its path. */
  file(name: string, text: string | Buffer, mode = 0o644): string {
    const path = join(this.dir, name);
    writeFileSync(path, text, { mode });
    return path;
  }

  #started(program: Running, among: Running[]): Running {
    among.push(program);
    if (this.#over) void program.stop('SIGKILL');
    return program;
  }

  /** What a failed row shows: what the programs printed, and the last bytes on both sides. */
  report(): string {
    const parts = this.#programs.map((p) => `${p.command} (${p.ended ?? 'running'}) printed:\n${indent(p.output.slice(-700))}`);
    for (const [i, line] of this.#lines.entries()) {
      parts.push(`device ${i} at ${line.speed} got ${line.got.count} bytes, last:\n${indent(dump(line.got.bytes()))}`);
      parts.push(`device ${i} sent ${line.sent.count} bytes, last:\n${indent(dump(line.sent.bytes()))}`);
    }
    for (const [file, what] of [
      ['to-device', 'the server had for the device'],
      ['from-device', 'the server had from the device'],
    ] as const) {
      const path = join(this.dir, file);
      if (existsSync(path)) parts.push(`${what} ${statSync(path).size} bytes, last:\n${indent(dump(readFileSync(path).subarray(-256)))}`);
    }
    for (const s of this.#servers) parts.push(`${s.command} printed:\n${indent(s.output.slice(-1000))}`);
    return parts.join('\n');
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#programs.map((p) => p.stop()));
    await Promise.all(this.#servers.map((p) => p.stop()));
    await Promise.all(this.#lines.map((line) => line.close()));
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const indent = (text: string): string => text.trimEnd().replace(/^/gm, '    ');
/** As text where it is text, and as numbers. */
const dump = (bytes: Buffer): string =>
  bytes.length === 0 ? '(none)' : `${JSON.stringify(bytes.toString('latin1'))}\n${bytes.subarray(-64).toString('hex')}`;
