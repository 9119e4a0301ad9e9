import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HostAddress, NameLookup } from '../../src/base/name-lookup.ts';

type Answer = (err: Error | null, found: HostAddress[]) => void;

/** A resolver that answers when it is told to. */
function rig() {
  const asked: string[] = [];
  const answers = new Map<string, Answer>();
  const named = new Map<string, (err: Error | null, name: string) => void>();
  const lookups = new NameLookup({
    lookup: (name, _options, done) => {
      asked.push(name);
      answers.set(name, done);
    },
    lookupService: (address, _port, done) => {
      asked.push(address);
      named.set(address, done);
    },
  });
  const found: string[] = [];
  const look = (name: string): void =>
    lookups.addresses(name, 0, (err, all) => void found.push(`${name} ${err?.message ?? all[0]?.address}`));
  return { lookups, asked, found, look, answer: (name: string) => answers.get(name)!(null, [{ address: '192.0.2.1', family: 4 }]), named };
}

test('a name that is not answered is asked for once at a time, and another name has its turn', () => {
  const { asked, found, look, answer } = rig();
  for (const name of ['dead', 'dead', 'dead', 'plc']) look(name);
  assert.deepEqual(asked, ['dead', 'plc']);
  answer('plc');
  for (const name of ['plc', 'pump']) look(name);
  assert.deepEqual(asked, ['dead', 'plc', 'plc']);
  answer('plc');
  answer('pump');
  assert.deepEqual(found, ['plc 192.0.2.1', 'plc 192.0.2.1', 'pump 192.0.2.1']);
});

test('strangers have one question at once among them, and names of the configuration do not wait for it', () => {
  const { lookups, asked, look, named, answer } = rig();
  const names: string[] = [];
  for (let i = 1; i <= 9; i++) lookups.nameOf(`192.0.2.${i}`, (name) => void names.push(name));
  for (const name of ['dead', 'plc']) look(name);
  assert.deepEqual(asked, ['192.0.2.1', 'dead', 'plc']);
  named.get('192.0.2.1')!(null, 'host.example');
  answer('host.example');
  assert.deepEqual(names, ['host.example']);
  assert.equal(asked.at(-1), '192.0.2.2');
  named.get('192.0.2.2')!(null, '192.0.2.1');
  named.get('192.0.2.3')!(null, 'host.example');
  answer('host.example');
  named.get('192.0.2.4')!(new Error('no name'), '');
  assert.deepEqual(names, ['host.example', 'paranoid', 'paranoid', 'unknown']);
});

test('a stranger who has been given up is not asked for', () => {
  const { lookups, asked, named } = rig();
  let wanted = true;
  lookups.nameOf('192.0.2.1', () => undefined);
  lookups.nameOf(
    '192.0.2.2',
    () => assert.fail('given up'),
    () => wanted,
  );
  lookups.nameOf('192.0.2.3', () => undefined);
  wanted = false;
  named.get('192.0.2.1')!(new Error('no name'), '');
  assert.deepEqual(asked, ['192.0.2.1', '192.0.2.3']);
});
