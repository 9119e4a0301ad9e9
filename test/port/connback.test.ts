// Connect back keeps its device open, also after it failed; the calls themselves are in the goldens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GensioError } from '../../src/base/gensio-error.ts';
import { connectionConfig, PortRig, settle } from '../rig/port-rig.ts';

const at = (rig: PortRig): string => rig.port.state.at;

/** A port that would call, whose device fails at its first open. */
async function failedOnce(): Promise<PortRig> {
  const rig = new PortRig({ options: { connback: ['127.0.0.1,5000'], connectorRetryTime: 10 }, device: { open: 'manual' } });
  assert.equal(at(rig), 'opening');
  rig.device.opened(new GensioError('notfound'));
  await settle();
  assert.equal(at(rig), 'unconnected');
  return rig;
}

test('a device that cannot be opened, or is lost, is opened again after connector-retry-time', async () => {
  const rig = await failedOnce();
  rig.clock.advance(9_999);
  assert.equal(at(rig), 'unconnected');
  rig.clock.advance(1);
  assert.equal(at(rig), 'opening');
  rig.device.opened();
  await settle();
  assert.equal(at(rig), 'open');
  rig.device.end(new GensioError('ioerr'));
  await settle();
  assert.equal(at(rig), 'unconnected');
  rig.clock.advance(10_000);
  assert.equal(at(rig), 'opening');
});

test('a port that calls nobody any more after a reload does not open its device by itself', async () => {
  const rig = await failedOnce();
  rig.port.replace(connectionConfig(), true);
  rig.clock.advance(60_000);
  assert.equal(at(rig), 'unconnected');
  assert.equal(rig.clock.timers, 0);
});

test('a port that is taken out of service does not open its device again', async () => {
  const rig = await failedOnce();
  rig.port.setEnabled(false, () => undefined);
  rig.clock.advance(60_000);
  assert.equal(at(rig), 'closed');
  assert.equal(rig.clock.timers, 0);
});
