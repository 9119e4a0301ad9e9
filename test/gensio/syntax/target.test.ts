import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Defaults } from '../../../src/gensio/syntax/defaults.ts';
import { layersOf } from '../../../src/gensio/syntax/stack.ts';
import { parseTarget, type Target, type TlsOptions } from '../../../src/gensio/syntax/target.ts';

const PLAIN: TlsOptions = { tlsCert: undefined, tlsKey: undefined, tlsCa: undefined, tlsAllow: undefined };
const read = (text: string, tls: Partial<TlsOptions> = {}) => parseTarget(text, { ...PLAIN, ...tls }, new Defaults());
function good(text: string, tls: Partial<TlsOptions> = {}): Target {
  const got = read(text, tls);
  assert.ok('ok' in got, 'problem' in got ? got.problem : '');
  return got.ok;
}
const layers = (target: Target): string[] => layersOf(target.spec).map(({ type }) => type);
function address(target: Target): unknown {
  const bottom = layersOf(target.spec).at(-1)!;
  assert.ok(bottom.type === 'tcp');
  return bottom.addrs.map(({ host, port }) => `${host} ${port}`);
}

test('each kind of URL is its stack of layers', () => {
  assert.deepEqual(layers(good('tcp://plc:4001')), ['tcp']);
  assert.deepEqual(layers(good('telnet://plc')), ['telnet', 'tcp']);
  assert.deepEqual(layers(good('rfc2217://plc:4001')), ['telnet', 'tcp']);
  assert.deepEqual(layers(good('tls://plc:4001')), ['ssl', 'tcp']);
  assert.deepEqual(layers(good('RFC2217S://plc:4001')), ['telnet', 'ssl', 'tcp']);
  assert.deepEqual(layers(good('unix:///run/port')), ['unix']);
  assert.deepEqual(layers(good('keepopen,telnet(rfc2217),tcp,plc,4001')), ['keepopen', 'telnet', 'tcp']);
});

test('only what can be asked for line settings is asked', () => {
  assert.deepEqual(
    ['rfc2217://a:1', 'telnet://a:1', 'tcp://a:1', 'rfc2217s://a:1', 'telnet(rfc2217),tcp,a,1', '/dev/ttyS0,9600n81'].map(
      (text) => good(text).controls,
    ),
    [true, false, false, true, true, true],
  );
});

test('hosts may be names, addresses of both families, and ports services', () => {
  assert.deepEqual(address(good('tcp://plc.example:4001/')), ['plc.example 4001']);
  assert.deepEqual(address(good('tcp://[::1]:4001')), ['::1 4001']);
  assert.deepEqual(address(good('tcp://10.0.0.1:telnet')), ['10.0.0.1 23']);
  assert.deepEqual(address(good('telnet://plc')), ['plc 23']);
});

test('TLS takes its files from the options, and has no key of a server', () => {
  const ssl = (tls: Partial<TlsOptions>) => {
    const { spec } = good('tls://plc:4001', tls);
    assert.ok(spec.type === 'ssl');
    const { cert, key, CA, allow } = spec.opts;
    return { cert, key, CA, allow };
  };
  assert.equal(ssl({}).cert, '');
  assert.deepEqual(ssl({ tlsCert: '/a b/c,d.crt', tlsCa: '/ca.crt', tlsAllow: 'plc;sha256:AA' }), {
    cert: '/a b/c,d.crt',
    key: '/a b/c,d.crt',
    CA: '/ca.crt',
    allow: ['plc', 'sha256:AA'],
  });
  assert.equal(ssl({ tlsCert: 'c', tlsKey: 'k' }).key, 'k');
});

test('what follows a question mark is for this target, and not shown', () => {
  const { text, options } = good('rfc2217://plc:4001?speed=9600e71&dtr=open&flow=rtscts');
  assert.equal(text, 'rfc2217://plc:4001');
  assert.deepEqual(options, { speed: { speed: 9600, parity: 'E', databits: 7, stopbits: 1 }, dtr: 'open', rts: undefined, flow: 'rtscts' });
});

test('what cannot be a target says why', () => {
  const problem = (text: string): string => {
    const got = read(text);
    assert.ok('problem' in got, text);
    return got.problem;
  };
  assert.match(problem('rfc2271://plc:1'), /did you mean 'rfc2217:\/\/'/);
  assert.match(problem('tcp://plc'), /a port is missing after 'plc'/);
  assert.match(problem('tcp://'), /write tcp:\/\/HOST:PORT/);
  assert.match(problem('tcp://a b:1'), /write tcp/);
  assert.match(problem('tcp://plc:nothing'), /neither a port number/);
  assert.match(problem('rfc2217://plc:1?sped=9600'), /did you mean 'speed'/);
  assert.match(problem('rfc2217://plc:1?speed=fast'), /is not a speed/);
  assert.match(problem('tlenet,tcp,plc,1'), /telnet/);
});

test('no text makes the reader throw, and no host or port slips into another layer', () => {
  fc.assert(fc.property(fc.string(), (text) => void read(text)));
  fc.assert(
    fc.property(fc.constantFrom('tcp', 'rfc2217', 'tls', 'telnet'), fc.string(), (scheme, rest) => {
      const got = read(`${scheme}://${rest}`);
      if ('ok' in got) assert.equal(layersOf(got.ok.spec).at(-1)!.type, 'tcp');
    }),
  );
});

test('a target that a CA is to vouch for names its host, which the certificate must be for, unless a list says who is good', () => {
  const name = (target: string, tls: Partial<TlsOptions>): unknown => {
    const { spec } = good(target, tls);
    assert.ok(spec.type === 'ssl');
    return spec.opts.serverName;
  };
  assert.equal(name('tls://plc.example:1', { tlsCa: 'ca.crt' }), 'plc.example');
  assert.equal(name('tls://[fe80::1%eth0]:1', { tlsCa: 'ca.crt' }), 'fe80::1');
  assert.equal(name('tls://plc.example:1', { tlsCa: 'ca.crt', tlsAllow: 'plc' }), undefined);
  assert.equal(name('tls://plc.example:1', { tlsAllow: 'plc' }), undefined);
});

test('targets people paste are taken: host:port, and settings of pyserial, which are passed over with a note', () => {
  const ok = (text: string): Target => {
    const got = read(text);
    if ('problem' in got) throw new Error(got.problem);
    return got.ok;
  };
  assert.deepEqual(ok('localhost:3001').spec, ok('tcp://localhost:3001').spec);
  assert.deepEqual(ok('[::1]:3001').spec, ok('tcp://[::1]:3001').spec);
  assert.deepEqual(ok('rfc2217://h:1?ign_set_control&timeout=3.0&speed=9600').notes, [
    "'ign_set_control' is a setting of pyserial and is ignored",
    "'timeout' is a setting of pyserial and is ignored",
  ]);
  assert.deepEqual(ok('tcp://h:1').notes, []);
  assert.match((read('tcp://h:1?tmeout=3') as { problem: string }).problem, /there is no setting 'tmeout'/);
});
