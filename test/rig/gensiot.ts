// The reference's own tool for talking through a stack, where it is installed; and a port number nobody uses.
import { createServer } from 'node:net';
import { missing, type Program, program } from './program.ts';

export const noGensiot = missing('gensiot');

/** Runs gensiot with its standard input and output on one side. It is killed when the test ends. */
export const gensiot = (t: { after(f: () => void): void }, ...args: string[]): Program =>
  program(t, 'gensiot', '-i', 'stdio(self)', ...args);

/** A TCP and UDP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
