import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInServices, servicesFrom } from '../../src/base/services.ts';

test('well-known services are found without a file, by protocol', () => {
  assert.equal(builtInServices('telnet', 'tcp'), 23);
  assert.equal(builtInServices('telnet', 'udp'), undefined);
  assert.equal(builtInServices('echo', 'udp'), 7);
  for (const name of ['localhost', '', 'constructor', 'telnet/tcp']) assert.equal(builtInServices(name, 'tcp'), undefined, name);
});

test('a file adds names and aliases, the first line of a name counts, and what is no service line is passed over', () => {
  const services = servicesFrom('# x\nrs1 4001/tcp serial1 # a\nrs1 5/tcp\nbad\nbig 70000/tcp\n');
  assert.equal(services('rs1', 'tcp'), 4001);
  assert.equal(services('serial1', 'tcp'), 4001);
  assert.equal(services('big', 'tcp'), undefined);
  assert.equal(services('ssh', 'tcp'), 22);
});
