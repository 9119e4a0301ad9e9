// Sticks for Zigbee and Z-Wave: the libraries behind the usual programs for homes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Line } from '../line.ts';
import type { Row } from '../row.ts';
import { programOn } from '../sims/program.ts';
import type { Trial } from '../trial.ts';

/** A stick that is a program of sims/. */
const stick = (t: Trial, line: Line, name: string): void =>
  void programOn(t, line, process.execPath, [join(import.meta.dirname, '..', 'sims', `${name}.js`)], 'pipes', { CLIENTS_NPM: t.npm });

const ZWAVE = { npm: ['zwave-js@15.29.0', '@zwave-js/testing@15.29.0', '@zwave-js/serial@15.29.0'] };
const HERDSMAN = { npm: ['zigbee-herdsman@10.9.5'] };

const zwave = (name: string, way: string, where: (t: Trial, line: Line) => Promise<string>): Row => ({
  name,
  program: 'zwave-js',
  way,
  must: 'two nodes are interviewed',
  needs: ZWAVE,
  seconds: 90,
  run: async (t) => {
    const line = t.line();
    stick(t, line, 'zwave');
    assert.match(await t.script('zwave-js', [await where(t, line), t.dir], { seconds: 80 }), /both nodes are ready/);
  },
});

export const RADIO: readonly Row[] = [
  zwave('zwave-js-tcp', 'TCP', async (t, line) => `tcp://127.0.0.1:${(await t.serve(line)).port}`),
  zwave('zwave-js-device', 'attached device', (t, line) => t.attached(line)),
  {
    name: 'zigbee-herdsman-tcp',
    program: 'zigbee-herdsman',
    way: 'TCP',
    must: 'it starts, permits joining, notices a restart of the server, and does so again',
    needs: HERDSMAN,
    seconds: 90,
    run: async (t) => {
      const line = t.line();
      stick(t, line, 'znp');
      const served = await t.serve(line);
      const herdsman = t.startScript('zigbee-herdsman', [`tcp://127.0.0.1:${served.port}`, t.dir]);
      await herdsman.expect(/started \S/, 40_000);
      await served.restart();
      herdsman.write('again\n');
      await herdsman.expect(/started \S/, 40_000);
      herdsman.write('stop\n');
      assert.equal(await herdsman.exit(), 0);
    },
  },
  {
    name: 'zigbee-herdsman-device',
    program: 'zigbee-herdsman',
    way: 'attached device',
    must: 'it starts, permits joining, stays through a restart of the server, and does so again',
    needs: HERDSMAN,
    fails: { ser2net: 'the device goes away with the server', socat: 'the device goes away with the server' },
    seconds: 90,
    run: async (t) => {
      const line = t.line();
      stick(t, line, 'znp');
      const served = await t.serve(line, { over: t.column === 'socat' ? '' : 'telnet(rfc2217)' });
      const herdsman = t.startScript('zigbee-herdsman', [await t.attach(served), t.dir]);
      await herdsman.expect(/started \S/, 40_000);
      await served.restart();
      herdsman.write('again\n');
      await herdsman.expect(/started \S/, 40_000);
      herdsman.write('stop\n');
      assert.equal(await herdsman.exit(), 0);
    },
  },
];
