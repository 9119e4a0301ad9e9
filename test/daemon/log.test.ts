// What the log sends where, and that a receiver who is gone or slow never holds it up.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { libc } from '../../src/base/libc.ts';
import { DaemonLog, DatagramTarget, jsonSink, type LogOptions, oneLine, stamp } from '../../src/daemon/log.ts';
import { receiveDatagrams } from '../rig/datagram-receiver.ts';
import { FakeClock } from '../rig/fake-clock.ts';

const dir = mkdtempSync(join(tmpdir(), 'log-'));
after(() => rmSync(dir, { recursive: true }));
const start = new Date(2024, 10, 2, 9, 5, 1);

function make(options: Partial<LogOptions> = {}) {
  const sent: string[] = [];
  const answers: ('sent' | 'busy' | 'gone')[] = [];
  const log = new DaemonLog({
    clock: new FakeClock(start),
    pid: 4711,
    level: 'notice',
    syslog: {
      send: (line) => {
        const answer = answers.shift() ?? 'sent';
        if (answer === 'sent') sent.push(line.toString());
        return answer;
      },
      close: () => undefined,
    },
    ...options,
  });
  return { log, sent, answers };
}

test('a password in a gensio string is not logged', () => {
  const { log, sent } = make();
  log.log('err', "Invalid accepter 'certauth(password=geheim),ssl,tcp,1'");
  assert.deepEqual(sent, ["<11>Nov  2 09:05:01 ser2net: Invalid accepter 'certauth(password=***),ssl,tcp,1'"]);
});

test('a line is priority, local time, tag and text; user without a pid at first', () => {
  const { log, sent } = make();
  log.log('err', 'text');
  log.identify();
  log.log('warning', 'text');
  log.log('notice', 'ser2net startup');
  assert.deepEqual(sent, [
    '<11>Nov  2 09:05:01 ser2net: text',
    '<28>Nov  2 09:05:01 ser2net[4711]: text',
    '<29>Nov  2 09:05:01 ser2net[4711]: ser2net startup',
  ]);
});

test('the day of a stamp takes two columns', () => {
  assert.equal(stamp(new Date(2024, 0, 31, 23, 59, 59)), 'Jan 31 23:59:59');
});

test('info and debug are for those who ask; what is announced is not left out', () => {
  const quiet = make();
  quiet.log.log('info', 'a');
  quiet.log.log('debug', 'b');
  quiet.log.announce('info', 'c');
  assert.deepEqual(quiet.sent, ['<14>Nov  2 09:05:01 ser2net: c']);
  const talkative = make({ level: 'info' });
  talkative.log.log('info', 'a');
  talkative.log.log('debug', 'b');
  assert.equal(talkative.sent.length, 1);
});

test('with -d a copy goes to stderr, always with the pid, until the log is detached', () => {
  const copies: string[] = [];
  const { log } = make({ copy: (line) => void copies.push(line) });
  log.log('err', 'one\n');
  log.detach();
  log.log('err', 'two');
  assert.deepEqual(copies, ['ser2net[4711]: one\n']);
});

test('the fallback gets what syslog cannot have, but not what its caller prints itself', () => {
  const printed: string[] = [];
  const { log, answers } = make({ fallback: (line) => void printed.push(line) });
  answers.push('sent', 'gone', 'gone', 'busy');
  log.log('err', 'one');
  log.log('err', 'two');
  log.record('err', 'three');
  log.log('err', 'four');
  assert.deepEqual(printed, ['ser2net[4711]: two\n']);
});

test('messages a slow receiver did not take are counted and told later', () => {
  const { log, sent, answers } = make();
  answers.push('busy', 'busy', 'busy');
  log.log('err', '1');
  log.log('err', '2');
  log.log('err', '3');
  assert.deepEqual(
    sent.map((line) => line.slice(20)),
    ['ser2net: 2 log messages were lost', 'ser2net: 3'].map((line) => line),
  );
});

test('control characters cannot forge a line, and a line has an end', () => {
  assert.equal(oneLine('a\nuser root logged in\x1b[1m\0\t.\r\n'), 'a\\x0auser root logged in\\x1b[1m\\x00\t.');
  assert.equal(oneLine('joe\u009b1m\u202e\u2028\u2066\ufeff\u{e0001}Zäh'), 'joe\\u009b1m\\u202e\\u2028\\u2066\\ufeff\\u{e0001}Zäh');
  assert.equal(oneLine('x'.repeat(100_000)).length, 8195);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(oneLine(text).replaceAll('\t', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test('JSON lines have time, level, pid, text and fields', async () => {
  const lines: string[] = [];
  const json = await jsonSink((line) => void lines.push(line), 4711);
  const { log } = make({ json, level: 'debug' });
  log.log('warning', 'a "quoted" text', { peer: '127.0.0.1', bytes: 5 });
  log.log('notice', 'b');
  assert.ok(lines.every((line) => line.endsWith('}\n')));
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.match(String(first?.time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(
    { ...first, time: 0 },
    { level: 'warning', time: 0, name: 'ser2net', pid: 4711, peer: '127.0.0.1', bytes: 5, msg: 'a "quoted" text' },
  );
  assert.deepEqual({ ...second, time: 0 }, { level: 'notice', time: 0, name: 'ser2net', pid: 4711, msg: 'b' });
});

test('without the C library nothing can be sent, and nothing fails', () => {
  const target = new DatagramTarget(() => undefined);
  assert.equal(target.send(Buffer.from('x')), 'gone');
  target.close();
});

test('a socket that is not there is looked for again with each message, and found again after a restart', async (t) => {
  if (libc() === undefined) return t.skip('koffi is not there');
  const path = join(dir, 'log');
  const target = new DatagramTarget(libc, path);
  assert.equal(target.send(Buffer.from('lost')), 'gone');
  const first = receiveDatagrams(path);
  assert.ok(first);
  assert.equal(target.send(Buffer.from('one')), 'sent');
  assert.equal(await first.next(), 'one');
  first.close();
  assert.equal(target.send(Buffer.from('lost')), 'gone');
  const second = receiveDatagrams(path);
  assert.ok(second);
  assert.equal(target.send(Buffer.from('two')), 'sent');
  assert.equal(await second.next(), 'two');
  // A restart nobody noticed: the old socket is dead, the new one has the name.
  second.close();
  const third = receiveDatagrams(path);
  assert.ok(third);
  assert.equal(target.send(Buffer.from('three')), 'sent');
  assert.equal(await third.next(), 'three');
  third.close();
  target.close();
});

test('a receiver that reads nothing is busy, and does not hold the sender up', (t) => {
  if (libc() === undefined) return t.skip('koffi is not there');
  const path = join(dir, 'slow');
  const receiver = receiveDatagrams(path);
  const target = new DatagramTarget(libc, path);
  let answer = 'sent';
  for (let i = 0; i < 5000 && answer === 'sent'; i++) answer = target.send(Buffer.alloc(1000, 'x'));
  assert.equal(answer, 'busy');
  receiver?.close();
  target.close();
});
