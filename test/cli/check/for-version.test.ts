// `check --for` and `dump --for`: what another version of ser2net refuses, and a form that it reads.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { reference } from '../../../compat/suite.ts';
import { printConfig } from '../../../src/cli/check/dump.ts';
import { problemsFor, type Version } from '../../../src/config/convert/for-version.ts';
import type { Reading } from '../../../src/config/model.ts';
import { readConfig } from '../../../src/config/read.ts';
import { diskFiles, formatOf } from '../../../src/config/source.ts';
import { bottomOf } from '../../../src/gensio/syntax/stack.ts';
import { OWN_NETWORK, ownNetworkIsPossible, type Verdict, verdictOf } from '../../compliance/reference-verdict.ts';
import { projectRoot } from '../../config/conf/conf-text.ts';

const readBytes = (bytes: Buffer, file: string): Reading =>
  readConfig({ ...formatOf(file, bytes), file, bytes, lines: [], oldFormat: false, files: diskFiles({}) });
const read = (text: string, file = 'f.yaml'): Reading => readBytes(Buffer.from(text), file);
function there(version: Version, text: string, file?: string): string[] {
  const { form, lost } = problemsFor(version, read(text, file));
  return [...form, ...lost].map(({ pos, text: said }) => `${pos.line}:${pos.col} ${said}`);
}

const NEW = `connection: &c
  accepter: telnet(rfc2217),tcp(keepalive),2000
  connector: serialdev,/dev/a,9600
  options:
    banner: hello
    timeout-on-os-queue: true
    hold: queue
`;
test('what a version does not know is named with its place and its age, and what it knows is not', () => {
  assert.deepEqual(there('4.3.11', NEW), [
    "6:26 ser2net 4.3.11 has no option 'timeout-on-os-queue' (it came with ser2net 4.6.5): it refuses the connection 'c'",
    "7:11 ser2net 4.3.11 has no option 'hold' (it is an option of this program): it refuses the connection 'c'",
    "2:13 ser2net 4.3.11 has no option 'keepalive' of tcp (it is an option of this program): it refuses the connection 'c'",
  ]);
  assert.deepEqual(there('4.6.7', NEW).length, 2);
  const plain = 'connection: &c\n  accepter: tcp,2000\n  connector: serialdev,/dev/a,9600n81,local\n  options:\n    mdns: true\n';
  assert.deepEqual([there('4.3.11', plain), there('4.6.7', plain)], [[], []]);
});

test('a version that does not read a format, a section or a short form is said not to', () => {
  assert.match(there('3.5', NEW)[0]!, /^1:1 ser2net 3\.5 reads only the classic format$/);
  assert.match(there('4.6.7', '2000:raw:0:/dev/a:9600\n', 'f.conf').join(), /^1:1 ser2net 4\.6\.7 does not read the classic format/);
  assert.deepEqual(there('4.3.11', '2000:raw:0:/dev/a:9600\n', 'f.conf'), []);
  assert.match(
    there('4.3.11', 'connections:\n  a:\n    accepter: tcp,1\n    connector: echo\n').join(),
    /version 2 of the format, which came with 4\.6\.0/,
  );
  assert.match(there('4.3.11', '2000:raw:0:/dev/a:9600 timestamp\n', 'f.conf').join(), /refuses what is spelt as in older versions/);
  assert.match(
    there('4.6.7', 'connection: &a\n  accepter: 2000\n  connector: echo\n').join(),
    /^2:13 ser2net 4\.6\.7 wants each layer by its name/,
  );
  const own =
    'connection: &c\n  accepter: tcp,2000\n  connector: echo\nattachment: &x\n  device: /tmp/x\n  target: tcp://h:1\nport: &c\n  history: 1k\n';
  assert.match(
    there('4.3.11', own).join('\n'),
    /^7:1 ser2net 4\.3\.11 has no section 'port'[^\n]*\n4:\d+ ser2net 4\.3\.11 has no section 'attachment'/,
  );
  assert.match(there('3.5', 'unix,/tmp/x:raw:0:/dev/a:\n', 'f.conf').join(), /cannot listen on/);
  assert.match(there('3.5', '2000:raw:0:tcp,h,1:\n', 'f.conf').join(), /cannot use/);
  assert.match(there('3.5', '2000:raw:0:/dev/a:9600 banner=x\n', 'f.conf').join(), /has no option 'banner'/);
});

test('a dump for 4.3.11 leaves out what that version does not know, and one for 4.6.7 names every layer', () => {
  const text = printConfig(read(NEW), { version: '4.3.11' });
  assert.match(text, /accepter: telnet\(rfc2217\),tcp,2000\n/);
  assert.doesNotMatch(text, /hold|timeout-on-os-queue|connback-timeout|slow-user/);
  assert.match(text, /mdns: false/);
  assert.match(
    printConfig(read('2000:telnet:0:/dev/a:9600\n', 'f.conf'), { version: '4.6.7' }),
    /accepter: telnet,tcp,2000\n {2}connector: serialdev,\/dev\/a,9600/,
  );
});

test('a dump for 3.5 is a classic file that says the same', () => {
  const conf =
    'BANNER:b:hi\nTRACEFILE:t:/tmp/t\n2000:telnet:5:/dev/a:19200 7DATABITS EVEN 1STOPBIT LOCAL remctl max-connections=3 b tr=t\nlocalhost,2001:off:0:/dev/b:9600\nROTATOR:2002:2000\n';
  const was = read(conf, 'f.conf');
  const text = printConfig(was, { version: '3.5' });
  const now = read(text, 'f.conf');
  const meaning = ({ config }: Reading): unknown =>
    config.connections.map((c) => [bottomOf(c.accepter.spec), c.connector.spec, c.timeout, c.enable, c.options]);
  assert.deepEqual(now.diags, []);
  assert.deepEqual(meaning(now), meaning(was));
  assert.match(text, /^2000:telnet:5:\/dev\/a:19200 7DATABITS EVEN 1STOPBIT LOCAL remctl banner1 tr=tr1 max-connections=3$/m);
  assert.match(text, /^ROTATOR:2002:2000$/m);
});

/** A message without its place. */
const plain = (line: string): string =>
  line
    .replace(/^\S+:\d+\(column \d+\): /, '')
    .replace(/ on line \d+$/, '')
    .replaceAll('serialdev,', '');

const CORPUS = process.env.SER2NET_CORPUS ?? join(projectRoot(), '../shared/corpus');
const FILES = ['test/fixtures/conf', 'examples', ...(existsSync(CORPUS) ? [join(CORPUS, 'conf'), join(CORPUS, 'yaml')] : [])].flatMap(
  (dir) => {
    const path = dir.startsWith('/') ? dir : join(projectRoot(), dir);
    return readdirSync(path)
      .filter((name) => /\.(yaml|conf)$/.test(name))
      .map((name) => join(path, name));
  },
);
const program = reference();
const skip =
  program === undefined
    ? 'ser2net 4.3.11 is not installed'
    : ownNetworkIsPossible()
      ? false
      : 'no network of its own can be had (unshare -rn)';

test('what is dumped for 4.3.11 is taken by ser2net 4.3.11, which then listens on the same ports', { skip, timeout: 120_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 's2n-for-'));
  try {
    let listened = 0;
    for (const path of FILES) {
      const reading = readBytes(readFileSync(path), path);
      const verdict = async (name: string, bytes: Buffer): Promise<Verdict> => {
        const file = join(dir, name);
        writeFileSync(file, bytes);
        return verdictOf([...OWN_NETWORK, program!.file], file, bytes.toString('latin1'), dir);
      };
      const text = printConfig(reading, { version: '4.3.11' });
      const was = await verdict(`was.${path.endsWith('.conf') ? 'conf' : 'yaml'}`, readFileSync(path));
      const now = await verdict('now.yaml', Buffer.from(text));
      const said = was.refused.map(plain);
      // What is wrong in the file is wrong in its dump; what is not there on this machine is not there for either.
      const wrong = reading.config.connections
        .filter(({ connector }) => connector.spec === undefined)
        .map(({ connector }) => connector.text);
      const fresh = now.refused
        .filter((line) => !said.includes(plain(line)) && !wrong.some((connector) => line.includes(connector)))
        .filter((line) => !/Retry operation later|name server|Could not find led-|^Unable to enable port device/.test(line));
      const missing = was.listening.filter((port) => !now.listening.includes(port));
      assert.deepEqual({ path, fresh, missing, crashed: now.crashed }, { path, fresh: [], missing: [], crashed: false });
      if (was.refused.length === 0) assert.deepEqual(now.listening, was.listening, path);
      listened += now.listening.length;
    }
    assert.ok(listened > 20);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
