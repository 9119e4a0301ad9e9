// modbus-serial: reads and writes registers, 50 times; over TCP with a port as argument, else on a device.
import assert from 'node:assert/strict';
import { need, program } from './npm.ts';

const ModbusRTU = need('modbus-serial');
const where = process.argv[2]!;

program(async () => {
  const client = new ModbusRTU();
  if (/^\d+$/.test(where)) await client.connectTelnet('127.0.0.1', { port: Number(where) });
  else await client.connectRTUBuffered(where, { baudRate: 9600 });
  client.setID(1);
  client.setTimeout(2000);
  for (let i = 0; i < 50; i++) {
    await client.writeRegisters(100, [i, 2 * i, 3 * i]);
    assert.deepEqual((await client.readHoldingRegisters(100, 3)).data, [i, 2 * i, 3 * i]);
  }
  assert.equal((await client.readHoldingRegisters(0, 100)).data[99], 1099);
});
