// `ser2net health --self`: what this machine can do for serial ports, tried on a pseudo-terminal of its own. No daemon is asked, no
// device of the machine is opened. It is the first question on a new kind of machine: layouts and request numbers of the kernel differ.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { arch, release } from 'node:os';
import { afterPause, systemClock } from '../base/clock.ts';
import { type Libc, libc, SystemError, unixAddress } from '../base/libc.ts';
import { strerror } from '../base/strerror.ts';
import { CBAUD, speedBits } from '../base/termios.ts';
import { ByteStream } from '../gensio/uv-handle.ts';
import { ownVersion } from '../system/version.ts';
import type { SubcommandIo } from './subcommand.ts';

/** What a trial came to: it works, it works in part (what is missing), or it fails (why). */
type Trial = { readonly what: string } & ({ readonly is: 'ok' } | { readonly is: 'limited' | 'failed'; readonly why: string });

/** How many bytes pass through the pseudo-terminal each way. */
const PASSED = 4096;
/** How long they may take, in milliseconds. */
const PASS_LIMIT = 5000;
const OPEN = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;

/** The value, or the error as an exception. */
function must<T>(value: T | SystemError): T {
  if (value instanceof SystemError) throw value;
  return value;
}

/** Tries everything; prints a line for each trial. 0 if nothing failed, otherwise 1. */
export async function selfTest(io: SubcommandIo): Promise<number> {
  io.out(`ser2net ${ownVersion()}, Node.js ${process.versions.node}, Linux ${release()}, ${arch()}\n`);
  const trials = await tryAll(libc());
  for (const trial of trials) {
    const { what, is } = trial;
    io.out(`${is.padEnd(8)}${what}${'why' in trial ? `: ${trial.why}` : ''}\n`);
  }
  return trials.some(({ is }) => is === 'failed') ? 1 : 0;
}

/** The trials in the order in which one needs the other. */
export async function tryAll(c: Libc | undefined): Promise<readonly Trial[]> {
  if (c === undefined) {
    return [{ what: 'calls of the C library', is: 'limited', why: `koffi has no code for this machine: no RS-485, no attached devices` }];
  }
  const trials: Trial[] = [{ what: 'calls of the C library', is: 'ok' }];
  const attempt = async (what: string, run: () => string | undefined | Promise<string | undefined>): Promise<void> => {
    try {
      const limit = await run();
      trials.push(limit === undefined ? { what, is: 'ok' } : { what, is: 'limited', why: limit });
    } catch (err) {
      trials.push({ what, is: 'failed', why: strerror(err) });
    }
  };
  let master = -1;
  let slave = -1;
  await attempt('a pseudo-terminal opens', () => {
    master = openSync('/dev/ptmx', OPEN);
    must(c.unlockPty(master));
    slave = openSync(`/dev/pts/${must(c.ptyNumber(master))}`, OPEN);
    return undefined;
  });
  if (slave >= 0) {
    await attempt('settings of a terminal are read back as set, 250000 bit/s', () => trySpeeds(c, slave));
    await attempt('queues are counted and flushed', () => tryQueues(c, master, slave));
    await attempt(`${PASSED} bytes pass each way through the event loop`, () => tryBytes(c, master, slave));
  }
  for (const fd of [slave, master]) if (fd >= 0) closeSync(fd);
  await attempt('a datagram arrives, with its sender', () => tryDatagram(c));
  await attempt('files are watched', () => tryWatch(c));
  return trials;
}

function trySpeeds(c: Libc, fd: number): string | undefined {
  const set = (speed: number): number => {
    const found = must(c.getTermios(fd));
    // Raw, so that bytes pass as they are.
    const cflag = ((found.cflag & ~CBAUD) | speedBits(speed)) >>> 0;
    must(c.setTermios(fd, { ...found, iflag: 0, oflag: 0, lflag: 0, cflag, ispeed: speed, ospeed: speed }));
    return must(c.getTermios(fd)).ospeed;
  };
  const standard = set(115200);
  if (standard !== 115200) throw new Error(`115200 bit/s is read back as ${standard}`);
  try {
    const special = set(250000);
    return special === 250000 ? undefined : `250000 bit/s is read back as ${special}`;
  } catch (err) {
    return `only standard speeds (${strerror(err)})`;
  }
}

/** The kernel brings bytes from one end to the other on a thread of its own, so they may be a moment on the way. */
async function tryQueues(c: Libc, master: number, slave: number): Promise<undefined> {
  writeSync(master, 'abc');
  for (let tries = 0; must(c.inputQueued(slave)) !== 3; tries++) {
    if (tries === 100) throw new Error(`3 bytes are counted as ${must(c.inputQueued(slave))}`);
    await new Promise<void>((resolve) => afterPause(10, resolve));
  }
  must(c.flush(slave, 'input'));
  const left = must(c.inputQueued(slave));
  if (left !== 0) throw new Error(`${left} bytes are there after the flush`);
}

/** Both ends through the handles that the daemon moves its bytes with. */
async function tryBytes(c: Libc, master: number, slave: number): Promise<undefined> {
  const sent = Buffer.from(Array.from({ length: PASSED }, (_, i) => (i * 7) & 0xff));
  const pass = (from: number, to: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const arrived: Buffer[] = [];
      const end = (err?: Error): void => {
        late.cancel();
        reader.destroy();
        writer.destroy();
        if (err === undefined) resolve();
        else reject(err);
      };
      const look = (): void => {
        const all = Buffer.concat(arrived);
        if (all.length < PASSED) return;
        end(all.equals(sent) ? undefined : new Error('other bytes arrive than were sent'));
      };
      const idle = { writable: () => undefined, ended: () => undefined, gone: () => undefined };
      const reader = ByteStream.ofDescriptor(must(c.dup(to)), {
        ...idle,
        read: (data) => {
          arrived.push(Buffer.from(data));
          look();
        },
      });
      const writer = ByteStream.ofDescriptor(must(c.dup(from)), { ...idle, read: () => undefined });
      const late = systemClock.after(PASS_LIMIT, () => end(new Error(`only ${Buffer.concat(arrived).length} bytes arrive`)));
      reader.setReading(true);
      writer.write(sent);
    });
  await pass(slave, master);
  await pass(master, slave);
}

function tryDatagram(c: Libc): undefined {
  const name = unixAddress(`@ser2net-self-${process.pid}`)!;
  const receiver = must(c.datagramSocket());
  const sender = must(c.datagramSocket());
  try {
    must(c.bindUnix(receiver, name));
    must(c.bindUnix(sender, undefined));
    must(c.sendTo(sender, Buffer.from('hello'), name));
    const into = Buffer.alloc(16);
    const { length, from } = must(c.receiveFrom(receiver, into));
    if (into.toString('latin1', 0, length) !== 'hello') throw new Error('other bytes arrive than were sent');
    if (from.length <= 2) throw new Error('its sender is not known');
  } finally {
    c.close(receiver);
    c.close(sender);
  }
}

function tryWatch(c: Libc): undefined {
  const watch = must(c.inotify());
  try {
    must(c.removeWatch(watch, must(c.addWatch(watch, '/dev', 0x100))));
  } finally {
    c.close(watch);
  }
}
