// A server of the library on a pty, for tests of the things that connect to it.
import { createServer, readConfig, type Ser2netServer, type ServerOptions } from '../../src/index.ts';
import { openPty, type Pty } from '../rig/pty.ts';

export interface Served {
  readonly pty: Pty;
  readonly server: Ser2netServer;
  /** The number the first port listens on. */
  readonly port: number;
  close(): Promise<void>;
}

/** One port named `p` in front of a pty; above are the layers over tcp, with their comma. */
export async function serve(above = '', options: readonly string[] = [], settings: ServerOptions = {}): Promise<Served> {
  const pty = openPty({ raw: true });
  const more = options.length === 0 ? '' : `  options:\n${options.map((line) => `    ${line}\n`).join('')}`;
  const text = `connection: &p\n  accepter: ${above}tcp,127.0.0.1,0\n  connector: serialdev,${pty.path},9600n81,local\n${more}`;
  const server = createServer(readConfig(text).config, { lockDir: false, ...settings });
  await server.start();
  const port = server.port('p')?.listening;
  if (port === undefined) throw new Error(`the port does not listen: ${server.port('p')?.failure}`);
  const close = async (): Promise<void> => {
    await server.stop();
    await pty.close();
  };
  return { pty, server, port, close };
}
