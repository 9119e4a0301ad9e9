// Console servers that stand between people and a port, and scripts that log in at a board.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { freePort } from '../../rig/free-port.ts';
import { until } from '../../rig/pty.ts';
import type { Running } from '../processes.ts';
import type { Row } from '../row.ts';
import { board, PROMPT } from '../sims/board.ts';
import { session } from './terminals.ts';

const MUST = 'login, 200 lines of output, a command';

/** Logs in through a console server's own client, and leaves with its keys. */
async function through(client: Running, welcome: RegExp, quit: string): Promise<void> {
  await client.expect(welcome);
  await session(client);
  assert.ok(!client.output.includes(`${PROMPT}\r\n${PROMPT}`), 'Enter arrived twice');
  client.write(quit);
  assert.equal(await client.exit(5000), 0);
}

/** A script of expect that logs in, runs the commands of a session, and leaves; given by the line that makes the connection. */
const expectScript = (connect: string): string => `
set timeout 10
proc want {what} { expect $what {} timeout { puts "no $what"; exit 1 } eof { puts "ended before $what"; exit 1 } }
${connect}
want "login: "
send "root\\r"
want "board:~# "
send "spam 200\\r"
want "line 199 of the log"
want "board:~# "
send "uptime\\r"
want "uptime: not found"
want "board:~# "
send "exit\\r"
want "login: "
puts "\\ndone"
`;

export const CONSOLES: readonly Row[] = [
  {
    name: 'conserver',
    program: 'conserver',
    way: 'telnet',
    must: `${MUST} through its console client; what it logged`,
    needs: { commands: ['conserver', 'console'], debian: ['conserver-server', 'conserver-client'] },
    run: async (t) => {
      const line = t.line();
      board(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      const own = await freePort();
      const log = `${t.dir}/board.log`;
      const file = t.file(
        'conserver.cf',
        `config * { }
default full { rw *; }
console board { master localhost; type host; host 127.0.0.1; port ${port}; protocol telnet; logfile ${log}; include full; }
access * { trusted 127.0.0.1; }
`,
      );
      t.start('conserver', ['-C', file, '-p', String(own), '-M', '127.0.0.1', '-E', '-P', t.file('passwd', '')]);
      await until('conserver to listen', () => t.listens(own), 10_000);
      const client = t.terminal('console', ['-M', '127.0.0.1', '-p', String(own), '-E', '-l', 'root', 'board']);
      await through(client, /Enter `\^Ec\?' for help/, '\x05c.');
      assert.ok(readFileSync(log, 'latin1').includes('line 199 of the log\r\n'), 'the log lacks the last line');
    },
  },
  {
    name: 'conman',
    program: 'conman',
    way: 'telnet',
    must: `${MUST} through its client; what it logged`,
    needs: { commands: ['conmand', 'conman'], debian: ['conman'] },
    run: async (t) => {
      const line = t.line();
      board(line);
      const { port } = await t.serve(line, { over: 'telnet(rfc2217)' });
      const own = String(await freePort());
      const log = `${t.dir}/board.log`;
      const file = t.file(
        'conman.conf',
        `server keepalive=on\nserver loopback=on\nserver port=${own}\nconsole name="board" dev="127.0.0.1:${port}" log="${log}"\n`,
      );
      t.start('conmand', ['-F', '-v', '-c', file]);
      await until('conmand to listen', () => t.listens(Number(own)), 10_000);
      await through(t.terminal('conman', ['-d', `127.0.0.1:${own}`, 'board']), /Connection to console \[board\] opened/, '&.');
      assert.ok(readFileSync(log, 'latin1').includes('line 199 of the log\r\n'), 'the log lacks the last line');
    },
  },
  {
    name: 'expect-telnet',
    program: 'expect (`spawn telnet`)',
    way: 'telnet',
    must: `a script logs in and out: ${MUST}`,
    needs: { commands: ['expect', 'inetutils-telnet'], debian: ['expect', 'inetutils-telnet'] },
    run: async (t) => {
      const line = t.line();
      board(line);
      const { port } = await t.serve(line, { over: 'telnet' });
      const connect = `spawn inetutils-telnet 127.0.0.1 ${port}\nwant "Escape character"\nsend "\\r"`;
      assert.match(await t.run('expect', [t.file('login.exp', expectScript(connect))]), /done/);
    },
  },
  {
    name: 'expect-device',
    program: 'expect (`spawn -open`)',
    way: 'attached device',
    must: `a script logs in and out: ${MUST}; its 9600 baud reach the board`,
    needs: { commands: ['expect'], debian: ['expect'] },
    fails: { ser2net: 'the speed stays here', socat: 'the speed stays here' },
    run: async (t) => {
      const line = t.line();
      board(line);
      const device = await t.attached(line);
      const connect = `set port [open ${device} r+]\nfconfigure $port -mode 9600,n,8,1 -translation binary\nspawn -open $port\nsend "\\r"`;
      assert.match(await t.run('expect', [t.file('login.exp', expectScript(connect))]), /done/);
      line.mustHaveHeardAt(9600);
    },
  },
];
