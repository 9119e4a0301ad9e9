// Opens a terminal of our own once, so that the first device a client wants is opened as fast as later ones: the C library's interface
// is loaded by then, and every call of an open and a close was made. A pty whose two ends are ours; no device and no file is touched.
import { closeSync, constants, openSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { GensioError } from '../../base/gensio-error.ts';
import { libc } from '../../base/libc.ts';
import { noLog } from '../../base/log.ts';
import { Defaults } from '../syntax/defaults.ts';
import { defaultLine } from '../syntax/serial-line.ts';
import type { TerminalUp } from './terminal.ts';
import { Tty } from './tty.ts';

const NOBODY: TerminalUp = { read: () => undefined, writable: () => undefined, lost: () => undefined };

/** Does so in a moment, when what is to be listened on is listened on. `done` is called when the terminal is closed again. */
export function warmUp(clock: Clock, done: () => void = () => undefined): void {
  clock.after(0, () => {
    const c = libc();
    if (c === undefined) return done();
    let master: number;
    try {
      master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    } catch {
      // No ptys here: then the first open takes its time.
      return done();
    }
    const number = c.unlockPty(master) ?? c.ptyNumber(master);
    const over = (): void => {
      closeSync(master);
      done();
    };
    if (typeof number !== 'number') return over();
    const config = {
      device: `/dev/pts/${number}`,
      line: defaultLine(new Defaults()),
      limits: { totalMs: 0, idleMs: 0 },
      access: constants.O_RDWR,
      exclusive: false,
    };
    Tty.open(c, clock, noLog, config, NOBODY, (tty) => (tty instanceof GensioError ? over() : tty.close(false, over)));
  });
}
