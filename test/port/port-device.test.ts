import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../src/base/deadlines.ts';
import { GensioError } from '../../src/base/gensio-error.ts';
import { noLog } from '../../src/base/log.ts';
import { PortDevice } from '../../src/port/port-device.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { FakeGensio, type FakeGensioOptions } from '../rig/fake-gensio.ts';
import { connectionConfig } from '../rig/port-rig.ts';

function rig(options: FakeGensioOptions = { open: 'manual', close: 'manual' }) {
  const clock = new FakeClock();
  const made: FakeGensio[] = [];
  const heard: string[] = [];
  const trouble: { why?: GensioError } = {};
  const end = new PortDevice(
    {
      config: connectionConfig(),
      deviceOpened: (err) => void heard.push(`opened ${err?.code}`),
      fromDevice: (data) => void heard.push(`data ${data}`),
      deviceWritable: () => void heard.push(`writable, full ${end.full}`),
      deviceClosed: (err) => void heard.push(`closed ${err?.code}`),
      deviceEvent: (event) => void heard.push(`event ${event.on}`),
    },
    {
      deadlines: new Deadlines(clock),
      log: noLog,
      builder: {
        accepter: () => assert.fail('nobody listens'),
        connector: () => {
          if (trouble.why !== undefined) throw trouble.why;
          made.push(new FakeGensio(options));
          return made.at(-1)!;
        },
      },
    },
  );
  return { clock, made, heard, end, trouble };
}

test('what the device says is handed on, and writing tells whether it takes more until it says so', () => {
  const { made, heard, end } = rig();
  end.open();
  made[0]!.opened();
  end.setReading(true);
  made[0]!.feed('x');
  made[0]!.emit({ on: 'linestate', state: 1 });
  assert.equal(end.write(Buffer.from('ab')), true);
  made[0]!.full = true;
  assert.equal(end.write(Buffer.from('c')), false);
  // What it takes at once meanwhile makes no room.
  made[0]!.full = false;
  assert.equal(end.write(Buffer.from('d')), false);
  made[0]!.drain();
  assert.equal(end.write(Buffer.from('e')), true);
  assert.equal(end.written, 5);
  assert.deepEqual(heard, ['opened undefined', 'data x', 'event linestate', 'writable, full false']);
});

test('a device that cannot be opened is let go and not heard any more, and the next one is another', () => {
  const { made, heard, end } = rig();
  end.open();
  const [first] = made;
  first!.opened(new GensioError('notfound'));
  assert.ok(first!.calls.includes('abort'));
  first!.end(new GensioError('ioerr'));
  first!.emit({ on: 'linestate', state: 1 });
  assert.deepEqual(heard.splice(0), ['opened notfound']);
  assert.equal(end.gensio, made[1]);
  end.open();
  made[1]!.opened();
  assert.deepEqual(heard, ['opened undefined']);
});

test('each open begins again: it takes data, and its line is as configured', () => {
  const { made, end } = rig();
  end.open();
  made[0]!.opened();
  end.lineChanged = true;
  made[0]!.full = true;
  end.write(Buffer.from('x'));
  end.close();
  made[0]!.end();
  end.open();
  assert.deepEqual([end.full, end.lineChanged], [false, false]);
});

test('closing stops reading, is told once, and is made short after four seconds', () => {
  const { clock, made, heard, end } = rig();
  end.open();
  made[0]!.opened();
  end.setReading(true);
  end.close();
  assert.deepEqual(made[0]!.calls.slice(-2), ['reading off', 'close']);
  clock.advance(3999);
  assert.ok(!made[0]!.calls.includes('abort'));
  clock.advance(1);
  assert.ok(made[0]!.calls.includes('abort'));
  made[0]!.end();
  assert.deepEqual(heard.splice(0), ['opened undefined', 'closed undefined']);
  // One that was closed in time leaves the next one alone.
  end.open();
  made[1]!.opened();
  end.close();
  made[1]!.end();
  clock.advance(10_000);
  assert.ok(!made[2]!.calls.includes('abort'));
});

test('a device that is closed while it opens says so, and not that it is open', () => {
  const { made, heard, end } = rig();
  end.open();
  end.close();
  made[0]!.end();
  made[0]!.opened();
  assert.deepEqual(heard, ['closed undefined']);
});

test('what somebody still has of the device is left alone where the device has a buffer of its own', () => {
  const { made, end } = rig();
  end.open();
  made[0]!.opened();
  end.detachBuffer();
  let left = 0;
  Object.assign(made[0]!, { detachBuffer: () => left++ });
  end.detachBuffer();
  assert.equal(left, 1);
});

test('while there can be no device, opening says why, and it is tried again at each open', () => {
  const { made, heard, end, trouble } = rig();
  end.open();
  made[0]!.opened();
  trouble.why = new GensioError('notfound');
  made[0]!.end();
  assert.equal(end.gensio, undefined);
  assert.equal(end.write(Buffer.from('x')), true);
  end.setReading(true);
  end.open();
  delete trouble.why;
  end.open();
  made[1]!.opened();
  assert.deepEqual(heard, ['opened undefined', 'closed undefined', 'opened notfound', 'opened undefined']);
});
