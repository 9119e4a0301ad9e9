// Instruments: meters on a bench, a radio, a chip's debug port.
import assert from 'node:assert/strict';
import { until } from '../../rig/pty.ts';
import type { Row } from '../row.ts';
import { scpiMeter, VOLTS } from '../sims/multimeter.ts';
import { rig } from '../sims/rig.ts';
import { DATA, IDCODE, tap } from '../sims/tap.ts';

const SPEED_STAYS = { ser2net: 'the speed stays here', socat: 'the speed stays here' };
const SIGROK = { commands: ['sigrok-cli'], debian: ['sigrok-cli'] };
const HAMLIB = { commands: ['rigctl'], debian: ['libhamlib-utils'] };
const TS480 = '2028';
/** Sets frequency and mode, and asks for both. */
const TUNE = ['F', '7030000', 'M', 'CW', '500', 'f', 'm'];

export const INSTRUMENTS: readonly Row[] = [
  {
    name: 'sigrok-tcp',
    program: 'sigrok-cli (scpi-dmm)',
    way: 'TCP',
    must: 'a bench multimeter is found, and read three times',
    needs: SIGROK,
    run: async (t) => {
      const line = t.line();
      const commands = scpiMeter(line);
      const { port } = await t.serve(line);
      const said = await t.run('sigrok-cli', ['-d', `scpi-dmm:conn=tcp-raw/127.0.0.1/${port}`, '--samples', '3']);
      assert.equal(said.split(String(VOLTS)).length, 4, said);
      assert.ok(commands.includes('*IDN?'), 'it did not ask who the meter is');
    },
  },
  // sigrok's drivers for serial meters are not here: libserialport opens only what is in /sys/class/tty, which no pty is.
  {
    name: 'rigctl-tcp',
    program: 'rigctl (Hamlib)',
    way: 'TCP',
    must: 'frequency and mode of a TS-480 are set and read',
    needs: HAMLIB,
    run: async (t) => {
      const line = t.line();
      const radio = rig(line);
      const { port } = await t.serve(line);
      assert.match(await t.run('rigctl', ['-m', TS480, '-r', `127.0.0.1:${port}`, ...TUNE]), /7030000\nCW\n500\n/);
      assert.deepEqual([radio.frequency, radio.mode, radio.width], [7_030_000, 3, 500]);
    },
  },
  {
    name: 'rigctl-device',
    program: 'rigctl (Hamlib)',
    way: 'attached device',
    must: 'frequency and mode of a TS-480 are set and read; its 4800 baud at the radio',
    needs: HAMLIB,
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      const radio = rig(line);
      assert.match(await t.run('rigctl', ['-m', TS480, '-s', '4800', '-r', await t.attached(line), ...TUNE]), /7030000\nCW\n500\n/);
      assert.deepEqual([radio.frequency, radio.mode, radio.width], [7_030_000, 3, 500]);
      line.mustHaveHeardAt(4800);
    },
  },
  {
    name: 'openocd',
    program: 'OpenOCD (remote_bitbang)',
    way: 'TCP',
    must: 'a TAP tells its IDCODE; its data register is read and written',
    needs: { commands: ['openocd'], debian: ['openocd'] },
    run: async (t) => {
      const line = t.line();
      const chip = tap(line);
      const { port } = await t.serve(line);
      const before = chip.data.toString(16);
      const commands = [
        'adapter driver remote_bitbang',
        'remote_bitbang host 127.0.0.1',
        `remote_bitbang port ${port}`,
        'transport select jtag',
        `jtag newtap chip cpu -irlen 5 -expected-id 0x${IDCODE.toString(16)}`,
        'gdb_port disabled; tcl_port disabled; telnet_port disabled',
        'init',
        `irscan chip.cpu ${DATA}`,
        'echo "data [drscan chip.cpu 32 0xcafef00d]"',
        'echo "data [drscan chip.cpu 32 0x0badcafe]"',
        'shutdown',
      ];
      const said = await t.run(
        'openocd',
        commands.flatMap((c) => ['-c', c]),
      );
      assert.match(said, new RegExp(`tap/device found: 0x${IDCODE.toString(16)}`));
      assert.match(said, new RegExp(`data ${before}\n[^]*data cafef00d\n`));
      // It leaves with its last bytes still on their way to the chip.
      await until('its last word at the chip', () => chip.left, 5000);
      assert.equal(chip.data, 0x0badcafe);
    },
  },
];
