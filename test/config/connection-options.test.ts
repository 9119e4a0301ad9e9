import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionReader } from '../../src/config/connection-options.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import type { ConnectionOptions } from '../../src/options/connection.ts';

const NAMES = {
  hasLed: (name: string) => name === 'green',
  traceFile: (name: string) => (name === 'tr1' ? '/tmp/tr1' : undefined),
  rs485: (name: string) => (name === 'rs' ? '1:2:rts_on_send' : undefined),
};
const reader = (texts: readonly string[], defaults = new Defaults()) => {
  const r = new OptionReader(defaults, NAMES);
  return { r, problems: texts.map((text) => r.set(text)?.is) };
};
const options = (texts: readonly string[], defaults?: Defaults): ConnectionOptions => {
  const { r, problems } = reader(texts, defaults);
  assert.deepEqual(
    problems.filter((p) => p !== undefined && p !== 'dropped'),
    [],
  );
  const got = r.finish();
  assert.ok('ok' in got);
  return got.ok;
};

test('an option is a name or a name and a value, up to the first equals sign', () => {
  const o = options(['kickolduser', 'BANNER=a=b', 'openstr', 'chardelay=off', 'max-connections=0x10', 'closeon=ab']);
  assert.deepEqual([o.kickolduser, o.banner, o.openstr, o.chardelay, o.maxConnections, o.closeon], [true, 'a=b', '', false, 16, 'ab']);
});

test('unknown names and bad values are told apart', () => {
  assert.deepEqual(
    reader(['bogus', 'kickolduser=TRUE', 'max-connections=-1', 'closeon', 'led-rx=red', 'led-rx=', 'led-rx=green', 'remaddr=127.0.0.1'])
      .problems,
    ['unknown', 'bad-value', 'bad-value', 'bad-value', 'no-led', 'no-led', undefined, 'bad-address'],
  );
});

test('an option that adds up takes a thousand values, and no more', () => {
  const { problems } = reader(Array.from({ length: 1002 }, () => 'mdns-txt=a=b'));
  assert.deepEqual(
    problems.map((problem, i) => (problem === undefined ? -1 : i)).filter((i) => i >= 0),
    [1000, 1001],
  );
});

test('limits are kept whatever was written', () => {
  const o = options([
    'dev-to-net-bufsize=0',
    'net-to-dev-bufsize=1',
    'max-connections=0',
    'accepter-retry-time=0',
    'connector-retry-time=0',
  ]);
  assert.deepEqual([o.devToNetBufsize, o.netToDevBufsize, o.maxConnections, o.accepterRetryTime, o.connectorRetryTime], [2, 2, 1, 1, 1]);
});

test('the shorthands set all three traces, in order with the single ones', () => {
  const o = options(['trace-read-hexdump', 'trace-hexdump=off', 'trace-both-hexdump=on', 'trace-timestamp']);
  assert.deepEqual([o.traceReadHexdump, o.traceBothHexdump, o.traceReadTimestamp, o.traceWriteTimestamp], [false, true, true, true]);
  assert.deepEqual(reader(['trace-hexdump=YES']).problems, ['bad-value']);
});

test('repeated address lists add up, and replace a default', () => {
  const d = new Defaults();
  d.set('remaddr', undefined, '9.9.9.9,0');
  d.set('connback', undefined, 'h,1');
  d.set('allowed-users', undefined, 'root admin');
  assert.deepEqual(options(['remaddr=a,1;b,2', 'remaddr=c,3'], d).remaddr, ['a,1', 'b,2', 'c,3']);
  const plain = options([], d);
  assert.deepEqual([plain.remaddr, plain.connback, plain.allowedUsers], [['9.9.9.9,0'], ['h,1'], ['root', 'admin']]);
  assert.deepEqual(options(['connback=own,5'], d).connback, ['own,5']);
  assert.equal(options(['remaddr=!a,1'], d).connback, undefined, 'an address to connect back to was given');
});

test('a default address that cannot be used loses the connection', () => {
  const d = new Defaults();
  d.set('remaddr', undefined, '127.0.0.1');
  assert.ok('problem' in reader([], d).r.finish());
});

test('words for the device go after the connector, capitals only', () => {
  const { r, problems } = reader(['9600n81', 'LOCAL', '-RTSCTS', 'HANGUP_WHEN_DONE', 'local', '9600=foo']);
  assert.deepEqual(problems, ['dropped', 'dropped', 'dropped', 'dropped', 'unknown', 'dropped']);
  assert.equal(r.deviceSuffix, ',9600n81,LOCAL,rtscts=false,hangup-when-done,9600=foo');
});

test('old spellings are taken, and names of classic files looked up', () => {
  const o = options(['kickolduser', '-kickolduser', 'telnet_brk_on_sync', '-chardelay', 'tr=tr1', 'remctl']);
  assert.deepEqual([o.kickolduser, o.telnetBrkOnSync, o.chardelay, o.traceRead], [false, true, false, '/tmp/tr1']);
  const { r, problems } = reader(['TW=none', 'rs485=rs', 'rs485=x', 'rs485=rs']);
  assert.deepEqual(problems, ['no-such-name', 'dropped', 'no-such-name', 'dropped']);
  assert.equal(r.deviceSuffix, ',rs485=1:2:rts_on_send');
});
