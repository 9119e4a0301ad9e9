// Writing to stderr and stdout so that a reader who stops reading cannot stop the daemon: what does not fit is dropped.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { libc } from '../base/libc.ts';

/** Takes text at once or drops what does not fit. Never throws. */
export type TextSink = (text: string) => void;

/**
 * Pipes and terminals are opened a second time for the sake of a non-blocking mode of our own: the mode of the inherited descriptor
 * belongs to the caller, too. Sockets cannot be opened again, and are hardly ever shared. Files never block.
 */
function withoutWaiting(fd: number): number {
  try {
    const stat = fstatSync(fd);
    if (stat.isSocket()) libc()?.setNonblocking(fd, true);
    if (!stat.isFIFO() && !isatty(fd)) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // No /proc, or closed: the descriptor itself will do.
    return fd;
  }
}

/** Writes to this descriptor, from the first text on. */
export function textSink(fd: number): TextSink {
  let out: number | undefined;
  // The last text stopped in the middle of a line: the next one begins a new line.
  let cut = false;
  return (text) => {
    out ??= withoutWaiting(fd);
    const bytes = Buffer.from(cut ? `\n${text}` : text);
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(out, bytes, done);
      cut = false;
    } catch {
      // EAGAIN: the reader is behind. EPIPE, EIO: it is gone. In each case there is nobody to tell.
      cut = done > 0 || cut;
    }
  };
}
