// Doors beside the accepter of a port: who comes in, what it may do, and that nobody of the connection itself notices.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFUSAL } from '../../../src/port/messages.ts';
import { DoorRig, got } from '../../rig/door-rig.ts';
import { settle } from '../../rig/port-rig.ts';

const door = (accepter: string, more = ''): string => `doors:\n  - accepter: ${accepter}\n${more.replace(/^(?=.)/gm, '    ')}`;
const READER = door('tcp,localhost,3001');

test('who comes through a door without rights reads, and cannot send', async () => {
  const rig = new DoorRig(READER);
  const reader = await rig.enter(0);
  await rig.says('hello');
  assert.equal(got(reader), 'hello');
  reader.feed('x');
  assert.equal(rig.sent(), '');
  assert.equal(got(reader), '', 'raw bytes have no place for a word of ours');
});

test('a door has places of its own, and takes none of the connection', async () => {
  const rig = new DoorRig(door('tcp,localhost,3001', 'max-connections: 2\n'));
  const [a, b, c] = [await rig.enter(0), await rig.enter(0), await rig.enter(0)];
  assert.equal(got(c), REFUSAL.inUse);
  const main = await rig.enter('main');
  const second = await rig.enter('main');
  assert.equal(got(second), REFUSAL.inUse);
  await rig.says('data');
  assert.deepEqual([a, b, main].map(got), ['data', 'data', 'data']);
  a.end();
  await settle();
  const d = await rig.enter(0);
  await rig.says('more');
  assert.equal(got(d), 'more');
});

test('kickolduser kicks users of the connection only, and the device stays open for those beside them', async () => {
  const rig = new DoorRig(READER, { options: { kickolduser: true } });
  const reader = await rig.enter(0);
  const first = await rig.enter('main');
  const second = await rig.enter('main');
  assert.deepEqual([reader.state, first.state, second.state], ['open', 'closed', 'open']);
  assert.equal(rig.rig.devices.filter((device) => device.calls.includes('close')).length, 0);
});

test('the timeout of the connection closes its own users, that of a door those of the door', async () => {
  const rig = new DoorRig(door('tcp,localhost,3001', 'timeout: 30\n'), { config: { timeout: 10 } });
  const [reader, main] = [await rig.enter(0), await rig.enter('main')];
  rig.rig.clock.advance(15_000);
  await settle();
  assert.deepEqual([main.state, reader.state], ['closed', 'open']);
  rig.rig.clock.advance(30_000);
  await settle();
  assert.equal(reader.state, 'closed');
});

test('the device is open for whoever is there, and closed with the last one, whichever way he came', async () => {
  const rig = new DoorRig(READER);
  assert.equal(rig.rig.port.inUse, false);
  const reader = await rig.enter(0);
  assert.equal(rig.rig.port.state.at, 'open');
  const main = await rig.enter('main');
  main.end();
  await settle();
  assert.equal(rig.rig.port.state.at, 'open');
  reader.end();
  await settle();
  assert.equal(rig.rig.port.state.at, 'unconnected');
});

test('what the connection says at closeon ends its own sessions', async () => {
  const rig = new DoorRig(READER, { options: { closeon: 'bye' } });
  const [reader, main] = [await rig.enter(0), await rig.enter('main')];
  await rig.says('goodbye');
  assert.deepEqual([main.state, reader.state], ['closed', 'open']);
  assert.equal(got(reader), 'goodbye');
});

test('addresses that a door does not list are refused there', async () => {
  const rig = new DoorRig(door('tcp,localhost,3001', "remaddr: 'ipv4,10.0.0.1,0'\n"));
  assert.equal(got(await rig.enter(0)), REFUSAL.address);
  assert.equal((await rig.enter(0, undefined, { address: 'ipv4,10.0.0.1,7' })).state, 'open');
});

test('rights are those of the proved name, else of everyone else, else none', async () => {
  const rig = new DoorRig(door('certauth,ssl,tcp,localhost,3001', "rights: {operator: [read, write], '*': [read]}\n"));
  const [operator, guest, nameless] = [await rig.enter(0, 'operator'), await rig.enter(0, 'guest'), await rig.enter(0)];
  for (const user of [operator, guest, nameless]) user.feed('x');
  assert.equal(rig.sent(), 'x');
  const none = new DoorRig(door('certauth,ssl,tcp,localhost,3001', 'rights: {operator: [read]}\n'));
  assert.equal(got(await none.enter(0, 'guest')), REFUSAL.noRights);
  assert.equal(got(await none.enter(0, 'constructor')), REFUSAL.noRights);
});

test('the rights of a port hold for its own accepter', async () => {
  const rig = new DoorRig("rights: {operator: [read, write, control], '*': [read]}", { options: { maxConnections: 3 } });
  const [operator, guest] = [await rig.enter('main', 'operator'), await rig.enter('main')];
  guest.feed('guest');
  operator.feed('operator');
  assert.equal(rig.sent(), 'operator');
  assert.equal(new DoorRig('writers: all').rig.port.access!.rightsOf({ address: '', user: undefined }).control, true);
});

test('a reload changes the rights of those who are there, and closes whoever has none any more', async () => {
  const map = (rights: string): string => door('certauth,ssl,tcp,localhost,3001', `rights: ${rights}\n`);
  const rig = new DoorRig(map('{a: [read], b: [read]}'));
  const [a, b] = [await rig.enter(0, 'a'), await rig.enter(0, 'b')];
  rig.apply(map('{a: [read, write]}'));
  await settle();
  assert.deepEqual([a.state, b.state], ['open', 'closed']);
  a.feed('x');
  assert.equal(rig.sent(), 'x');
  assert.equal(rig.rig.doors.length, 1, 'the listener stayed');
});

test('a reload that takes a door away closes it and those who came through it, and nobody else', async () => {
  const rig = new DoorRig(`${READER}  - accepter: tcp,localhost,3002\n`);
  const [first, second, main] = [await rig.enter(0), await rig.enter(1), await rig.enter('main')];
  rig.apply(READER);
  await settle();
  assert.deepEqual([first.state, second.state, main.state], ['open', 'closed', 'open']);
  assert.deepEqual([rig.rig.doors[0]!.listening, rig.rig.doors[1]!.listening], [true, false]);
  rig.apply(undefined);
  await settle();
  assert.deepEqual([first.state, main.state], ['closed', 'open']);
  assert.equal(rig.rig.port.access, undefined);
});

test('doors listen while the port is in service', async () => {
  const rig = new DoorRig(READER);
  rig.rig.port.setEnabled(false, () => undefined);
  assert.equal(rig.rig.doors.at(-1)!.listening, false);
  rig.rig.port.setEnabled(true, () => undefined);
  assert.equal(rig.rig.doors.at(-1)!.listening, true);
});

test('whoever is slow beside the connection holds up nobody: it is told how much it missed, or closed', async () => {
  for (const gap of ['tell', 'disconnect']) {
    const rig = new DoorRig(door('tcp,localhost,3001', `behind: 1k\ngap: ${gap}\n`), { options: { chardelay: false } });
    const [slow, main] = [await rig.enter(0), await rig.enter('main')];
    slow.full = true;
    for (let i = 0; i < 40; i++) await rig.says(String(i % 10).repeat(100));
    assert.equal(got(main).length, 4000);
    assert.equal(rig.rig.device.reading, true);
    if (gap === 'disconnect') {
      assert.equal(slow.state, 'closed');
      assert.match(rig.rig.logged.join('\n'), /con0: ipv4,127.0.0.1,5000 is more than 1024 bytes behind the device, closing it/);
      continue;
    }
    slow.drain();
    await rig.says('live');
    const text = got(slow);
    const m =
      /^((?:0{100}|1{100}|2{100}|3{100}|4{100}|5{100}|6{100}|7{100}|8{100}|9{100})+)\r\n\[ser2net: (\d+) bytes are missing here\]\r\nlive$/.exec(
        text,
      );
    assert.notEqual(m, null, text);
    assert.equal(m![1]!.length + Number(m![2]), 4000);
    assert.ok(m![1]!.length >= 1024 && m![1]!.length <= 1124, String(m![1]!.length));
  }
});

test('without a word about it, gaps are told where people read, and other connections are closed', async () => {
  const rig = new DoorRig(`${door('tcp,localhost,3001', 'behind: 1k\n')}  - accepter: telnet,tcp,localhost,3002\n    behind: 1k\n`);
  const [raw, telnet, program] = [await rig.enter(0), await rig.enter(1), await rig.enter(1)];
  program.emit({ on: 'modemstate-mask', mask: 0 });
  for (const user of [raw, telnet, program]) user.full = true;
  for (let i = 0; i < 5; i++) await rig.says('x'.repeat(1000));
  assert.deepEqual([raw.state, telnet.state, program.state], ['closed', 'open', 'closed']);
});

test('a slow user of the connection is not cut for the sake of those beside it', async () => {
  const rig = new DoorRig(READER, { options: { slowUserTimeout: 5, chardelay: false } });
  const [, main] = [await rig.enter(0), await rig.enter('main')];
  main.full = true;
  await rig.says('x');
  rig.rig.clock.advance(60_000);
  await settle();
  assert.equal(main.state, 'open');
  assert.equal(rig.rig.device.reading, false);
});

test('whoever comes with replay gets what was said before and then what is said now, none twice and none missing', async () => {
  const rig = new DoorRig(`history: 256k\n${door('tcp,localhost,3001', 'replay: true\nbehind: 1k\n')}`);
  const said: Buffer[] = [];
  rig.rig.port.watch({ fromDevice: (data) => void said.push(Buffer.from(data)) });
  rig.rig.port.history = { recent: () => [...said] };
  await rig.enter('main');
  await rig.says('x'.repeat(5000));
  // Gathered for a moment, and not yet sent to anybody.
  rig.rig.device.feed('abc');
  const late = await rig.enter(0);
  await rig.says('def');
  assert.equal(got(late), `${'x'.repeat(5000)}abcdef`);
});

test('whoever asks for the history again and again, and reads nothing, has one waiting and no more', async () => {
  const rig = new DoorRig(`history: 256k\n${door('tcp,localhost,3001', "rights: [read]\nescape: '\\x05c'\n")}`);
  rig.rig.port.history = { recent: () => [Buffer.alloc(1000, 'h')] };
  const user = await rig.enter(0);
  user.full = true;
  user.feed('\x05cr'.repeat(200));
  await settle();
  user.drain();
  await settle();
  assert.ok(got(user).length <= 2000);
  user.feed('\x05cr');
  await settle();
  assert.equal(got(user), 'h'.repeat(1000));
});

test('of one piece of input so many commands are carried out: a flood of keys holds up nobody', async () => {
  const rig = new DoorRig(door('tcp,localhost,3001', "rights: [read]\nescape: '\\x05c'\n"));
  const user = await rig.enter(0);
  user.feed('\x05cw'.repeat(20_000));
  await settle();
  assert.equal(got(user).match(/tcp|ipv4,127\.0\.0\.1/g)?.length, 32);
  user.feed('\x05cw');
  await settle();
  assert.match(got(user), /ipv4,127\.0\.0\.1/);
});

test('the device is kept open while something holds it, and opened again when it is lost', async () => {
  const rig = new DoorRig('writers: all');
  const release = rig.rig.port.hold();
  await settle();
  assert.equal(rig.rig.port.state.at, 'open');
  const user = await rig.enter('main');
  user.end();
  await settle();
  assert.equal(rig.rig.port.state.at, 'open');
  rig.rig.device.end();
  await settle();
  assert.equal(rig.rig.port.state.at, 'unconnected');
  rig.rig.clock.advance(10_000);
  await settle();
  assert.equal(rig.rig.port.state.at, 'open');
  release();
  release();
  await settle();
  assert.equal(rig.rig.port.state.at, 'unconnected');
});
