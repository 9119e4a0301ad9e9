// The daemon's life with every part in hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diag } from '../../src/base/diag.ts';
import { runDaemon } from '../../src/daemon/daemon.ts';
import { emptyConfig, makeRig, type Rig, reading, until } from './rig.ts';

const pos = { file: 'x.yaml', line: 3, col: 3, len: 1 };
const classic: Diag = { code: 'unknown-key', severity: 'error', pos, text: 'unknown key', classic: 'x.yaml:2(column 2): Invalid token' };
const ours: Diag = { code: 'bad-value', severity: 'error', pos, text: 'not good', hint: 'try again' };
const remark: Diag = { code: 'questionable', severity: 'warning', pos, text: 'odd' };

/** Runs until everything listens, then ends it; what happened up to there. */
async function live(rig: Rig, whileUp: () => Promise<void> | void = () => undefined): Promise<number> {
  const run = runDaemon(rig.parts);
  await until('the engine has the configuration', () => rig.events.includes('engine: apply'));
  await new Promise((resolve) => setImmediate(resolve));
  await whileUp();
  rig.hooks().end(0);
  return run;
}

test('with -n it starts the engine, serves, and ends with 0', async () => {
  const rig = makeRig();
  assert.equal(await live(rig), 0);
  assert.deepEqual(rig.events, ['engine: made', 'engine: apply', 'engine: stop']);
});

test('-r says Ready when the listeners were tried', async () => {
  const rig = makeRig({ options: { sayReady: true } });
  await live(rig);
  assert.deepEqual(rig.events, ['engine: made', 'engine: apply', 'stdout: Ready', 'engine: stop']);
});

test('problems of a YAML file go to stderr and, as facility user without a pid, to syslog; the daemon runs', async () => {
  const rig = makeRig();
  rig.outcomes = [{ kind: 'read', reading: reading({ diags: [classic, ours, remark], complete: false }) }];
  assert.equal(await live(rig), 0);
  assert.deepEqual(rig.events.slice(0, 4), [
    'syslog: <11> ser2net: x.yaml:2(column 2): Invalid token',
    'stderr: x.yaml:2(column 2): Invalid token',
    'syslog: <11> ser2net: x.yaml:3:3: error: not good [bad-value] (try again)',
    'stderr: x.yaml:3:3: error: not good [bad-value] (try again)',
  ]);
  assert.ok(!rig.events.some((event) => event.includes('odd')), 'a remark is not said without -l');
});

test('with -d each problem stands on stderr twice, once as a copy of the log', async () => {
  const rig = makeRig({ options: { debug: true } });
  rig.outcomes = [{ kind: 'read', reading: reading({ diags: [{ ...classic, placed: true }] }) }];
  await live(rig);
  assert.deepEqual(rig.events.slice(0, 3), [
    'syslog: <27> ser2net[77]: x.yaml:2(column 2): Invalid token',
    'stderr: ser2net[77]: x.yaml:2(column 2): Invalid token',
    'stderr: x.yaml:2(column 2): Invalid token',
  ]);
});

test('with -l remarks are logged, too', async () => {
  const rig = makeRig({ options: { level: 'info' } });
  rig.outcomes = [{ kind: 'read', reading: reading({ diags: [remark] }) }];
  await live(rig);
  assert.equal(rig.events[0], 'syslog: <14> ser2net: x.yaml:3:3: warning: odd [questionable]');
});

test('problems of a classic file stand on stderr once, with and without -d', async () => {
  const bad: Diag = { ...classic, classic: 'No state given on line 1' };
  for (const debug of [false, true]) {
    const rig = makeRig({ options: { debug } });
    rig.outcomes = [{ kind: 'read', reading: reading({ config: { ...emptyConfig, format: 'conf' }, diags: [bad] }), note: 'old format' }];
    await live(rig);
    const printed = rig.events.filter((event) => event.startsWith('stderr'));
    assert.deepEqual(printed, ['stderr: old format', `stderr: ${debug ? 'ser2net[77]: ' : ''}No state given on line 1`]);
  }
});

test('a file that cannot be opened ends it with 1, said on stderr once and in syslog', async () => {
  const text = "Unable to open config file '/x.yaml': No such file or directory";
  for (const debug of [false, true]) {
    const rig = makeRig({ options: { debug } });
    rig.outcomes = [{ kind: 'unreadable', text }];
    assert.equal(await runDaemon(rig.parts), 1);
    assert.deepEqual(
      rig.events,
      debug ? [`syslog: <27> ser2net[77]: ${text}`, `stderr: ser2net[77]: ${text}`] : [`syslog: <11> ser2net: ${text}`, `stderr: ${text}`],
    );
  }
});

test('where stderr leads to the journal, what syslog has is not there a second time; without syslog it is', async () => {
  const text = "Unable to open config file '/x.yaml': No such file or directory";
  const bad: Diag = { ...classic, classic: 'theirs' };
  for (const syslogGone of [false, true]) {
    const rig = makeRig({ syslogGone, parts: { stderrIsJournal: true } });
    rig.outcomes = [{ kind: 'unreadable', text }];
    assert.equal(await runDaemon(rig.parts), 1);
    assert.deepEqual(rig.events, [syslogGone ? `stderr: ${text}` : `syslog: <11> ser2net: ${text}`]);
    const started = makeRig({ syslogGone, parts: { stderrIsJournal: true } });
    started.outcomes = [{ kind: 'read', reading: reading({ diags: [bad] }) }];
    await live(started);
    assert.equal(started.events.filter((event) => event.includes('theirs')).length, 1);
  }
});

test('mixed formats end it with 1, on stderr only', async () => {
  const rig = makeRig({ options: { debug: true } });
  rig.outcomes = [{ kind: 'mixed', text: 'You cannot mix' }];
  assert.equal(await runDaemon(rig.parts), 1);
  assert.deepEqual(rig.events, ['stderr: You cannot mix']);
});

test('where syslog is out of reach, the foreground daemon logs on stderr', async () => {
  const rig = makeRig({ syslogGone: true });
  await live(rig, () => rig.parts.log.log('err', 'Unable to startup network port x: y'));
  assert.deepEqual(rig.events.slice(2, 3), ['stderr: ser2net[77]: Unable to startup network port x: y']);
});

test('in the background: daemon facility, startup notice, pid file, then the waiting process may go; stderr is not used any more', async () => {
  const order: string[] = [];
  const rig = makeRig({
    options: { foreground: false },
    parts: {
      background: {
        stderr: () => undefined,
        finish: (code) => void order.push(`finish ${code}`),
      },
      pidFile: {
        write: () => void order.push('pid file'),
        remove: () => void order.push('pid file removed'),
      } as never,
    },
  });
  const at: number[] = [];
  await live(rig, () => {
    at.push(order.length);
    rig.parts.log.log('err', 'later');
  });
  assert.deepEqual(rig.events, [
    'engine: made',
    'engine: apply',
    'syslog: <29> ser2net[77]: ser2net startup',
    'syslog: <27> ser2net[77]: later',
    'engine: stop',
  ]);
  assert.deepEqual(order, ['pid file', 'finish 0', 'pid file removed', 'finish 0']);
  assert.deepEqual(at, [2]);
});

test('in the background: no configuration lets the waiting process end with 1', async () => {
  const codes: number[] = [];
  const rig = makeRig({ parts: { background: { stderr: () => undefined, finish: (code) => void codes.push(code) } } });
  rig.outcomes = [{ kind: 'unreadable', text: 'x' }];
  assert.equal(await runDaemon(rig.parts), 1);
  assert.deepEqual(codes, [1]);
});

test('a pid file that cannot be written is a warning', async () => {
  const rig = makeRig({ parts: { pidFile: { write: () => 'Error opening pidfile', remove: () => undefined } as never } });
  assert.equal(await live(rig), 0);
  assert.ok(rig.events.includes('syslog: <12> ser2net: Error opening pidfile'));
});

test('SIGHUP reads the configuration again and hands it to the engine', async () => {
  const rig = makeRig();
  await live(rig, async () => {
    process.kill(process.pid, 'SIGHUP');
    await until('a second apply', () => rig.events.filter((event) => event === 'engine: apply').length === 2);
  });
  assert.deepEqual(rig.events, [
    'engine: made',
    'engine: apply',
    'syslog: <14> ser2net: Got SIGHUP, re-reading configuration',
    'engine: apply',
    'engine: stop',
  ]);
});

test('SIGHUP while starting is acted upon once, when the listeners were tried', async () => {
  let release = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    release = resolve;
  });
  let applied = 0;
  const rig = makeRig({ engine: { apply: () => (++applied === 1 ? first : Promise.resolve()) } });
  const run = runDaemon(rig.parts);
  await until('the engine is asked', () => applied === 1);
  process.kill(process.pid, 'SIGHUP');
  process.kill(process.pid, 'SIGHUP');
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(applied, 1);
  release();
  await until('the reload', () => applied === 2);
  rig.hooks().end(0);
  assert.equal(await run, 0);
  assert.equal(applied, 2);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} stops the engine and gives 0`, async () => {
    const rig = makeRig();
    const run = runDaemon(rig.parts);
    await until('started', () => rig.events.includes('engine: apply'));
    process.kill(process.pid, signal);
    assert.equal(await run, 0);
    assert.equal(rig.events.at(-1), 'engine: stop');
    assert.equal(process.listenerCount(signal), 0);
  });
}

test('a stop does not wait for listeners that are still being tried', async () => {
  const rig = makeRig({ engine: { apply: () => new Promise(() => undefined) } });
  const run = runDaemon(rig.parts);
  await until('made', () => rig.events.includes('engine: made'));
  process.kill(process.pid, 'SIGTERM');
  assert.equal(await run, 0);
});

test('a listener that is tried for too long does not hold up the start', async () => {
  const rig = makeRig({ options: { sayReady: true }, engine: { apply: () => new Promise(() => undefined) } });
  const run = runDaemon(rig.parts);
  await until('made', () => rig.events.includes('engine: made'));
  await new Promise((resolve) => setImmediate(resolve));
  rig.clock.advance(20_000);
  await until('ready', () => rig.events.includes('stdout: Ready'));
  rig.hooks().end(0);
  assert.equal(await run, 0);
});

test('an engine that does not stop is left behind', async () => {
  let stopping = false;
  const rig = makeRig({
    engine: {
      stop: () => {
        stopping = true;
        return new Promise(() => undefined);
      },
    },
  });
  const run = live(rig);
  await until('stopping', () => stopping);
  rig.clock.advance(10_000);
  assert.equal(await run, 0);
  assert.ok(rig.events.includes('syslog: <11> ser2net: Not everything could be closed in time'));
});

test('a failure of the engine is logged with its stack and ends the daemon with 1 after an orderly stop', async () => {
  const rig = makeRig({ engine: { apply: () => Promise.reject(new Error('bang')) } });
  assert.equal(await runDaemon(rig.parts), 1);
  assert.equal(rig.events[1], 'syslog: <11> ser2net: Internal error: Error: bang');
  assert.match(rig.events[2]!, /^syslog: <11> ser2net: {5}at /);
  assert.equal(rig.events.at(-1), 'engine: stop');
});
