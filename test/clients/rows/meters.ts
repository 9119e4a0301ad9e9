// Meters, buses and receivers.
import assert from 'node:assert/strict';
import { freePort } from '../../rig/free-port.ts';
import { connectWhenThere } from '../ask.ts';
import type { Row } from '../row.ts';
import { gps, LATITUDE, LONGITUDE } from '../sims/gps.ts';
import { iecMeter, p1Meter } from '../sims/meters.ts';
import { type ModbusSlave, modbusSlave } from '../sims/modbus.ts';

const SPEED_STAYS = { ser2net: 'the speed stays here', socat: 'the speed stays here' };
const noGaps = ({ seen }: ModbusSlave, atLeast: number): void => {
  assert.ok(seen.good >= atLeast, `${seen.good} good frames`);
  assert.deepEqual({ bad: seen.bad, gaps: seen.gaps }, { bad: 0, gaps: 0 }, 'frames');
};
const FRAMES = 'no gap of 1.5 characters inside a frame';

/** python3-pymodbus: a client, given by how it is made from the argument. */
const pymodbus = (make: string): string => `
import sys
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer.rtu_framer import ModbusRtuFramer
client = ${make}
assert client.connect()
for i in range(20):
    assert not client.write_registers(100, [i, 2 * i, 3 * i], slave=1).isError()
    answer = client.read_holding_registers(100, 3, slave=1)
    assert answer.registers == [i, 2 * i, 3 * i], answer
print('done', flush=True)
`;
const PYMODBUS = { python: ['pymodbus', 'serial_asyncio'], debian: ['python3-pymodbus', 'python3-serial-asyncio'] };

export const METERS: readonly Row[] = [
  {
    name: 'modbus-serial-tcp',
    program: 'modbus-serial',
    way: 'TCP',
    must: `101 requests; ${FRAMES}`,
    needs: { npm: ['modbus-serial@8.0.25'] },
    run: async (t) => {
      const line = t.line();
      const slave = modbusSlave(line);
      const { port } = await t.serve(line, { settings: '9600n81' });
      await t.script('modbus-serial', [String(port)]);
      noGaps(slave, 101);
    },
  },
  {
    name: 'modbus-serial-device',
    program: 'modbus-serial',
    way: 'attached device',
    must: `101 requests at its 9600 baud; ${FRAMES}`,
    needs: { npm: ['modbus-serial@8.0.25'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      const slave = modbusSlave(line);
      await t.script('modbus-serial', [await t.attached(line)]);
      noGaps(slave, 101);
      line.mustHaveHeardAt(9600);
    },
  },
  {
    name: 'pymodbus-tcp',
    program: 'pymodbus',
    way: 'TCP',
    must: `40 requests; ${FRAMES}`,
    needs: PYMODBUS,
    run: async (t) => {
      const line = t.line();
      const slave = modbusSlave(line);
      const { port } = await t.serve(line, { settings: '9600n81' });
      const script = pymodbus("ModbusTcpClient('127.0.0.1', port=int(sys.argv[1]), framer=ModbusRtuFramer, timeout=3)");
      await t.run(t.python, ['-c', script, String(port)]);
      noGaps(slave, 40);
    },
  },
  {
    name: 'pymodbus-rfc2217',
    program: 'pymodbus',
    way: 'RFC 2217',
    must: `40 requests at its 9600 baud; ${FRAMES}`,
    needs: PYMODBUS,
    fails: { ser2net: 'python3-serial gets no answer about modem lines on a device without them' },
    run: async (t) => {
      const line = t.line();
      const slave = modbusSlave(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      const script = pymodbus("ModbusSerialClient('rfc2217://127.0.0.1:' + sys.argv[1], framer=ModbusRtuFramer, baudrate=9600, timeout=3)");
      await t.start(t.python, ['-c', script, String(port)]).expect('done', 25_000);
      noGaps(slave, 40);
      line.mustHaveHeardAt(9600);
    },
  },
  {
    name: 'mbpoll',
    program: 'mbpoll',
    way: 'attached device',
    must: `10 registers read, 2 written; ${FRAMES}`,
    needs: { commands: ['mbpoll'], debian: ['mbpoll'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      const slave = modbusSlave(line);
      const device = await t.attached(line);
      const common = ['-m', 'rtu', '-a', '1', '-b', '9600', '-P', 'none', '-o', '2'];
      const said = await t.run('mbpoll', [...common, '-1', '-r', '1', '-c', '10', device]);
      assert.match(said, /\[10\]:\s+1009/);
      await t.run('mbpoll', [...common, '-r', '21', device, '4711', '4712']);
      assert.deepEqual([...slave.registers.slice(20, 22)], [4711, 4712]);
      noGaps(slave, 2);
      line.mustHaveHeardAt(9600);
    },
  },
  {
    name: 'smartmeter-p1',
    program: 'smartmeter-obis',
    way: 'TCP',
    must: 'a telegram of a P1 port is read',
    needs: { npm: ['smartmeter-obis@4.0.0'] },
    run: async (t) => {
      const line = t.line();
      p1Meter(line);
      const { port } = await t.serve(line);
      const options = { transport: 'TCPTransport', transportTcpHost: '127.0.0.1', transportTcpPort: port };
      const said = await t.script('smartmeter-obis', [JSON.stringify(options)]);
      assert.match(said, /1-0:1\.8\.1\S* = 306\.946/);
    },
  },
  {
    name: 'smartmeter-iec',
    program: 'smartmeter-obis',
    way: 'attached device',
    must: 'a meter of IEC 62056-21 is read: asked at 300 baud, data at 9600',
    needs: { npm: ['smartmeter-obis@4.0.0'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      const asked = iecMeter(line);
      const options = {
        transport: 'SerialRequestResponseTransport',
        transportSerialPort: await t.attached(line),
        transportSerialDataBits: 8,
        transportSerialParity: 'none',
        transportSerialMessageTimeout: 10_000,
      };
      const said = await t.script('smartmeter-obis', [JSON.stringify(options)]);
      assert.match(said, /1\.8\.0\S* = 1234\.567/);
      assert.equal(asked[0]?.speed, 300, 'speed of the request');
    },
  },
  {
    name: 'gpsd',
    program: 'gpsd',
    way: 'TCP',
    must: 'it reports the position',
    needs: { commands: ['gpsd'], debian: ['gpsd'] },
    run: async (t) => {
      const line = t.line();
      gps(line);
      const { port } = await t.serve(line, { settings: '9600n81' });
      const control = String(await freePort());
      t.start('gpsd', ['-N', '-n', '-G', '-S', control, `tcp://127.0.0.1:${port}`]);
      const reader = connectWhenThere(Number(control));
      try {
        const fix = await reader.until(/"class":"TPV"[^\n]*"lat":(-?[\d.]+),"lon":(-?[\d.]+)/, '?WATCH={"enable":true,"json":true}\n');
        assert.equal(Number(fix[1]).toFixed(4), LATITUDE.toFixed(4));
        assert.equal(Number(fix[2]).toFixed(4), LONGITUDE.toFixed(4));
      } finally {
        reader.close();
      }
    },
  },
  {
    name: 'nmea-simple',
    program: 'nmea-simple, with serialport and its ReadlineParser',
    way: 'attached device',
    must: 'the position; its 9600 baud at the receiver',
    needs: { npm: ['nmea-simple@3.3.0', 'serialport@13.0.0'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      gps(line);
      const said = await t.script('gps-reader', [await t.attached(line)]);
      assert.ok(said.includes(`fix ${LATITUDE.toFixed(4)} ${LONGITUDE.toFixed(4)}`), said);
      assert.ok(line.sentAt.has(9600), `the receiver sent at ${[...line.sentAt].join()}, not 9600`);
    },
  },
];
