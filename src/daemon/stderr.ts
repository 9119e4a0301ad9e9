// Writing to stderr and stdout so that a reader who stops reading cannot stop the daemon: what does not fit is dropped.
import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Takes text at once or drops what does not fit. Never throws. */
export type TextSink = (text: string) => void;

/**
 * Pipes and terminals are opened a second time for the sake of a non-blocking mode of our own: the mode of the inherited descriptor
 * belongs to the caller, too. Files never block; sockets cannot be opened again and stay as they are.
 */
export function textSink(fd: number): TextSink {
  let out = fd;
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO() || stat.isCharacterDevice())
      out = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // No /proc, or closed: the descriptor itself will do.
  }
  return (text) => {
    let rest = Buffer.from(text);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(out, rest));
    } catch {
      // EAGAIN: the reader is behind. EPIPE, EIO: it is gone. In each case there is nobody to tell.
    }
  };
}
