import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DevicesFlags, devices } from '../../src/cli/devices.ts';
import type { SubcommandIo } from '../../src/cli/subcommand.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import type { HostPaths } from '../../src/system/host.ts';
import { schemaOf, violations } from '../rig/json-schema.ts';
import { FakeHost } from '../system/fake-host.ts';
import { makeDirectory } from './command-rig.ts';

/** Takes what is written. */
function listener(): { out: string[]; err: string[]; io: SubcommandIo } {
  const out: string[] = [];
  const err: string[] = [];
  return { out, err, io: { out: (text) => out.push(text.toString()), err: (text) => err.push(text) } };
}

async function call(
  host: HostPaths,
  flags: DevicesFlags = {},
  names: readonly string[] = [],
): Promise<[code: number, out: string, err: string]> {
  const { out, err, io } = listener();
  const code = await devices(names, flags, io, host);
  return [code, out.join(''), err.join('')];
}

function desk(): FakeHost {
  const fake = new FakeHost();
  fake.link('sys', 'class/tty/tty0', '../../devices/virtual/tty/tty0');
  fake.uart('ttyS0', 4);
  fake.uart('ttyS1', 0);
  fake.usb('ttyUSB10', { port: '1-3', product: 'CP2102' });
  fake.usb('ttyUSB9', { id: 'usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0', serial: 'A50285BI' });
  return fake;
}

test('each port is listed with its lasting names, what it is, and who holds it', async () => {
  const fake = desk();
  fake.process(77, 'picocom', ['/dev/null', '/dev/ttyUSB9']);
  fake.process(78, 'minicom', []);
  fake.file('locks', 'LCK..ttyS0', '        78\n');
  assert.deepEqual(await call(fake.host), [
    0,
    [
      '/dev/ttyS0',
      `    in use by minicom (process 78), with lock file ${join(fake.host.locks, 'LCK..ttyS0')}`,
      '/dev/ttyUSB9  FTDI FT232R USB UART',
      '    /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
      '    /dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0',
      '    0403:6001, serial number A50285BI, driver ftdi_sio',
      '    in use by picocom (process 77)',
      '/dev/ttyUSB10  FTDI CP2102',
      '    /dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0',
      '    0403:6001, driver ftdi_sio',
      '',
    ].join('\n'),
    '',
  ]);
});

test('ports that nothing was found behind are listed when asked for; the lock file of a dead process holds nothing', async () => {
  const fake = desk();
  fake.file('locks', 'LCK..ttyS0', '        79\n');
  const [, out] = await call(fake.host, { all: true });
  assert.match(out, /^\/dev\/ttyS0\n\/dev\/ttyS1\n {4}does not exist in \/dev\n/);
});

test('ports can be asked for by any of their names', async () => {
  const { host } = desk();
  const id = '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0';
  assert.equal((await call(host, {}, [id]))[1], (await call(host, {}, ['ttyUSB9']))[1]);
  const [code, out, err] = await call(host, {}, ['ttyUSB9', '/dev/ttyUSB0']);
  assert.deepEqual(
    [code, out.split('\n')[0], err],
    [1, '/dev/ttyUSB9  FTDI FT232R USB UART', "'/dev/ttyUSB0' is not a serial port on this machine\n"],
  );
});

test('JSON has every key for every port', async () => {
  const { host } = desk();
  const [, out] = await call(host, { json: true });
  const list = JSON.parse(out) as Record<string, unknown>[];
  assert.deepEqual(violations(list, schemaOf('cli/devices.schema.json')), []);
  assert.deepEqual(list[1], {
    path: '/dev/ttyUSB9',
    byId: '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
    byPath: '/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0',
    driver: 'ftdi_sio',
    bus: 'usb',
    vendorId: '0403',
    productId: '6001',
    manufacturer: 'FTDI',
    product: 'FT232R USB UART',
    serial: 'A50285BI',
    interface: 0,
    port: 0,
    present: true,
    use: '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
    holders: [],
  });
  assert.deepEqual(new Set(list.map((each) => Object.keys(each).join())).size, 1);
  assert.deepEqual(list.map((each) => each.use).slice(2), ['/dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0']);
});

test('the configuration names ports by what stays, leaves out addresses that are taken, and has no problem', async () => {
  const fake = desk();
  fake.file(
    'proc',
    'net/tcp',
    '  sl  local_address rem_address   st\n   0: 0100007F:07D2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1\n',
  );
  const [code, out] = await call(fake.host, { config: true });
  assert.equal(code, 0);
  assert.match(out, /connection: &ttyS0\n {2}accepter: telnet\(rfc2217\),tcp,localhost,2001\n/);
  assert.match(out, /connection: &FT232R-USB-UART-A50285BI\n.*localhost,2003\n {2}connector: serialdev,\/dev\/serial\/by-id\/usb-FTDI/);
  assert.match(out, /connection: &ttyUSB10\n.*2004\n {2}connector: .*by-path/);
  const file = join(makeDirectory(), 'ser2net.yaml');
  writeFileSync(file, out);
  const { out: said, err, io } = listener();
  const checked = await SUBCOMMANDS.check!.run([file], {}, io);
  assert.deepEqual([checked, said, err], [0, ['3 connections: no problems\n'], []]);
  assert.match((await call(fake.host, { config: true, port: '7000' }))[1], /localhost,7000\n/);
});

test('a device in use, such as that of a getty, is commented out in the configuration, with the process that uses it', async () => {
  const fake = desk();
  fake.file('proc', '77/comm', 'agetty');
  fake.link('proc', '77/fd/0', '/dev/ttyS0');
  const [, out] = await call(fake.host, { config: true });
  assert.match(out, /# In use by agetty \(process 77\)\.\n#connection: &ttyS0\n# {2}accepter: /);
  assert.match(out, /\nconnection: &FT232R-USB-UART-A50285BI\n/);
});

test('where nothing is plugged in that is said, and the code is 1; the configuration is an empty one', async () => {
  const { host } = new FakeHost();
  assert.deepEqual(await call(host), [1, '', 'No serial ports found.\n']);
  assert.deepEqual(await call(host, { json: true }), [1, '[]\n', '']);
  assert.match((await call(host, { config: true }))[1], /define: &confver 1\.0\n$/);
});

test('a port number out of range is a mistake', async () => {
  const { host } = new FakeHost();
  for (const port of ['0', '65536', 'x']) assert.deepEqual((await call(host, { config: true, port }))[0], 2);
});

test('what a device calls itself cannot move the cursor', async () => {
  const fake = new FakeHost();
  fake.usb('ttyUSB0', { product: 'evil\x1b[2J', serial: 'a\x07b' });
  assert.ok(!/[\0-\x09\x0b-\x1f]/.test((await call(fake.host))[1]));
  assert.ok(!/[\0-\x09\x0b-\x1f]/.test((await call(fake.host, { config: true }))[1]));
});
