// A unix datagram socket to receive on, which Node.js cannot make: stands in for /dev/log and systemd. Through koffi.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { LIMIT_MS } from './wait.ts';

export interface DatagramReceiver {
  /** The next datagram; waits for it, with a limit. */
  next(): Promise<string>;
  /** Closes the socket and removes its name. */
  close(): void;
}

/** Undefined where koffi cannot be loaded. */
export function receiveDatagrams(path: string): DatagramReceiver | undefined {
  let koffi: typeof import('koffi');
  try {
    koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  } catch {
    return undefined;
  }
  const c = koffi.load(null);
  const socket = c.func('int socket(int domain, int type, int protocol)');
  const bind = c.func('int bind(int fd, const void *address, unsigned int length)');
  const recv = c.func('long recv(int fd, _Out_ void *data, size_t length, int flags)');
  const close = c.func('int close(int fd)');
  const AF_UNIX = 1;
  const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
  const fd = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0) as number;
  const address = Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), Buffer.from(`${path}\0`)]);
  if (fd < 0 || bind(fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  const data = Buffer.alloc(65536);
  return {
    async next() {
      for (const end = performance.now() + LIMIT_MS; performance.now() < end; ) {
        const n = Number(recv(fd, data, data.length, 0));
        if (n >= 0) return data.toString('utf8', 0, n);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      throw new Error('no datagram came');
    },
    close() {
      close(fd);
      rmSync(path, { force: true });
    },
  };
}
