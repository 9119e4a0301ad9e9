import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Gensio } from '../../src/gensio/gensio.ts';
import { Handshakes, MAX_HANDSHAKES } from '../../src/gensio/handshakes.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { testEnv } from '../rig/gensio-env.ts';

/** All that is asked of a connection here is where it comes from. */
const from = (host: string, port: number): Gensio => ({ address: () => `ipv4,${host},${port}` }) as Gensio;
const make = (clock = new FakeClock()) => {
  const env = testEnv({ clock });
  return { set: new Handshakes(env, () => 'ssl,4001'), env, clock };
};

test('one handshake too many ends the oldest of the host that has most, however old that of another host is', () => {
  const { set } = make();
  const honest = from('192.0.2.1', 1);
  const flood = Array.from({ length: 1000 }, (_, i) => from('192.0.2.66', i + 1));
  assert.equal(set.add(honest), undefined);
  const gone = flood.map((gensio) => set.add(gensio)).filter((victim) => victim !== undefined);
  assert.deepEqual(gone, flood.slice(0, flood.length - MAX_HANDSHAKES + 1));
  assert.equal(set.delete(honest), true);
  assert.equal(set.delete(flood[0]!), false);
});

test('when every host has one, the first that came goes', () => {
  const { set } = make();
  const all = Array.from({ length: 2 * MAX_HANDSHAKES }, (_, i) => from(`10.0.${i >> 8}.${i & 255}`, 1000));
  const gone = all.map((gensio) => set.add(gensio)).filter((victim) => victim !== undefined);
  assert.deepEqual(gone, all.slice(0, MAX_HANDSHAKES));
});

test('whoever comes and goes, there are never more than the limit, and the one that just came is never the one that goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), fc.boolean()), { maxLength: 600 }), (steps) => {
      const { set } = make();
      const inside = new Set<Gensio>();
      steps.forEach(([host, leaves], i) => {
        const gensio = from(`10.0.0.${host}`, i);
        const victim = set.add(gensio);
        assert.notEqual(victim, gensio);
        assert.equal(victim !== undefined, inside.size === MAX_HANDSHAKES);
        if (victim !== undefined) assert.equal(inside.delete(victim), true);
        inside.add(gensio);
        if (leaves && host % 2 === 0) assert.equal(set.delete(gensio) && inside.delete(gensio), true);
      });
      assert.deepEqual(new Set(set.drain()), inside);
      assert.deepEqual(set.drain(), []);
    }),
  );
});

test('the log tells of the first one given up at once, and of the others every ten seconds', () => {
  const { set, env, clock } = make();
  let port = 0;
  const flood = (count: number): void => {
    for (let i = 0; i < count; i++) set.add(from('192.0.2.66', ++port));
  };
  flood(MAX_HANDSHAKES);
  assert.deepEqual(env.lines, []);
  flood(500);
  assert.deepEqual(env.lines, ['warning ssl,4001: more than 128 handshakes at once, giving up the oldest']);
  clock.advance(10_000);
  assert.equal(env.lines[1], 'warning ssl,4001: gave up 499 more handshakes in 10 s');
  flood(3);
  clock.advance(10_000);
  assert.equal(env.lines[2], 'warning ssl,4001: gave up 3 more handshakes in 10 s');
  clock.advance(10_000);
  assert.equal(clock.timers, 0);
  flood(1);
  assert.equal(env.lines[3], env.lines[0]);
  assert.equal(env.lines.length, 4);
});
