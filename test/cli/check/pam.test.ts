import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { libc } from '../../../src/base/libc.ts';
import { pamProblems } from '../../../src/cli/check/pam.ts';
import { readYaml } from '../../../src/config/yaml/model.ts';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { memoryFiles } from '../../config/memory-files.ts';
import { makeDirectory } from '../command-rig.ts';

const dir = makeDirectory();
const skip = libc() === undefined && 'koffi is not installed';
function problems(text: string): string[] {
  const reading = readYaml(text, 'f', { files: memoryFiles({}), defaults: new Defaults() });
  return pamProblems(reading, [dir], join(dir, 'pam.conf')).map(({ pos, severity, text: said }) => `${pos.line} ${severity} ${said}`);
}
const connection = (accepter: string, service: string): string =>
  `connection: &c\n  accepter: ${accepter}\n  connector: echo\n  options:\n    pamauth: ${service}\n`;

test('a service of PAM that nobody has described is a warning where it is named, if an accepter asks users for something', { skip }, () => {
  writeFileSync(join(dir, 'there'), '');
  const said = `pamauth: ${dir}/absent does not exist: PAM's rules for 'other' apply`;
  assert.deepEqual(problems(connection('certauth(),ssl,tcp,4001', 'there')), []);
  assert.deepEqual(problems(connection('certauth(),ssl,tcp,4001', 'absent')), [`5 warning ${said}`]);
  assert.deepEqual(problems(connection('ssl,tcp,4001', 'absent')), []);
  assert.deepEqual(problems(connection('certauth(),ssl,tcp,4001', '""')), []);
  assert.deepEqual(problems(`admin:\n  accepter: certauth(),ssl,tcp,2001\n  options:\n    pamauth-admin: absent\n`), [`4 warning ${said}`]);
  assert.deepEqual(problems(`${connection('certauth(),ssl,tcp,4001', 'absent')}  enable: off\n`), []);
});
