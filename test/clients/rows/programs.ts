// Programs with a serial port in them: serialport's own parts, flows, printers, virtual machines.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { until } from '../../rig/pty.ts';
import type { Line } from '../line.ts';
import type { Running } from '../processes.ts';
import type { Row } from '../row.ts';
import { board } from '../sims/board.ts';
import { echo } from '../sims/echo.ts';
import { bootDisk, GREETING } from '../sims/guest.ts';
import { printer } from '../sims/printer.ts';
import type { Trial } from '../trial.ts';
import { session } from './terminals.ts';

const SPEED_STAYS = { ser2net: 'the speed stays here', socat: 'the speed stays here' };

/** Keeps what arrives at the device. */
function hearing(line: Line): { readonly text: string } {
  const heard = { text: '' };
  line.onData = (data) => {
    heard.text += data.toString('latin1');
  };
  return heard;
}

/** A guest whose first serial port is what these arguments say. */
const guest = (t: Trial, ...serial: string[]): Running => {
  const disk = `if=floppy,format=raw,file=${t.file('boot.img', bootDisk())}`;
  const machine = ['-machine', 'pc,accel=tcg', '-m', '16', '-nodefaults', '-display', 'none', '-monitor', 'none'];
  return t.start('qemu-system-x86_64', [...machine, '-drive', disk, '-boot', 'a', ...serial]);
};
const QEMU = { commands: ['qemu-system-x86_64'], debian: ['qemu-system-x86'] };
/** The guest is heard at the device, and gives back what the device sends. */
async function talk(line: Line, start: () => Running, bytes: Buffer): Promise<void> {
  const heard = hearing(line);
  const program = start();
  const wait = (text: string, what: string): Promise<void> =>
    until(what, () => heard.text.endsWith(text) || program.ended !== undefined, 25_000);
  await wait(GREETING, 'the greeting of the guest');
  line.send(bytes);
  await wait(bytes.toString('latin1'), 'the echo of the guest');
  assert.equal(program.ended, undefined, 'qemu ended');
  assert.equal(heard.text, GREETING + bytes.toString('latin1'));
}
const ALL = Buffer.from([...Array(256).keys()]);
const GUEST = 'the greeting of a boot sector, which gives back';

export const PROGRAMS: readonly Row[] = [
  {
    name: 'serialport-terminal',
    program: '@serialport/terminal',
    way: 'attached device',
    must: 'login, 200 lines of output, a command; its 9600 baud reach the board',
    needs: { npm: ['@serialport/terminal@13.0.0'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      board(line);
      const device = await t.attached(line);
      // It looks for its own version relative to the working directory.
      const cwd = join(t.npm, 'node_modules/@serialport/terminal/dist');
      const terminal = t.terminal(process.execPath, ['index.js', '-p', device, '-b', '9600', '--no-echo'], { cwd });
      await session(terminal);
      line.mustHaveHeardAt(9600);
      terminal.write('\x03');
      await terminal.exit(5000);
    },
  },
  {
    name: 'serialport-parsers-device',
    program: 'serialport, nine parsers',
    way: 'attached device',
    must: 'each gives what it is for, also by pauses; its 57600 baud at the device',
    needs: { npm: ['serialport@13.0.0'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      echo(line);
      await t.script('parsers', [await t.attached(line)], { seconds: 25 });
      line.mustHaveHeardAt(57_600);
    },
  },
  {
    name: 'serialport-parsers-binding',
    program: 'serialport, nine parsers',
    way: 'Ser2netBinding, RFC 2217',
    must: 'each gives what it is for, also by pauses; its 57600 baud at the device',
    needs: { npm: ['serialport@13.0.0'] },
    run: async (t) => {
      const line = t.line();
      echo(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      await t.script('parsers', [`rfc2217://127.0.0.1:${port}`], { seconds: 25 });
      line.mustHaveHeardAt(57_600);
    },
  },
  {
    name: 'node-red',
    program: 'Node-RED, node-red-node-serialport',
    way: 'attached device',
    must: 'a flow answers 20 lines of the device in order; its 9600 baud at the device',
    needs: { npm: ['node-red@4.1.15', 'node-red-node-serialport@2.0.3'] },
    fails: SPEED_STAYS,
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      const heard = hearing(line);
      const serialport = await t.attached(line);
      const port = { serialport, serialbaud: '9600', databits: '8', parity: 'none', stopbits: '1' };
      const flow = [
        { id: 'tab', type: 'tab', label: 'meter' },
        { id: 'port', type: 'serial-port', ...port, newline: '\\n', bin: 'false', out: 'char', addchar: '\\n' },
        { id: 'in', type: 'serial in', z: 'tab', serial: 'port', wires: [['answer']] },
        { id: 'answer', type: 'function', z: 'tab', func: 'return { payload: "heard " + msg.payload.trim() };', wires: [['out']] },
        { id: 'out', type: 'serial out', z: 'tab', serial: 'port', wires: [] },
      ];
      t.file('flows.json', JSON.stringify(flow));
      const settings = t.file(
        'settings.js',
        "module.exports = { uiHost: '127.0.0.1', uiPort: 0, httpAdminRoot: false, httpNodeRoot: false, flowFile: 'flows.json' };\n",
      );
      const red = t.start(process.execPath, [join(t.npm, 'node_modules/node-red/red.js'), '-s', settings, '-u', t.dir]);
      await red.expect(/serial port \S+ opened at 9600/, 45_000);
      // What comes while it still flushes is lost, as with any port: a meter tells its reading again and again.
      let told = 0;
      line.every(50, () => line.send(`reading ${told++}\n`));
      await until('20 answers of the flow', () => heard.text.split('\n').length > 20, 10_000);
      const first = Number(/^heard reading (\d+)\n/.exec(heard.text)?.[1]);
      const wanted = Array.from({ length: 20 }, (_, i) => `heard reading ${first + i}\n`).join('');
      assert.equal(heard.text.slice(0, wanted.length), wanted);
      line.mustHaveHeardAt(9600);
    },
  },
  {
    name: 'printrun',
    program: 'Printrun (printcore)',
    way: 'attached device',
    must: 'a printer gets 100 lines in order, one of them a second time; its 250000 baud at the printer',
    needs: { commands: ['printcore'], debian: ['printcore'] },
    fails: SPEED_STAYS,
    run: async (t) => {
      const line = t.line();
      const marlin = printer(line, 40);
      const lines = Array.from({ length: 100 }, (_, i) => `G1 X${i} Y${i / 2} E0.1`);
      await t.run('printcore', ['-b', '250000', await t.attached(line), t.file('part.gcode', `${lines.join('\n')}\n`)], { seconds: 25 });
      assert.deepEqual(
        marlin.done.filter((command) => command.startsWith('G')),
        lines,
      );
      assert.deepEqual(marlin.again, [40]);
      line.mustHaveHeardAt(250_000);
    },
  },
  {
    name: 'qemu-tcp',
    program: 'qemu (`-serial tcp:`)',
    way: 'TCP',
    must: `${GUEST} all 256 bytes`,
    needs: QEMU,
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      const { port } = await t.serve(line);
      await talk(line, () => guest(t, '-serial', `tcp:127.0.0.1:${port}`), ALL);
    },
  },
  {
    name: 'qemu-telnet',
    program: 'qemu (`-serial telnet:`)',
    way: 'telnet',
    must: `${GUEST} 2 KB of text`,
    needs: QEMU,
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      await talk(line, () => guest(t, '-serial', `telnet:127.0.0.1:${port}`), Buffer.from('a line of text\n'.repeat(140)));
    },
  },
  {
    name: 'qemu-device',
    program: 'qemu (`-chardev serial`)',
    way: 'attached device',
    must: `${GUEST} all 256 bytes; the 9600 baud of its UART at the device`,
    needs: QEMU,
    fails: SPEED_STAYS,
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      const device = await t.attached(line);
      await talk(line, () => guest(t, '-chardev', `serial,id=line,path=${device}`, '-serial', 'chardev:line'), ALL);
      line.mustHaveHeardAt(9600);
    },
  },
];
