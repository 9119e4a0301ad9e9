// Port numbers for servers that a test starts later, or starts again: nobody has them, and nobody is given them meanwhile.
import { createServer } from 'node:net';

/** Below the numbers that the system gives out by itself: to clients, and to whoever listens on 0. */
const LOWEST = 20_000;
const COUNT = 12_000;
/** Test files run side by side: each process begins at a place of its own. */
const STRIDE = 64;
let next = process.pid * STRIDE;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });

/** A number nobody listens on, on any address; each is given once. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = LOWEST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}
