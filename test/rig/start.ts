// npm start: the daemon in the foreground on examples/demo.yaml, with simulated instruments; with arguments, the daemon with those.
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { readConfigFile } from '../../src/config.ts';
import { startInstrument } from './instrument.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const MAIN = join(import.meta.dirname, '../../src/main.js');
const args = process.argv.slice(2);
const demo = args.length === 0;
const foreground = demo || !args.some((a) => a === '-n' || a === '-d' || a === '-v' || a.startsWith('--') || !a.startsWith('-'));

const instruments = demo ? ['one', 'two'].map((name) => startInstrument(join(ROOT, 'build/demo', name))) : [];
const daemon = spawn(process.execPath, [MAIN, ...(foreground ? ['-d', '-l'] : []), ...(demo ? ['-c', 'examples/demo.yaml'] : args)], {
  cwd: demo ? ROOT : process.cwd(),
  stdio: 'inherit',
});
// Before anything is said: whoever reads it may end this at once.
const stop = (signal: NodeJS.Signals): void => void daemon.kill(signal);
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
process.on('SIGHUP', stop);
if (demo) {
  process.stdout.write(`
ser2net is running on examples/demo.yaml, with two simulated instruments. In another terminal, try

  printf 'hello\\r\\n' | nc localhost 4001          raw TCP: the instrument answers (Control-C ends nc)
  telnet localhost 4002                           telnet with RFC 2217: type help, or line?
  telnet localhost 4000                           the admin port: type help

  python3 -c "import serial; p = serial.serial_for_url('rfc2217://localhost:4002', 19200, timeout=2); \\
    p.write(b'line?\\n'); print(p.readlines()[-1])"

Control-C ends it.

`);
}
const file = args[args.indexOf('-c') + 1];
if (args.includes('-c') && file !== undefined) {
  const { connections, rotators, admin } = readConfigFile(file).config;
  const ports = connections
    .filter(({ enable }) => enable)
    .map(({ name, accepter, connector }) => `${name}: ${accepter.text} -> ${connector.text}`);
  const others = [
    ...rotators.map(({ name, accepter }) => `rotator ${name}: ${accepter.text}`),
    ...(admin === undefined ? [] : [`control port: ${admin.accepter.text}`]),
  ];
  process.stdout.write(
    `ser2net is starting with ${file}; Control-C ends it.\n${[...ports, ...others].map((line) => `  ${line}\n`).join('')}`,
  );
}
daemon.on('exit', (code, signal) => {
  void Promise.all(instruments.map((i) => i.close())).then(() => process.exit(signal === null ? (code ?? 1) : 1));
});
