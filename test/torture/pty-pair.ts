// The two ends of a new pty, raw, the slave held open so that users of it may come and go.
import { closeSync, constants, openSync } from 'node:fs';
import { libc, SystemError } from '../../src/base/libc.ts';

export interface PtyPair {
  readonly master: number;
  /** `/dev/pts/N` */
  readonly path: string;
  readonly closeSlave: () => void;
}

function must<T>(value: T | SystemError): T {
  if (value instanceof SystemError) throw value;
  return value;
}

export function newPty(): PtyPair {
  const c = libc();
  if (c === undefined) throw new Error('koffi is not installed: npm ci');
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const master = openSync('/dev/ptmx', flags);
  must(c.unlockPty(master));
  const path = `/dev/pts/${must(c.ptyNumber(master))}`;
  const slave = openSync(path, flags);
  must(c.setTermios(slave, { ...must(c.getTermios(slave)), iflag: 0, oflag: 0, lflag: 0 }));
  let open = true;
  return {
    master,
    path,
    closeSlave: () => {
      if (open) closeSync(slave);
      open = false;
    },
  };
}
