import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileProblems } from '../../../src/cli/check/files.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from '../../config/memory-files.ts';
import { makeKey } from '../../rig/keys.ts';
import { makeDirectory } from '../command-rig.ts';

const dir = makeDirectory();

function problems(text: string): string[] {
  const reading = readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() });
  return fileProblems(reading).map(
    ({ severity, code, pos, text: said, hint }) =>
      `${pos.line}:${pos.col} ${severity} ${code} ${said.replaceAll(dir, 'DIR')}${hint === undefined ? '' : ` (${hint})`}`,
  );
}
const accepter = (text: string): string => `connection: &c\n  accepter: ${text}\n  connector: echo\n`;

test('keys, certificates and CAs that are not there are errors where the stack is written', () => {
  assert.deepEqual(problems(accepter(`telnet,ssl(key=${dir}/no.key,cert=${dir}/no.crt,CA=${dir}/no.pem),tcp,1`)), [
    "2:13 error not-found ssl: cannot read the key file DIR/no.key: No such file or directory ('ser2net gencert' creates a key and a certificate)",
    "2:13 error not-found ssl: cannot read the certificate file DIR/no.crt: No such file or directory ('ser2net gencert' creates a key and a certificate)",
    '2:13 error not-found ssl: cannot read the CA file DIR/no.pem: No such file or directory',
  ]);
  const connector = `connection: &c\n  accepter: tcp,1\n  connector: ssl(cert=,CA=${dir}/no.pem),tcp,localhost,2\n`;
  assert.deepEqual(problems(connector), ['3:14 error not-found ssl: cannot read the CA file DIR/no.pem: No such file or directory']);
});

test('files that are there and fit are no problem; a default key counts', () => {
  const { key, cert } = makeKey(dir, 'good');
  const defaults = `default:\n  name: key\n  value: ${key}\n  class: ssl\ndefault:\n  name: cert\n  value: ${cert}\n  class: ssl\n`;
  assert.deepEqual(problems(`${defaults}${accepter(`certauth(CA=${dir}/),ssl,tcp,1`)}`), []);
});

test('a key of another certificate, and a file that is no certificate, are errors', () => {
  const [one, two] = [makeKey(dir, 'one'), makeKey(dir, 'two')];
  assert.deepEqual(problems(accepter(`ssl(key=${one.key},cert=${two.cert}),tcp,1`)), [
    '2:13 error bad-value ssl: DIR/one.key is not the key of DIR/two.crt',
  ]);
  writeFileSync(join(dir, 'text.pem'), 'hello\n');
  assert.deepEqual(problems(accepter(`ssl(key=${one.key},cert=${one.cert},CA=${dir}/text.pem),tcp,1`)), [
    '2:13 error bad-value ssl: DIR/text.pem has no certificate',
  ]);
});

test('a certificate that is not valid now is a warning', () => {
  const { key, cert } = makeKey(dir, 'old', { now: new Date('2020-01-01T00:00:00Z') });
  assert.deepEqual(problems(accepter(`ssl(key=${key},cert=${cert}),tcp,1`)), [
    '2:13 warning bad-value ssl: DIR/old.crt: certificate has expired (Dec 31 23:00:00 2019 GMT to Jan 31 00:00:00 2020 GMT)',
  ]);
});

test('what this user may not read is a warning, and what is off is not looked at', {
  skip: process.getuid?.() === 0 && 'root may read everything',
}, () => {
  const { key, cert } = makeKey(dir, 'secret');
  chmodSync(key, 0);
  assert.deepEqual(problems(accepter(`ssl(key=${key},cert=${cert}),tcp,1`)), [
    '2:13 warning no-access ssl: this user has no read access to the key file DIR/secret.key',
  ]);
});

test('a connection that is off needs no files; rotators and the admin port do', () => {
  const tls = `ssl(key=${dir}/no.key,cert=,CA=${dir}/),tcp,1`;
  assert.deepEqual(problems(`${accepter(tls)}  enable: off\n`), []);
  assert.deepEqual(problems(`admin:\n  accepter: ${tls}\nrotator: &r\n  accepter: ${tls}\n  connections: [c]\n`).length > 0, true);
});
