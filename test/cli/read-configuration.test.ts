import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { serviceFile } from '../../src/cli/read-configuration.ts';
import { makeDirectory } from './command-rig.ts';

test('the configuration of the service: CONFFILE of /etc/default/ser2net, else the first default file that exists', () => {
  const root = makeDirectory();
  const write = (path: string, text = ''): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  assert.equal(serviceFile(root), undefined);
  write('/etc/ser2net.conf');
  assert.equal(serviceFile(root), '/etc/ser2net.conf');
  write('/etc/ser2net.yaml');
  assert.equal(serviceFile(root), '/etc/ser2net.yaml');
  write('/etc/ser2net/ser2net.yaml');
  assert.equal(serviceFile(root), '/etc/ser2net/ser2net.yaml');
  write('/etc/default/ser2net', '# settings\nCONFFILE="/srv/lab.yaml"\nOPTIONS=""\n');
  assert.equal(serviceFile(root), '/etc/ser2net/ser2net.yaml', 'a file that does not exist is passed over');
  write('/srv/lab.yaml');
  assert.equal(serviceFile(root), '/srv/lab.yaml');
});
