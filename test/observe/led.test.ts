import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LedConfig } from '../../src/config/model.ts';
import { Leds } from '../../src/observe/led.ts';
import { until } from '../compliance/recording-up.ts';
import { PortRig } from '../rig/port-rig.ts';

/** A folder that looks like /sys/class/leds with one lamp. */
function lamp(t: TestContext, triggers = 'none timer [heartbeat] transient'): { root: string; read: (file: string) => string } {
  const root = mkdtempSync(join(tmpdir(), 'led-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'green'));
  for (const file of ['trigger', 'duration', 'state', 'activate', 'brightness']) writeFileSync(join(root, 'green', file), '');
  writeFileSync(join(root, 'green', 'trigger'), triggers);
  writeFileSync(join(root, 'green', 'max_brightness'), '255\n');
  return { root, read: (file) => readFileSync(join(root, 'green', file), 'latin1') };
}
const config = (more: Partial<LedConfig> = {}): LedConfig => ({
  name: 'l',
  driver: 'sysfs',
  device: 'green',
  duration: 25,
  state: 1,
  mode: 'transient',
  pos: { file: 'f', line: 1, col: 1, len: 0 },
  ...more,
});

test('a transient lamp is set up once and flashes with the data of its port', async (t) => {
  const { root, read } = lamp(t);
  const leds = new Leds({ log: (_l, text) => assert.fail(text) }, root);
  leds.apply([config()]);
  await until(() => read('state').startsWith('1'), 'the set-up');
  assert.match(read('trigger'), /^transient/);
  assert.equal(read('duration'), '25');
  const rig = new PortRig({ options: { ledRx: 'l' }, observers: [leds.observers] });
  await rig.connect();
  assert.equal(read('activate'), '');
  rig.device.feed('x');
  await until(() => read('activate') === '1', 'a flash');
});

test('a solid lamp shines while anybody is connected', async (t) => {
  const { root, read } = lamp(t);
  const leds = new Leds({ log: (_l, text) => assert.fail(text) }, root);
  leds.apply([config({ mode: 'solid' })]);
  await until(() => read('brightness') === '0', 'the set-up');
  const rig = new PortRig({ options: { ledConn: 'l', maxConnections: 2 }, observers: [leds.observers] });
  const a = await rig.connect();
  const b = await rig.connect();
  await until(() => read('brightness') === '255', 'light');
  a.end();
  b.end();
  await until(() => read('brightness').startsWith('0'), 'dark');
});

test('an LED that is not there is one line in the log, and makes no file', async (t) => {
  const { root } = lamp(t);
  const logged: string[] = [];
  const leds = new Leds({ log: (_l, text) => void logged.push(text) }, root);
  leds.apply([config({ device: 'red' })]);
  await until(() => logged.length === 1, 'the line');
  assert.match(logged[0]!, /^led: Unable to open /);
  const rig = new PortRig({ options: { ledTx: 'l' }, observers: [leds.observers] });
  (await rig.connect()).feed('x');
  assert.equal(rig.device.take().toString(), 'x');
  assert.ok(!existsSync(join(root, 'red')));
});

test('an LED that did not work is tried again at a reload', async (t) => {
  const { root, read } = lamp(t, 'none timer');
  const set = (file: string, text: string): void => writeFileSync(join(root, 'green', file), text);
  const logged: string[] = [];
  const leds = new Leds({ log: (_l, text) => void logged.push(text) }, root);
  leds.apply([config()]);
  await until(() => read('state').startsWith('1'), 'the first try');
  assert.match(logged.join('\n'), /missing transient trigger/);
  // The module was loaded meanwhile.
  set('trigger', 'none timer transient');
  set('state', '');
  leds.apply([config()]);
  await until(() => read('state').startsWith('1'), 'the second try');
  assert.match(read('trigger'), /^transient/);
  assert.equal(logged.length, 1);
});

test('an LED taken out of the configuration is put out', async (t) => {
  const { root, read } = lamp(t);
  const leds = new Leds({ log: () => undefined }, root);
  leds.apply([config()]);
  await until(() => read('state').startsWith('1'), 'the set-up');
  leds.apply([]);
  await until(() => read('trigger').startsWith('none') && read('brightness') === '0', 'the release');
});

test('an LED that is set up again is not put out meanwhile', async (t) => {
  const { root, read } = lamp(t);
  const leds = new Leds({ log: (_l, text) => assert.fail(text) }, root);
  leds.apply([config()]);
  await until(() => read('state').startsWith('1'), 'the set-up');
  leds.apply([config({ duration: 40, state: 0 })]);
  await until(() => read('state').startsWith('0'), 'another set-up');
  assert.equal(read('duration'), '40');
  assert.match(read('trigger'), /^transient/);
  // Writing 0 would take the trigger away.
  assert.equal(read('brightness'), '');
});

test('a solid lamp that is set up again while somebody is connected shines again', async (t) => {
  const { root, read } = lamp(t);
  mkdirSync(join(root, 'red'));
  for (const [file, text] of Object.entries({ trigger: 'none', brightness: '', max_brightness: '7' })) {
    writeFileSync(join(root, 'red', file), text);
  }
  const leds = new Leds({ log: (_l, text) => assert.fail(text) }, root);
  leds.apply([config({ mode: 'solid' })]);
  const rig = new PortRig({ options: { ledConn: 'l' }, observers: [leds.observers] });
  await rig.connect();
  await until(() => read('brightness') === '255', 'light');
  leds.apply([config({ mode: 'solid', device: 'red' })]);
  await until(() => readFileSync(join(root, 'red', 'brightness'), 'latin1') === '7', 'light of the other one');
});

test('a pipe in the place of a file of an LED is refused in the log, and waits for nobody', async (t) => {
  const { root } = lamp(t);
  const path = join(root, 'green', 'brightness');
  rmSync(path);
  execFileSync('mkfifo', [path]);
  const logged: string[] = [];
  new Leds({ log: (_l, text) => void logged.push(text) }, root).apply([config({ mode: 'solid' })]);
  await until(() => logged.length > 0, 'a line in the log');
  assert.deepEqual(logged, [`led: Unable to open ${path}: not a regular file`]);
});
