// Reload: all or nothing, requests collapse, and the one who asked learns what was wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diag } from '../../src/base/diag.ts';
import type { Config } from '../../src/config/model.ts';
import type { Outcome } from '../../src/daemon/configuration.ts';
import { Reloader } from '../../src/daemon/reload.ts';
import { emptyConfig, reading } from './rig.ts';

const pos = { file: 'f.yaml', line: 1, col: 1, len: 0 };
const bad: Diag = { code: 'syntax', severity: 'error', pos, text: 'broken', classic: 'f.yaml:0(column 0): broken' };

function make(outcome: () => Outcome, reloadable = true, apply: (config: Config) => Promise<void> = async () => undefined) {
  const events: string[] = [];
  const say = (level: string, text: string): void => void events.push(`${level}: ${text}`);
  const reloader = new Reloader({
    reader: { reloadable, read: outcome },
    apply: (config) => {
      events.push('apply');
      return apply(config);
    },
    log: { log: say, announce: say },
    note: (text) => void events.push(`note: ${text}`),
    before: () => void events.push('before'),
    after: () => void events.push('after'),
  });
  return { reloader, events };
}

test('a good configuration is applied', async () => {
  const { reloader, events } = make(() => ({ kind: 'read', reading: reading() }));
  assert.deepEqual(await reloader.request('admin'), { ok: true, problems: [] });
  assert.deepEqual(events, ['info: Got admin request, re-reading configuration', 'before', 'apply', 'after']);
});

test('items that were left out do not stop the rest from being applied', async () => {
  const { reloader, events } = make(() => ({ kind: 'read', reading: reading({ diags: [bad] }), note: 'old' }));
  assert.deepEqual(await reloader.request('SIGHUP'), { ok: true, problems: ['f.yaml:0(column 0): broken'] });
  assert.deepEqual(events.slice(2), [
    'note: old',
    'err: f.yaml:0(column 0): broken',
    'info: f.yaml:1:1: error: broken [syntax]',
    'apply',
    'after',
  ]);
});

test('a file that was not read to its end changes nothing and says why', async () => {
  const { reloader, events } = make(() => ({ kind: 'read', reading: reading({ diags: [bad], complete: false }) }));
  assert.deepEqual(await reloader.request('SIGHUP'), { ok: false, problems: ['f.yaml:0(column 0): broken'] });
  assert.ok(!events.includes('apply'));
  assert.equal(events.at(-1), 'after');
});

test('a file that is gone changes nothing and says why', async () => {
  const text = "Unable to open config file 'f.yaml': No such file or directory";
  const { reloader, events } = make(() => ({ kind: 'unreadable', text, reason: 'gone' }));
  assert.deepEqual(await reloader.request('SIGHUP'), { ok: false, problems: [], unreadable: 'gone' });
  assert.deepEqual(events.slice(2), [`err: ${text}`, 'after']);
});

test('without a file nothing happens and nothing is said', async () => {
  const { reloader, events } = make(() => ({ kind: 'read', reading: reading() }), false);
  assert.deepEqual(await reloader.request('SIGHUP'), { ok: true, problems: [] });
  assert.deepEqual(events, []);
});

test('twenty requests in a row make at most two reloads, and never two at once', async () => {
  let running = 0;
  const { reloader, events } = make(
    () => ({ kind: 'read', reading: reading() }),
    true,
    async (config) => {
      assert.equal(++running, 1);
      assert.equal(config, emptyConfig);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    },
  );
  const results = await Promise.all(Array.from({ length: 20 }, () => reloader.request('SIGHUP')));
  assert.ok(results.every(({ ok }) => ok));
  assert.equal(events.filter((event) => event === 'apply').length, 2);
  await reloader.request('SIGHUP');
  assert.equal(events.filter((event) => event === 'apply').length, 3);
});

test('a failure while applying is told, not thrown', async () => {
  const { reloader, events } = make(
    () => ({ kind: 'read', reading: reading() }),
    true,
    () => Promise.reject(new Error('bang')),
  );
  assert.deepEqual(await reloader.request('SIGHUP'), { ok: false, problems: ['Reload failed: bang'] });
  assert.equal(events.at(-1), 'after');
});
