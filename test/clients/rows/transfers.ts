// Files over the line: a program at each end, and what arrived is what was sent.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../row.ts';
import { programOn } from '../sims/program.ts';
import type { Trial } from '../trial.ts';

const MB = 1 << 20;

/** A file in a folder of its own, and the folder where it is to arrive. */
function files(t: Trial, size: number): { sent: string; data: Buffer; into: string; arrived: string } {
  const data = randomBytes(size);
  const sent = t.file('file.bin', data);
  const into = join(t.dir, 'into');
  mkdirSync(into);
  return { sent, data, into, arrived: join(into, 'file.bin') };
}
const same = (arrived: string, data: Buffer): void => assert.ok(readFileSync(arrived).equals(data), 'the file that arrived is another one');

/** The shell's way: the device, or the connection, is standard input and output of the program. */
const onDevice = (device: string, command: string): string[] => ['-c', `stty raw -echo < "$0" && exec ${command} < "$0" > "$0"`, device];

/** Its pty is taken away and made again when the last program leaves. Not at each try. */
const DEVICE_ENDS = { ser2net: 'the device may end (SIGHUP) when one program leaves and the next opens it' };
const LRZSZ = { commands: ['sz', 'rz', 'sx', 'rx', 'socat'], debian: ['lrzsz', 'socat'] };

export const TRANSFERS: readonly Row[] = [
  {
    name: 'zmodem-device',
    program: 'lrzsz (sz, rz)',
    way: 'attached device',
    must: '5 MB to the device and 5 MB back',
    needs: LRZSZ,
    fails: DEVICE_ENDS,
    seconds: 60,
    run: async (t) => {
      const { sent, data, into, arrived } = files(t, 5 * MB);
      const up = t.line();
      programOn(t, up, 'sh', ['-c', 'cd into && exec rz -b -e -y -q']);
      await t.run('sh', onDevice(await t.attached(up), `sz -b -e -q ${sent}`), { seconds: 50 });
      same(arrived, data);
      const down = t.line();
      programOn(t, down, 'sz', ['-b', '-e', '-q', sent]);
      await t.run('sh', onDevice(await t.attached(down), 'rz -b -e -y -q'), { cwd: into, seconds: 50 });
      same(arrived, data);
    },
  },
  {
    name: 'zmodem-tcp',
    program: 'lrzsz (sz, rz)',
    way: 'TCP, with socat',
    must: '5 MB to the device and 5 MB back',
    needs: LRZSZ,
    seconds: 60,
    run: async (t) => {
      const { sent, data, into, arrived } = files(t, 5 * MB);
      const up = t.line();
      programOn(t, up, 'sh', ['-c', 'cd into && exec rz -b -e -y -q']);
      const there = await t.serve(up);
      await t.run('socat', [`EXEC:sz -b -e -q ${sent}`, `TCP:127.0.0.1:${there.port}`], { seconds: 50 });
      same(arrived, data);
      const down = t.line();
      programOn(t, down, 'sz', ['-b', '-e', '-q', sent]);
      const back = await t.serve(down);
      await t.run('socat', ['EXEC:rz -b -e -y -q', `TCP:127.0.0.1:${back.port}`], { cwd: into, seconds: 50 });
      same(arrived, data);
    },
  },
  {
    name: 'xmodem-device',
    program: 'lrzsz (sx, rx)',
    way: 'attached device',
    must: '40 KB to the device and back, XMODEM with CRC',
    needs: LRZSZ,
    fails: DEVICE_ENDS,
    seconds: 60,
    run: async (t) => {
      const { sent, data, into, arrived } = files(t, 40 * 1024);
      const up = t.line();
      programOn(t, up, 'sh', ['-c', 'cd into && exec rx -b -c -q file.bin']);
      await t.run('sh', onDevice(await t.attached(up), `sx -b -k -q ${sent}`), { seconds: 50 });
      same(arrived, data);
      const down = t.line();
      programOn(t, down, 'sx', ['-b', '-k', '-q', sent]);
      await t.run('sh', onDevice(await t.attached(down), 'rx -b -c -q file.bin'), { cwd: into, seconds: 50 });
      same(arrived, data);
    },
  },
  {
    name: 'kermit',
    program: 'C-Kermit',
    way: 'attached device',
    must: '300 KB to a Kermit server at the device and back, at 57600 baud',
    needs: { commands: ['kermit'], debian: ['ckermit'] },
    fails: { ser2net: 'the speed stays here', socat: 'the speed stays here' },
    seconds: 60,
    run: async (t) => {
      const { sent, data, into, arrived } = files(t, 300 * 1024);
      const line = t.line();
      programOn(t, line, 'kermit', ['-Y', '-q', '-C', `set file type binary, cd ${into}, server, exit`], 'terminal');
      const device = await t.attached(line);
      const commands = [
        `set line ${device}`,
        'set speed 57600',
        'set prefixing all',
        'set carrier-watch off',
        'set flow none',
        'set file type binary',
        `send ${sent}`,
        'if fail exit 1',
        `get /as-name:${join(t.dir, 'back.bin')} file.bin`,
        'if fail exit 2',
        'finish',
        'exit 0',
      ];
      await t.run('kermit', ['-Y', '-q', '-C', commands.join(', ')], { seconds: 50 });
      same(arrived, data);
      same(join(t.dir, 'back.bin'), data);
      line.mustHaveHeardAt(57600);
    },
  },
];
