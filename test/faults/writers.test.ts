// Sub-commands that write files, with one system call failing: the file is whole, or there is a message and nothing is left behind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildShim, type Failure, type Op, Shim } from './shim.ts';

const MAIN = join(import.meta.dirname, '../../src/main.js');
const dir = mkdtempSync(join(tmpdir(), 'writers-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const built = buildShim(dir);
const skip = 'why' in built && built.why;

/** Each call of one run, with each way to fail. */
const FAULTS: readonly (readonly [Op, number, Failure])[] = [
  ...[1, 2].flatMap((nth) => (['short', 'EIO', 'ENOSPC'] as const).map((failure) => ['write', nth, failure] as const)),
  ...[1, 2].map((nth) => ['fsync', nth, 'EIO'] as const),
  ...[1, 2].map((nth) => ['link', nth, 'EIO'] as const),
  ...[1, 2, 3].map((nth) => ['open', nth, 'EACCES'] as const),
];

/** Files of a directory with what is in them. */
const filesOf = (path: string): Record<string, string> =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'latin1')]));

interface Writer {
  readonly args: readonly string[];
  /** What is there before. */
  readonly before: Readonly<Record<string, string>>;
  /** What is wrong with the files of a run that said it was done. */
  wrong(files: Readonly<Record<string, string>>): string | undefined;
}
const WRITERS: Readonly<Record<string, Writer>> = {
  gencert: {
    args: ['gencert', '--key', 'out/key.pem', '--cert', 'out/cert.pem'],
    before: {},
    wrong: ({ 'key.pem': key = '', 'cert.pem': cert = '' }) =>
      /^-----BEGIN .*-----END [A-Z ]+-----\n$/s.test(key) && /^-----BEGIN .*-----END CERTIFICATE-----\n$/s.test(cert)
        ? undefined
        : `key '${key}' certificate '${cert}'`,
  },
  convert: {
    args: ['convert', 'out/old.conf', '-o', 'out/new.yaml'],
    before: { 'old.conf': '2000:raw:0:/dev/ttyS0:9600\n', 'new.yaml': 'what was there\n' },
    wrong: ({ 'new.yaml': text = '' }) => (/accepter: tcp,2000\n.*\/dev\/ttyS0.*\n$/s.test(text) ? undefined : text),
  },
};

for (const [name, { args, before, wrong }] of Object.entries(WRITERS)) {
  test(`${name} leaves whole files or says why not, whatever call fails`, { skip, timeout: 120_000 }, () => {
    if ('why' in built) return;
    const control = join(dir, 'control');
    const out = join(dir, 'out');
    const run = (
      ...fault: Partial<(typeof FAULTS)[number]>
    ): { readonly status: number | null; readonly stderr: string; readonly fired: boolean } => {
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out);
      for (const [file, text] of Object.entries(before)) writeFileSync(join(out, file), text);
      const shim = new Shim(control, 'out/');
      const [op, nth, failure] = fault;
      if (op !== undefined && nth !== undefined && failure !== undefined) shim.arm({ op, nth, failure });
      const env = { ...process.env, LD_PRELOAD: built.library, FAULTSHIM_FILE: control };
      const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: dir, env, encoding: 'utf8', timeout: 30_000 });
      const { fired } = shim;
      shim.close();
      return { status, stderr, fired };
    };
    const plain = run();
    assert.equal(plain.status, 0, plain.stderr);
    const names = Object.keys(filesOf(out)).sort();
    let struck = 0;
    for (const fault of FAULTS) {
      const { status, stderr, fired } = run(...fault);
      if (!fired) continue;
      struck++;
      const files = filesOf(out);
      const what = `${fault.join(' ')}: ${status} '${stderr}' ${Object.keys(files).join(' ')}`;
      for (const file of Object.keys(files)) assert.ok(names.includes(file), `left behind: ${what}`);
      if (status === 0) assert.equal(wrong(files), undefined, what);
      else {
        assert.notEqual(stderr, '', what);
        for (const [file, text] of Object.entries(before)) assert.equal(files[file], text, what);
      }
    }
    assert.ok(struck >= 5, `${struck} faults struck`);
  });
}
