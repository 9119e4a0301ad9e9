// examples/library/: each program compiled against the declarations of this build, and run.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import ts from 'typescript';
import { ROOT } from '../../packaging/gen/pages.ts';
import { makeDirectory, until } from '../cli/command-rig.ts';
import { freePort } from '../rig/free-port.ts';
import { openPty } from '../rig/pty.ts';
import { type Served, serve } from './rig.ts';

const SOURCES = join(ROOT, 'examples/library');
const BUILD = join(import.meta.dirname, '../..');
const INDEX = join(BUILD, 'src/index');
/** Below the build, so that packages are found. */
const OUT = join(import.meta.dirname, 'examples');
const files = readdirSync(SOURCES).filter((file) => file.endsWith('.ts'));
const options: ts.CompilerOptions = { module: ts.ModuleKind.Node20, target: ts.ScriptTarget.ES2022, sourceMap: false };

test('the example programs compile, as strictly as our own', () => {
  const program = ts.createProgram(
    files.map((file) => join(SOURCES, file)),
    {
      ...options,
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      lib: ['lib.es2023.d.ts'],
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      paths: { ser2net: [`${INDEX}.d.ts`] },
    },
  );
  const problems = ts.getPreEmitDiagnostics(program);
  assert.equal(
    ts.formatDiagnostics(problems, { getCanonicalFileName: (f) => f, getCurrentDirectory: () => ROOT, getNewLine: () => '\n' }),
    '',
  );
});

before(() => {
  mkdirSync(OUT, { recursive: true });
  for (const file of files) {
    const { outputText } = ts.transpileModule(readFileSync(join(SOURCES, file), 'utf8'), {
      compilerOptions: options,
      fileName: file.replace('.ts', '.mts'),
    });
    writeFileSync(join(OUT, file.replace('.ts', '.mjs')), outputText.replaceAll("'ser2net'", `'${INDEX}.js'`));
  }
});

const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
});
function program(name: string, ...args: string[]): { child: ChildProcess; out: () => string; ended: Promise<unknown[]> } {
  const child = spawn(process.execPath, [join(OUT, `${name}.mjs`), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      out += data.toString();
    });
  }
  return { child, out: () => out, ended: once(child, 'close') };
}
/** An instrument that answers each line with its speed. */
function instrument({ pty }: Served): void {
  void (async () => {
    for (;;) {
      const line = (await pty.master.takeUntil('\n', 2 ** 31 - 1)).toString().trim();
      await pty.master.write(`${line} at ${pty.settings().ospeed}\n`);
    }
  })().catch(() => undefined);
}

test('ask: an instrument is asked at its own speed, and a failure is told in words', async () => {
  const served = await serve('telnet(rfc2217),');
  instrument(served);
  const asked = program('ask', `telnet(rfc2217),tcp,127.0.0.1,${served.port}`, 'id?');
  assert.deepEqual((await asked.ended)[0], 0, asked.out());
  assert.match(asked.out(), /id\? at 19200/);
  const failed = program('ask', 'tcp,127.0.0.1,1');
  assert.deepEqual((await failed.ended)[0], 1);
  assert.match(failed.out(), /Connection refused/);
  await served.close();
});

test('serialport: a program for local ports works elsewhere', async () => {
  const served = await serve('telnet(rfc2217),');
  instrument(served);
  const asked = program('serialport', `127.0.0.1:${served.port}`);
  assert.deepEqual((await asked.ended)[0], 0);
  assert.equal(asked.out(), 'line? at 19200\n');
  await served.close();
});

test('own-layer: lines get the time in front', async () => {
  const served = await serve();
  const { child, out, ended } = program('own-layer', `stamp(seconds),tcp,127.0.0.1,${served.port}`);
  child.stdin!.write('to the device');
  await served.pty.master.takeUntil('to the device');
  await served.pty.master.write('one\ntwo\n');
  await until('both lines', () => /^\S+T\S+ one\n\S+T\S+ two\n$/.test(out()));
  child.stdin!.end();
  await ended;
  await served.close();
});

test('serve: a server in a program tells what happens, reloads and stops', async () => {
  const pty = openPty({ raw: true });
  const port = await freePort();
  const config = join(makeDirectory(), 'ser2net.yaml');
  writeFileSync(
    config,
    `connection: &p\n  accepter: tcp,127.0.0.1,${port}\n  connector: serialdev(nouucplock),${pty.path},9600n81,local\n`,
  );
  const server = program('serve', config);
  await until('it to listen', () => server.out().includes(`p: listens on ${port}\n`));
  const { openGensio } = await import('../../src/index.ts');
  const client = await openGensio(`tcp,127.0.0.1,${port}`);
  client.write('hello');
  await pty.master.takeUntil('hello');
  client.destroy();
  await until('the end to be told', () => /p: ipv4,127.0.0.1,\d+ left: network read close\n/.test(server.out()));
  server.child.kill('SIGTERM');
  assert.deepEqual((await server.ended)[0], 0);
  assert.match(server.out(), /p: CTS is off/);
  await pty.close();
});
