// Failures in the log: in full, once for each reason, and when it is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromSystemError, GensioError } from '../../src/base/gensio-error.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { FaultLog } from '../../src/port/fault-log.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { settle } from '../rig/port-rig.ts';

const TTY = parseStack('serialdev,/dev/ttyS9,9600n81', 'connector');
const failure = (code: string): GensioError => fromSystemError(Object.assign(new Error(`${code}: in Node's words`), { code }));

function rig(whoHas?: () => Promise<string | undefined>) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = { log: (level: string, text: string) => void lines.push(`${level} ${text}`) };
  const faults = new FaultLog('con', { clock, log, ...(whoHas !== undefined && { whoHas }) });
  return { clock, lines, faults };
}

test('a failure is one line with the device and the words of the system, or ours where it does not come from there', () => {
  const { lines, faults } = rig();
  faults.failed('open', TTY, failure('ELOOP'));
  faults.failed('open', TTY, new GensioError('oserr', 'it is not a terminal'));
  faults.failed('listen on', parseStack('tcp,192.0.2.7,4000', 'accepter'), failure('EADDRNOTAVAIL'));
  assert.deepEqual(lines, [
    'err con: cannot open /dev/ttyS9: Too many levels of symbolic links',
    'err con: cannot open /dev/ttyS9: OS error, see logs (it is not a terminal)',
    'err con: cannot listen on tcp,192.0.2.7,4000: Cannot assign requested address',
  ]);
});

test('the same reason is told again after ten minutes, with how often it came meanwhile; another one at once', () => {
  const { clock, lines, faults } = rig();
  for (let i = 0; i < 5; i++) faults.failed('open', TTY, failure('ENOENT'));
  faults.failed('open', TTY, failure('EACCES'));
  assert.equal(lines.splice(0).length, 2);
  clock.advance(599_999);
  faults.failed('open', TTY, failure('ENOENT'));
  assert.deepEqual(lines, []);
  clock.advance(1);
  faults.failed('open', TTY, failure('ENOENT'));
  assert.deepEqual(lines, ['err con: cannot open /dev/ttyS9: No such file or directory; 5 times more since this was said']);
});

test('when it works again that is told once, and a failure after that is new', () => {
  const { lines, faults } = rig();
  faults.works('open', TTY);
  faults.failed('open', TTY, failure('ENOENT'));
  faults.failed('open', TTY, failure('ENOENT'));
  faults.works('open', TTY);
  faults.works('open', TTY);
  faults.failed('open', TTY, failure('ENOENT'));
  assert.deepEqual(lines, [
    'err con: cannot open /dev/ttyS9: No such file or directory',
    'notice con: /dev/ttyS9 could be opened again, after 2 failed attempts',
    'err con: cannot open /dev/ttyS9: No such file or directory',
  ]);
});

test('who is in the way is told where that can be found out, and only where somebody may be', async () => {
  let asked = 0;
  const { lines, faults } = rig(async () => (asked++ === 0 ? 'picocom (process 7)' : undefined));
  faults.failed('open', TTY, failure('EBUSY'));
  await settle();
  faults.failed('listen on', parseStack('tcp,4000', 'accepter'), failure('EADDRINUSE'));
  await settle();
  faults.failed('open', TTY, failure('ENOENT'));
  assert.deepEqual(lines, [
    'err con: cannot open /dev/ttyS9: Device or resource busy (picocom (process 7) has it)',
    'err con: cannot listen on tcp,4000: Address already in use',
    'err con: cannot open /dev/ttyS9: No such file or directory',
  ]);
  assert.equal(asked, 2);
  const broken = rig(() => Promise.reject(new Error('no /proc')));
  broken.faults.failed('open', TTY, failure('EBUSY'));
  await settle();
  assert.deepEqual(broken.lines, ['err con: cannot open /dev/ttyS9: Device or resource busy']);
});

test('a password in a stack is not shown, and with many reasons only the last ones are remembered', () => {
  const { lines, faults } = rig();
  const stack = parseStack('certauth(username=joe,password=secret),tcp,h,1', 'connector');
  faults.failed('open', stack, failure('ECONNREFUSED'));
  assert.ok(!lines[0]!.includes('secret'), lines[0]);
  for (let i = 0; i < 16; i++) faults.failed('open', TTY, new GensioError('oserr', `reason ${i}`));
  faults.failed('open', stack, failure('ECONNREFUSED'));
  assert.equal(lines.length, 18);
});
