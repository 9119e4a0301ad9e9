// check and convert as they are called from the command line, without a process.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SUBCOMMANDS, type SubcommandOptions } from '../../src/daemon/subcommands.ts';
import { makeDirectory } from './command-rig.ts';

const dir = makeDirectory();

async function call(
  name: string,
  args: readonly string[],
  options: SubcommandOptions = {},
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string | Buffer): void => {
      out += text.toString();
    },
    err: (text: string): void => {
      err += text;
    },
  };
  return { code: await SUBCOMMANDS[name]!.run(args, options, io), out, err };
}
function write(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

test('check gives 0 and one line for a good file', async () => {
  const file = write('good.conf', '2000:raw:0:/dev/ttyS0:9600\n2001:raw:0:/dev/ttyS1:9600\n');
  assert.deepEqual(await call('check', [file]), { code: 0, out: '2 connections: no problems\n', err: '' });
});

test('check gives 1, and shows each problem with its place in the text', async () => {
  const file = write('bad.conf', '2000:raw:0:/dev/ttyS0:9600\n\tbad line\n');
  const { code, out, err } = await call('check', [file]);
  assert.deepEqual([code, err], [1, '']);
  const lines = out.split('\n');
  assert.match(lines[0]!, /bad\.conf:2:\d+: error: /);
  assert.equal(lines[1], '  | \tbad line');
  assert.match(lines[2]!, /^ {2}\| \t? *\^+$/);
  assert.match(out, /\n1 connection: 1 error, 0 warnings\n$/);
});

test('check can be quiet', async () => {
  const file = write('bad2.conf', 'bad\n');
  assert.deepEqual(await call('check', [file], { quiet: true }), { code: 1, out: '', err: '' });
});

test('check gives 1 and the reason when there is nothing to read', async () => {
  const { code, out, err } = await call('check', ['/nowhere/x.yaml']);
  assert.deepEqual([code, out, err], [1, '', "Unable to open config file '/nowhere/x.yaml': No such file or directory\n"]);
});

test('convert prints YAML, byte for byte what texts were', async () => {
  const path = join(dir, 'old.conf');
  writeFileSync(path, Buffer.from('BANNER:b:Gr\xfc\xdfe\n2000:raw:0:/dev/ttyS0:9600 b\n', 'latin1'));
  const { code, out } = await call('convert', [path]);
  assert.equal(code, 0);
  assert.match(out, /^%YAML 1\.1\n---\n/);
  assert.match(out, /accepter: tcp,2000/);
});

test('convert gives 1 when something had to be left out, and says what', async () => {
  const file = write('old2.conf', 'bad\n2000:raw:0:/dev/ttyS0:9600\n');
  const { code, out, err } = await call('convert', [file]);
  assert.equal(code, 1);
  assert.match(out, /accepter: tcp,2000/);
  assert.match(err, /old2\.conf:1:1: error: /);
});
