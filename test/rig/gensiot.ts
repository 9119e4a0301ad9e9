// The reference's own tool for talking through a stack, where it is installed; and a port number nobody uses.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

export const noGensiot = spawnSync('sh', ['-c', 'command -v gensiot']).status !== 0 && 'gensiot is not installed';

export interface Gensiot {
  /** Standard output and error together. */
  out(): string;
  write(text: string): void;
  end(): void;
  readonly child: ChildProcess;
}

/** Runs gensiot with its standard input and output on one side. It is killed when the test ends. */
export function gensiot(t: { after(f: () => void): void }, ...args: string[]): Gensiot {
  const child = spawn('gensiot', ['-i', 'stdio(self)', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  const add = (data: Buffer): void => {
    out += data.toString('latin1');
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  child.stdin.on('error', () => undefined);
  t.after(() => void child.kill('SIGKILL'));
  return { out: () => out, write: (text) => void child.stdin.write(text, 'latin1'), end: () => void child.stdin.end(), child };
}

/** A TCP and UDP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
