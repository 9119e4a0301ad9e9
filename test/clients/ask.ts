// A talk with a program's own TCP port, in text: for daemons that are asked what they found.
import { connect, type Socket } from 'node:net';
import { until } from '../rig/pty.ts';

export interface Talk {
  /** Says something and waits for an answer in what came ever. */
  until(pattern: RegExp, say: string, limitMs?: number): Promise<RegExpExecArray>;
  close(): void;
}

/** Connects as soon as somebody listens there; to be closed. */
export function connectWhenThere(port: number): Talk {
  let said = '';
  let open = false;
  let closed = false;
  let socket: Socket;
  const begin = (): void => {
    socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      open = true;
    });
    socket.on('data', (data) => {
      said += data.toString('latin1');
    });
    socket.on('error', () => {
      if (!open && !closed) setTimeout(begin, 50);
    });
  };
  begin();
  return {
    until: async (pattern, say, limitMs = 15_000) => {
      await until(`somebody to listen on ${port}`, () => open, limitMs);
      socket.write(say);
      await until(`${pattern}`, () => pattern.test(said), limitMs).catch((err: Error) => {
        throw new Error(`${err.message}; it said ${said.slice(-500)}`);
      });
      return pattern.exec(said)!;
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}
