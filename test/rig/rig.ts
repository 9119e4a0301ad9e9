// npm run rig: a pty pair, the daemon on one end and a free port, for trying things by hand. What is typed here is what the device
// sends; what clients send is shown. With arguments: layers above TCP, `npm run rig -- 'telnet(rfc2217),'`.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { openPty } from './pty.ts';

const MAIN = join(import.meta.dirname, '../../src/main.js');

const above = process.argv[2] ?? 'telnet(rfc2217),';
const [port, admin] = [await freePort(), await freePort()];
const pty = openPty({ raw: true });
const dir = mkdtempSync(join(tmpdir(), 'rig-'));
const file = join(dir, 'ser2net.yaml');
writeFileSync(
  file,
  `admin:
  accepter: tcp,localhost,${admin}

connection: &rig
  accepter: ${above}tcp,localhost,${port}
  connector: serialdev,${pty.path},115200n81,local
  options:
    max-connections: 4
`,
);
const daemon = spawn(process.execPath, [MAIN, '-d', '-l', '-u', '-c', file], { stdio: ['ignore', 'inherit', 'inherit'] });
process.stdout.write(`
daemon   ${daemon.pid}, reads ${file} (change it, then: kill -HUP ${daemon.pid})
port     localhost,${port} (${above}tcp)
admin    localhost,${admin}
device   ${pty.path}, its far end is here: type, and it sends; what clients send is shown
         TRACE=telnet,port npm run rig   also shows what happens inside

Control-C ends it.

`);

process.stdin.on('data', (data) => void pty.master.write(data));
const show = setInterval(() => {
  if (pty.master.received > 0) process.stdout.write(pty.master.take());
}, 20);
const stop = (): void => void daemon.kill('SIGTERM');
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
daemon.on('exit', (code) => {
  clearInterval(show);
  rmSync(dir, { recursive: true, force: true });
  void pty.close().then(() => process.exit(code ?? 1));
});
