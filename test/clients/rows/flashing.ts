// Programs that write into microcontrollers and flash chips: resets, changes of speed, and what arrived is read back or looked at.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../rig/pty.ts';
import type { Row } from '../row.ts';
import { echo } from '../sims/echo.ts';
import { esp32 } from '../sims/esp32.ts';
import { serprog } from '../sims/serprog.ts';
import { uno } from '../sims/stk500.ts';
import { stm32 } from '../sims/stm32.ts';

const begins = (flash: Buffer, data: Buffer, at = 0): void =>
  assert.ok(flash.subarray(at, at + data.length).equals(data), 'the flash holds something else');
const AVRDUDE = { commands: ['avrdude'], debian: ['avrdude'] };
const avrdude = (device: string, file: string): string[] => [
  '-c',
  'arduino',
  '-p',
  'm328p',
  '-b',
  '115200',
  '-P',
  device,
  '-U',
  `flash:w:${file}:r`,
];

/** Resets a board into its loader as esptool does, and then into its application. */
const RESET = `
import serial, sys, time
p = serial.serial_for_url('rfc2217://127.0.0.1:' + sys.argv[1], 115200, timeout=5)
p.dtr = False; p.rts = True; time.sleep(0.1); p.dtr = True; p.rts = False; time.sleep(0.1); p.dtr = False
assert b'waiting for download' in p.read_until(b'waiting for download')
p.rts = True; time.sleep(0.1); p.rts = False
assert b'Hello from the application' in p.read_until(b'Hello from the application')
print('done', flush=True)
`;
/** Sets everything and reads it back, and 256 values of bytes. */
const SETTINGS = `
import serial, sys
p = serial.serial_for_url('rfc2217://127.0.0.1:' + sys.argv[1], 19200, timeout=5)
for speed in (300, 9600, 115200, 921600):
    p.baudrate = speed
p.write(bytes(range(256)))
assert p.read(256) == bytes(range(256))
print('done', flush=True)
`;
const PYSERIAL = { python: ['serial'], debian: ['python3-serial'] };

export const FLASHING: readonly Row[] = [
  {
    name: 'pyserial',
    program: 'python3-serial',
    way: 'RFC 2217',
    must: 'a device without modem lines: opens, four speeds, all 256 bytes',
    needs: PYSERIAL,
    fails: { ser2net: 'does not open: no answer about modem lines' },
    run: async (t) => {
      const line = t.line();
      echo(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      await t.start(t.python, ['-c', SETTINGS, String(port)]).expect('done', 20_000);
      line.mustHaveHeardAt(921_600);
    },
  },
  {
    name: 'pyserial-esp',
    program: 'python3-serial',
    way: 'RFC 2217',
    must: 'an ESP32 is reset into its loader and into its application',
    needs: { ...PYSERIAL, modem: true },
    run: async (t) => {
      const line = t.line();
      const esp = esp32(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      await t.start(t.python, ['-c', RESET, String(port)]).expect('done', 20_000);
      assert.deepEqual(esp.resets.slice(-2), ['loader', 'application']);
    },
  },
  {
    name: 'esptool-js',
    program: 'esptool-js',
    way: 'Ser2netBinding, RFC 2217',
    must: 'an ESP32 is reset into its loader, 64 KB written at 460800 baud, and reset into its application',
    needs: { npm: ['esptool-js@0.7.0'], modem: true },
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      const esp = esp32(line);
      const data = randomBytes(65_536);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      const said = await t.script('esptool', [String(port), t.file('app.bin', data)], { seconds: 50 });
      assert.match(said, /written/);
      begins(esp.flash, data, 0x10000);
      assert.deepEqual(esp.speeds, [460_800]);
      assert.ok(esp.resets.includes('loader'), 'no reset into the loader');
      await until('the reset into the application', () => esp.resets.at(-1) === 'application', 2000);
    },
  },
  {
    name: 'avrdude-net',
    program: 'avrdude',
    way: 'TCP (`net:`)',
    must: 'an Uno is written with 4 KB and verified',
    needs: AVRDUDE,
    run: async (t) => {
      const line = t.line();
      const board = uno(line, false);
      const data = randomBytes(4096);
      const { port } = await t.serve(line);
      await t.run('avrdude', avrdude(`net:127.0.0.1:${port}`, t.file('flash.bin', data)));
      begins(board.flash, data);
    },
  },
  {
    name: 'avrdude-device',
    program: 'avrdude',
    way: 'attached device, `--dtr open`',
    must: 'DTR resets an Uno at the open; 4 KB are written and verified',
    needs: { ...AVRDUDE, modem: true },
    run: async (t) => {
      const line = t.line();
      const board = uno(line, true);
      const data = randomBytes(4096);
      const device = await t.attached(line, { settings: '115200n81' }, { args: ['--dtr', 'open'] });
      await t.run('avrdude', avrdude(device, t.file('flash.bin', data)));
      begins(board.flash, data);
      assert.ok(board.resets > 0, 'no reset');
    },
  },
  {
    name: 'stk500',
    program: 'stk500, with serialport',
    way: 'attached device',
    must: 'an Uno is written with 4 KB and verified',
    needs: { npm: ['stk500@2.0.3', 'serialport@13.0.0'] },
    run: async (t) => {
      const line = t.line();
      const board = uno(line, false);
      const data = randomBytes(4096);
      await t.script('stk500', [await t.attached(line), t.file('flash.bin', data)]);
      begins(board.flash, data);
    },
  },
  {
    name: 'stm32flash',
    program: 'stm32flash',
    way: 'attached device',
    must: 'an STM32F103 is written with 16 KB, verified and read back; its 57600 baud at the chip',
    needs: { commands: ['stm32flash'], debian: ['stm32flash'] },
    fails: { ser2net: 'the speed stays here', socat: 'the speed stays here' },
    run: async (t) => {
      const line = t.line();
      const chip = stm32(line);
      const data = randomBytes(16_384);
      const device = await t.attached(line);
      const settings = ['-b', '57600', '-m', '8n1'];
      await t.run('stm32flash', [...settings, '-w', t.file('app.bin', data), '-v', device]);
      begins(chip.flash, data);
      const back = join(t.dir, 'back.bin');
      await t.run('stm32flash', [...settings, '-r', back, '-S', `0x08000000:${data.length}`, device]);
      begins(readFileSync(back), data);
      line.mustHaveHeardAt(57_600);
    },
  },
  {
    name: 'flashrom',
    program: 'flashrom (serprog)',
    way: 'TCP',
    must: 'a W25Q80 is read, and written with 1 MB and verified',
    needs: { commands: ['flashrom'], debian: ['flashrom'] },
    seconds: 90,
    run: async (t) => {
      const line = t.line();
      const chip = serprog(line);
      const data = Buffer.concat([randomBytes(65_536), Buffer.alloc((1 << 20) - 65_536, 0xff)]);
      const { port } = await t.serve(line);
      const programmer = ['-p', `serprog:ip=127.0.0.1:${port}`];
      const said = await t.run('flashrom', [...programmer, '-w', t.file('image.bin', data)], { seconds: 80 });
      assert.match(said, /VERIFIED/);
      begins(chip.flash, data);
    },
  },
];
