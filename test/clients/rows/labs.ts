// Test labs: what runs jobs on boards at serial consoles.
import assert from 'node:assert/strict';
import { delimiter } from 'node:path';
import { until } from '../../rig/pty.ts';
import type { Line } from '../line.ts';
import { NotOffered, type Row } from '../row.ts';
import { OURS } from '../servers.ts';
import { board } from '../sims/board.ts';
import { programOn } from '../sims/program.ts';
import type { Trial } from '../trial.ts';

/** A job as LAVA's dispatcher runs it: telnet in pexpect, each character by itself, lines that end in LF, prompts as patterns. */
const LAVA = `
import pexpect, sys, time
c = pexpect.spawn('telnet localhost ' + sys.argv[1], timeout=10, encoding='utf-8', codec_errors='replace', maxread=2000, logfile=sys.stdout)
def sendline(text, delay=0):
    for char in text + '\\n':
        c.send(char)
        time.sleep(delay / 1000)
c.expect("Escape character is '\\\\^\\\\]'\\\\.")
sendline('')
c.expect('login:')
sendline('root')
c.expect(['root@board:~#', '/ #'])
for i in range(3):
    sendline('lava-test-case step-%d --result pass' % i, delay=2)
    c.expect('lava-test-case step-%d --result pass: not found' % i)
    c.expect('root@board:~#')
sendline('spam 200')
c.expect('line 199 of the log')
c.expect('root@board:~#')
c.sendcontrol(']')
c.expect('telnet>')
c.sendline('quit')
c.expect(pexpect.EOF)
print('done', flush=True)
`;

/** labgrid's exporter for one device: starts the server that is called ser2net, says its port, and ends it when told. */
const EXPORTER = `
import sys
from labgrid.remote.exporter import exports
params = {'port': sys.argv[1], 'speed': 57600}
export = exports['RawSerialPort']({'cls': 'RawSerialPort', 'params': params, 'avail': True}, host='127.0.0.1')
export.start()
print('port', export.port, flush=True)
sys.stdin.readline()
export.stop()
print('stopped', flush=True)
`;
/** SerialDriver and ShellDriver of labgrid on such a port. */
const SHELL = `
import sys
from labgrid import Target
from labgrid.driver import SerialDriver, ShellDriver
from labgrid.resource import NetworkSerialPort
target = Target('board')
NetworkSerialPort(target, name=None, host='127.0.0.1', port=int(sys.argv[1]), speed=57600)
SerialDriver(target, name=None)
shell = ShellDriver(target, name=None, prompt='board:~# ', login_prompt='login: ', username='root')
target.activate(shell)
assert shell.run_check('seq 200') == [str(n) for n in range(1, 201)]
assert shell.run('exit 3') == ([], [], 3)
target.deactivate(shell)
print('done', flush=True)
`;
/** A board with a real shell, which labgrid needs for its markers. */
const shellOn = (t: Trial, line: Line): void => void programOn(t, line, 'sh', ['-i'], 'terminal', { PS1: 'board:~# ', ENV: '' });
/** It is neither in Debian nor in npm: the rows run where Python finds it (PYTHONPATH). */
const LABGRID = { python: ['labgrid'] };

export const LABS: readonly Row[] = [
  {
    name: 'lava',
    program: "python3-pexpect, as LAVA's dispatcher uses it",
    way: 'telnet',
    must: 'login, three steps of a job typed with delays, 200 lines of output',
    needs: { commands: ['telnet'], python: ['pexpect'], debian: ['python3-pexpect', 'inetutils-telnet'] },
    run: async (t) => {
      const line = t.line();
      board(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      assert.match(await t.run(t.python, ['-c', LAVA, String(port)]), /done/);
    },
  },
  {
    name: 'labgrid-driver',
    program: 'labgrid SerialDriver, ShellDriver',
    way: 'RFC 2217',
    must: 'commands with their output and exit codes; its 57600 baud at the board',
    needs: LABGRID,
    run: async (t) => {
      const line = t.line();
      shellOn(t, line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      assert.match(await t.run(t.python, ['-c', SHELL, String(port)], { seconds: 25 }), /done/);
      line.mustHaveHeardAt(57_600);
    },
  },
  {
    name: 'labgrid-exporter',
    program: 'labgrid exporter',
    way: 'its own command line of ser2net',
    must: 'its clients reach the board; ends when it is told',
    needs: LABGRID,
    run: async (t) => {
      if (t.column === 'socat') throw new NotOffered('it starts ser2net');
      const line = t.line();
      shellOn(t, line);
      if (t.column === 'this') t.file('ser2net', `#!/bin/sh\nexec ${OURS.join(' ')} "$@"\n`, 0o755);
      const env = { PATH: [t.dir, process.env.PATH ?? ''].join(delimiter) };
      const exporter = t.start(t.python, ['-c', EXPORTER, line.path], { env });
      const port = /port (\d+)/.exec(await exporter.expect(/port \d+\n/, 20_000))![1]!;
      await until('its server to listen', () => t.listens(Number(port)), 10_000);
      assert.match(await t.run(t.python, ['-c', SHELL, port], { seconds: 20 }), /done/);
      exporter.write('\n');
      await exporter.expect('stopped', 10_000);
      assert.ok(!t.listens(Number(port)), 'the server is still there');
    },
  },
];
