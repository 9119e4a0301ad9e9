import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import type { AuthoritySettings } from '../../src/gensio/context.ts';
import type { Accepter, AccepterUp } from '../../src/gensio/gensio.ts';
import { Listener } from '../../src/port/listener.ts';
import { tcpSpec } from '../gensio/layer-spec.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio } from '../rig/fake-gensio.ts';

const AUTH = {} as AuthoritySettings;
const SPEC = tcpSpec(0);

/** An accepter whose listen() and close() wait for the test. */
class ManualAccepter implements Accepter {
  readonly type = 'manual';
  up!: AccepterUp;
  readonly listens: ((err?: GensioError) => void)[] = [];
  readonly closes: (() => void)[] = [];
  listen(done: (err?: GensioError) => void): void {
    this.listens.push(done);
  }
  close(done: () => void): void {
    this.closes.push(done);
  }
  port(): number {
    return 2000;
  }
}

function rig(retry = 10) {
  const clock = new FakeClock();
  const heard: string[] = [];
  const made: ManualAccepter[] = [];
  const trouble: { why?: unknown } = {};
  const listener = new Listener(
    SPEC,
    retry,
    {
      accepter: (spec, auth) => {
        if (trouble.why !== undefined) throw trouble.why;
        assert.ok(spec === SPEC && auth === AUTH);
        made.push(new ManualAccepter());
        return made.at(-1)!;
      },
      connector: () => assert.fail('it only listens'),
    },
    new Deadlines(clock),
    {
      accepted: () => void heard.push('accepted'),
      acceptFailed: (err) => void heard.push(`accept failed ${err.code}`),
      listening: () => void heard.push('listening'),
      listenFailed: (err) => void heard.push(`failed ${err.code}`),
    },
    AUTH,
  );
  let dones = 0;
  const open = (): void => listener.open(() => void dones++);
  return { clock, heard, made, trouble, listener, open, dones: () => dones };
}

test('it says that it listens, then done, and hands on connections and failed ones', () => {
  const { heard, made, listener, open, dones } = rig();
  open();
  assert.deepEqual([listener.on, listener.port, dones()], [false, undefined, 0]);
  made[0]!.listens[0]!();
  assert.deepEqual([listener.on, listener.port, dones()], [true, 2000, 1]);
  made[0]!.up.accepted(new FakeGensio());
  made[0]!.up.failed(new GensioError('protoerr'));
  assert.deepEqual(heard, ['listening', 'accepted', 'accept failed protoerr']);
});

test('what fails is tried again after the retry time, with the same accepter, until it works', () => {
  const { clock, heard, made, open, dones } = rig();
  open();
  made[0]!.listens[0]!(new GensioError('addrinuse'));
  assert.equal(dones(), 1);
  clock.advance(9999);
  assert.equal(made[0]!.listens.length, 1);
  clock.advance(1);
  made[0]!.listens[1]!();
  clock.advance(60_000);
  assert.deepEqual([heard, made.length, made[0]!.listens.length], [['failed addrinuse', 'listening'], 1, 2]);
});

test('an accepter that cannot be made is a failure like others', () => {
  const { clock, heard, made, trouble, open, dones } = rig();
  trouble.why = new GensioError('notfound');
  open();
  assert.deepEqual([heard, dones()], [['failed notfound'], 1]);
  delete trouble.why;
  clock.advance(10_000);
  assert.equal(made.length, 1);
});

test('with a retry time of 0 it is tried once', () => {
  const { clock, made, open } = rig(0);
  open();
  made[0]!.listens[0]!(new GensioError('addrinuse'));
  assert.equal(clock.timers, 0);
});

test('opened by hand meanwhile it is not tried once more', () => {
  const { clock, made, open } = rig();
  open();
  made[0]!.listens[0]!(new GensioError('addrinuse'));
  clock.advance(5000);
  open();
  clock.advance(60_000);
  assert.equal(made[0]!.listens.length, 2);
});

test('closing is done when the accepter is closed; what comes of listening then is not told, and nothing is tried again', () => {
  const { clock, heard, made, listener, open, dones } = rig();
  open();
  let closed = 0;
  listener.close(() => void closed++);
  assert.equal(closed, 0);
  made[0]!.closes[0]!();
  assert.equal(closed, 1);
  made[0]!.listens[0]!();
  assert.deepEqual([heard, dones(), listener.on], [[], 1, false]);
  // Opened again it is another accepter, and the word of the old one counts for nothing.
  open();
  made[0]!.listens[0]!(new GensioError('addrinuse'));
  assert.deepEqual([heard, listener.on], [[], false]);
  made[1]!.listens[0]!(new GensioError('addrinuse'));
  listener.close(() => void closed++);
  clock.advance(60_000);
  assert.deepEqual([heard, made.length, made[1]!.listens.length], [['failed addrinuse'], 2, 1]);
});

test('closing one that never listened is done at once', () => {
  const { listener } = rig();
  let closed = false;
  listener.close(() => {
    closed = true;
  });
  assert.equal(closed, true);
});

test('a connection whose taking fails is cut off', () => {
  const { made, open } = rig();
  open();
  made[0]!.listens[0]!();
  const gensio = new FakeGensio();
  const broken = new Listener(
    SPEC,
    1,
    { accepter: () => made[0]!, connector: () => assert.fail() },
    new Deadlines(new FakeClock()),
    {
      accepted: () => {
        throw new Error('a bug');
      },
      acceptFailed: () => undefined,
      listening: () => undefined,
      listenFailed: () => undefined,
    },
    AUTH,
  );
  broken.open(() => undefined);
  assert.throws(() => made[0]!.up.accepted(gensio), /a bug/);
  assert.ok(gensio.calls.includes('abort'));
});
