// A daemon with a control port and one port for several users, whose device is a pty: what commands for a running daemon are tried on.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../rig/free-port.ts';
import { openPty } from '../rig/pty.ts';
import { makeDirectory, start, until } from './command-rig.ts';

const dir = makeDirectory();
let files = 0;

/** Starts it; more: what follows in the configuration. It ends with the test. */
export async function portDaemon(t: TestContext, more = '') {
  const instrument = openPty({ raw: true });
  const [admin, port] = [await freePort(), await freePort()];
  const file = join(dir, `c${files++}.yaml`);
  const text = (more = ''): string =>
    `admin:\n  accepter: tcp,localhost,${admin}\nconnection: &plc\n  accepter: tcp,localhost,${port}\n  connector: serialdev,${instrument.path},9600n81,local\n  options:\n    max-connections: 3\n${more}`;
  writeFileSync(file, text(more));
  const running = start(['-n', '-r', '-u', '-c', file]);
  await until('Ready', () => running.out() === 'Ready\n');
  t.after(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
    await instrument.close();
  });
  const user = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    socket.write('.');
    await instrument.master.takeBytes(1);
    return socket;
  };
  return { instrument, file, text, admin, port, user, running };
}
