// Terminals: a person logs in at a board, runs a command, and leaves.
import assert from 'node:assert/strict';
import { until } from '../../rig/pty.ts';
import type { Running } from '../processes.ts';
import type { Row } from '../row.ts';
import { board, LOGIN, PROMPT } from '../sims/board.ts';
import type { Trial } from '../trial.ts';

/** Enter, again and again until there is a login: a terminal may throw away what is typed while it starts. */
async function pressEnter(terminal: Running, enter: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    terminal.write(enter);
    try {
      return void (await terminal.expect(LOGIN, 700));
    } catch (err) {
      if (tries === 12) throw err;
    }
  }
}
/** Logs in and runs two commands. */
export async function session(terminal: Running, enter = '\r'): Promise<void> {
  await pressEnter(terminal, enter);
  terminal.write(`root${enter}`);
  await terminal.expect(PROMPT);
  terminal.write(`spam 200${enter}`);
  await terminal.expect('line 199 of the log');
  await terminal.expect(PROMPT);
  terminal.write(`uptime${enter}`);
  await terminal.expect('sh: uptime: not found');
  await terminal.expect(PROMPT);
}
/** Types what makes it end, one thing after the answer to the one before. */
async function leave(terminal: Running, quit: readonly string[]): Promise<void> {
  for (const keys of quit) {
    const { length } = terminal.output;
    terminal.write(keys);
    await until(`an answer to ${JSON.stringify(keys)}`, () => terminal.output.length > length || terminal.ended !== undefined, 5000);
  }
  if (quit.length > 0) await terminal.exit(5000);
}
const MUST = 'login, 200 lines of output, a command';

/** On a network port with these layers. */
const remote = (
  row: Omit<Row, 'run' | 'must' | 'way'>,
  over: string,
  args: (port: number) => string[],
  quit: readonly string[] = [],
): Row => ({
  ...row,
  way: over === '' ? 'TCP' : over === 'telnet' ? 'telnet' : 'RFC 2217',
  must: `${MUST}; Enter is one Enter`,
  run: async (t) => {
    const line = t.line();
    board(line);
    const { port } = await t.serve(line, { over });
    const terminal = t.terminal(row.needs.commands![0]!, args(port));
    await session(terminal);
    assert.ok(!terminal.output.includes(`${PROMPT}\r\n${PROMPT}`), 'Enter arrived twice');
    await leave(terminal, quit);
  },
});

/** On a device that is attached: what the terminal sets must reach the board. */
const local = (
  program: string,
  debian: string,
  args: (device: string, t: Trial) => string[],
  quit: readonly string[],
  name = program,
): Row => ({
  name,
  program,
  way: 'attached device',
  must: `${MUST}; its 9600 baud reach the board`,
  needs: { commands: [program], debian: [debian] },
  fails: { ser2net: 'the speed stays here', socat: 'the speed stays here' },
  run: async (t) => {
    const line = t.line();
    board(line);
    const device = await t.attached(line, {}, { forAll: true });
    const terminal = t.terminal(program, args(device, t), { env: { HOME: t.dir } });
    await session(terminal);
    line.mustHaveHeardAt(9600);
    await leave(terminal, quit);
  },
});

export const TERMINALS: readonly Row[] = [
  remote(
    { name: 'telnet-inetutils', program: 'telnet (inetutils)', needs: { commands: ['inetutils-telnet'], debian: ['inetutils-telnet'] } },
    'telnet(rfc2217)',
    (port) => ['127.0.0.1', String(port)],
    ['\x1d', 'quit\r'],
  ),
  remote(
    { name: 'telnet-netkit', program: 'telnet (netkit)', needs: { commands: ['telnet-ssl'], debian: ['telnet-ssl'] } },
    'telnet(rfc2217)',
    (port) => ['127.0.0.1', String(port)],
    ['\x1d', 'quit\r'],
  ),
  remote({ name: 'plink-telnet', program: 'plink', needs: { commands: ['plink'], debian: ['putty-tools'] } }, 'telnet', (port) => [
    '-telnet',
    '-P',
    String(port),
    '127.0.0.1',
  ]),
  remote({ name: 'plink-raw', program: 'plink', needs: { commands: ['plink'], debian: ['putty-tools'] } }, '', (port) => [
    '-raw',
    '-P',
    String(port),
    '127.0.0.1',
  ]),
  local('plink', 'putty-tools', (device) => ['-serial', device, '-sercfg', '9600,8,n,1,N'], [], 'plink-serial'),
  local('picocom', 'picocom', (device) => ['-q', '-b', '9600', device], ['\x01\x18']),
  local('tio', 'tio', (device) => ['-b', '9600', device], ['\x14q']),
  local('minicom', 'minicom', (device) => ['-o', '-b', '9600', '-D', device], ['\x01q', '\r']),
  local('screen', 'screen', (device) => ['-S', 'row', device, '9600'], ['\x01k', 'y']),
  local('cu', 'cu', (device) => ['-l', device, '-s', '9600', '--nostop'], ['\r~.\r']),
  local('microcom', 'microcom', (device) => ['-f', '-p', device, '-s', '9600'], ['\x1c', 'quit\r'], 'microcom-device'),
  remote(
    { name: 'microcom-telnet', program: 'microcom', needs: { commands: ['microcom'], debian: ['microcom'] } },
    'telnet(rfc2217)',
    (port) => ['-f', '-t', `127.0.0.1:${port}`, '-s', '9600'],
    ['\x1c', 'quit\r'],
  ),
];
