// The calls of the C library that Node.js does not offer, all in one file: terminals, ptys, locks, sockets, datagrams, watches on files.
// Optional: without koffi, or on a machine whose request numbers are not known, libc() is undefined and callers do without.
// Symbols are taken from the running program, so that a preloaded library sees the calls. No call here waits, but closeLater,
// which waits on a thread, and timedBreak, which says so. Every buffer handed to the kernel is made here, at its full size.
// Long because declarations, request numbers and layouts of one interface belong together.
import { createRequire } from 'node:module';
import { SocketAddress } from 'node:net';
import { arch, constants } from 'node:os';
import { blockingCalls } from './blocking-calls.ts';
import type { Queue } from './serial.ts';
import { decodeTermios, encodeTermios, isStandardSpeed, putU32, type Termios, u32 } from './termios.ts';

/** A system call that failed. code is the name of errno (`ENOTTY`), as in Node's own errors. An answer, so it has no stack: that would be most of its cost. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  /** The name of errno, such as `ENOTTY`. */
  readonly code: string;
  /** The number of errno. */
  readonly errno: number;
  /** The call that failed. */
  readonly syscall: string;
  constructor(errno: number, syscall: string) {
    const code = ERRNO[errno] ?? `E${errno}`;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code}, ${syscall}`);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}
const ERRNO: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP')
    .map(([name, n]) => [n, name]),
);

/** oobinline: urgent bytes stay among the others; notsentLowat: bytes not sent yet from which no more are taken; the rest as in tcp(7). */
type TcpKnob = 'oobinline' | 'keepalive' | 'keepidle' | 'keepintvl' | 'keepcnt' | 'userTimeout' | 'notsentLowat';

/** How often each was seen on a line; a count that differs from the one before says that it happened. */
export interface LineErrorCounts {
  /** Characters lost because nobody took them in time. */
  readonly overrun: number;
  /** Characters with the wrong parity. */
  readonly parity: number;
  /** Characters without a stop bit. */
  readonly framing: number;
  /** Breaks received. */
  readonly break: number;
}

/** A call gives its answer or the error, and never throws. fd is not checked: a wrong one gives EBADF. */
export interface Libc {
  /** TCGETS2; where the kernel lacks it TCGETS, which knows the standard speeds only. */
  getTermios(fd: number): Termios | SystemError;
  /** TCSETS2: at once; nothing is flushed or waited for. Where the kernel lacks it TCSETS; another speed than a standard one gives EINVAL. */
  setTermios(fd: number, termios: Termios): SystemError | undefined;
  /** TIOCMGET: TIOCM bits. */
  getLines(fd: number): number | SystemError;
  /** TIOCMSET: all output lines at once. */
  setLines(fd: number, bits: number): SystemError | undefined;
  /** TIOCSBRK, TIOCCBRK */
  setBreak(fd: number, on: boolean): SystemError | undefined;
  /** TCSBRK 0: waits for the output and then a quarter of a second on real hardware. Not for the event loop of a daemon. */
  timedBreak(fd: number): SystemError | undefined;
  /** TCFLSH */
  flush(fd: number, queue: Queue): SystemError | undefined;
  /** TIOCOUTQ: bytes the kernel has not sent. */
  outputQueued(fd: number): number | SystemError;
  /** TIOCSERGETLSR: the last bit has left the chip. Drivers of real UARTs know; others give ENOTTY. */
  transmitterEmpty(fd: number): boolean | SystemError;
  /** TIOCGICOUNT: what the driver has counted since it was loaded; ENOTTY where it counts nothing. */
  lineErrors(fd: number): LineErrorCounts | SystemError;
  /** FIONREAD: bytes waiting to be read. */
  inputQueued(fd: number): number | SystemError;
  /** TCXONC TCOON: undoes tcflow(TCOOFF). */
  startOutput(fd: number): SystemError | undefined;
  /** TIOCEXCL, TIOCNXCL: further opens of the terminal give EBUSY, but for root. */
  setExclusive(fd: number, on: boolean): SystemError | undefined;
  /** TIOCGEXCL */
  isExclusive(fd: number): boolean | SystemError;
  /** TIOCSRS485: struct serial_rs485 as eight words: flags, delay before, delay after, padding. Missing ones are 0. */
  setRs485(fd: number, words: Uint32Array): SystemError | undefined;
  /** TIOCSPTLCK 0, on the master of a pty. */
  unlockPty(master: number): SystemError | undefined;
  /** TIOCGPTN: the number under /dev/pts. */
  ptyNumber(master: number): number | SystemError;
  /** TIOCPKT: each read of the master begins with a control byte. */
  setPacketMode(master: number, on: boolean): SystemError | undefined;
  /** TIOCVHANGUP, on a terminal: who has it open sees its end. Needs CAP_SYS_ADMIN, else EPERM. */
  hangUpTerminal(fd: number): SystemError | undefined;
  /** inotify_init1: a descriptor that does not block, to be read for struct inotify_event. Closed with close(). */
  inotify(): number | SystemError;
  /** inotify_add_watch: IN_ bits; gives the number of the watch. */
  addWatch(inotify: number, path: string, mask: number): number | SystemError;
  /** inotify_rm_watch. */
  removeWatch(inotify: number, watch: number): SystemError | undefined;
  /** flock(2), never waits: EAGAIN when another descriptor holds it. */
  flock(fd: number, how: 'shared' | 'exclusive' | 'unlock'): SystemError | undefined;
  /** A second descriptor for the same open file, closed on exec, 3 or more. */
  dup(fd: number): number | SystemError;
  /** F_GETFL, F_SETFL with O_NONBLOCK on or off. */
  setNonblocking(fd: number, on: boolean): SystemError | undefined;
  /** read(2) of at most so many bytes, on a descriptor that does not block; EAGAIN when there is nothing. Empty: the end. */
  readNow(fd: number, size: number): Buffer | SystemError;
  /** poll: the peer of a socket has closed its side (also while there is still something to read), or the socket is broken. */
  hungUp(fd: number): boolean;
  /** close(2) here and now. */
  close(fd: number): SystemError | undefined;
  /** close(2) on a thread: closing a terminal may wait for its output. */
  closeLater(fd: number, done: (err?: SystemError) => void): void;
  /** _exit(2): ends the process at once, without waiting for threads that a driver holds. */
  exitNow(status: number): void;
  /** SO_KEEPALIVE (0 or 1), TCP_KEEPIDLE and TCP_KEEPINTVL in seconds, TCP_KEEPCNT, TCP_USER_TIMEOUT in milliseconds, TCP_NOTSENT_LOWAT in bytes. */
  setTcp(fd: number, knob: TcpKnob, value: number): SystemError | undefined;
  /** The value in force, in the units of setTcp(). */
  getTcp(fd: number, knob: TcpKnob): number | SystemError;
  /** SO_PEERCRED: whose process connected a unix socket. */
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number } | SystemError;
  /** A unix datagram socket bound to a receiver, for /dev/log and NOTIFY_SOCKET; `@name` is an abstract name. Closed with close(). */
  connectDatagram(to: string | UnixAddress): number | SystemError;
  /** A unix datagram socket without a name, with a send buffer as big as it may have, up to 4 MiB; does not block. Closed with close(). */
  datagramSocket(): number | SystemError;
  /** bind(2); without a path the kernel makes up an abstract name. */
  bindUnix(fd: number, address: UnixAddress | undefined): SystemError | undefined;
  /** recvfrom(2): one datagram, cut to the size of `into`. from is empty when the sender has no name. EAGAIN when there is none. */
  receiveFrom(fd: number, into: Buffer): { readonly length: number; readonly from: UnixAddress } | SystemError;
  /** sendto(2): one datagram. EAGAIN when the receiver is behind, or the kernel holds enough from this socket. */
  sendTo(fd: number, data: Buffer, to: UnixAddress): SystemError | undefined;
  /** poll: something can be written. A connected datagram socket: its receiver has room. */
  writable(fd: number): boolean;
  /** epoll_create1: a descriptor that is readable while one of those added is ready. Closed with close(). */
  epoll(): number | SystemError;
  /** epoll_ctl, to add a descriptor with these EPOLL bits; `events` is a plain number, for EPOLLET and the like. */
  epollAdd(epoll: number, fd: number, events: number): SystemError | undefined;
  /** epoll_ctl. Level-triggered. */
  epollSet(
    epoll: number,
    fd: number,
    how: 'add' | 'change' | 'remove',
    what: { readonly read: boolean; readonly write: boolean },
  ): SystemError | undefined;
  /** epoll_wait, never waits: some of those that are ready now. Errors and ends count as both. */
  epollReady(epoll: number): readonly { readonly fd: number; readonly read: boolean; readonly write: boolean }[];
  /** A unix socket that keeps messages apart (SOCK_SEQPACKET), bound to a path or connected to one; does not block. Closed with close(). */
  openSequenced(path: string, how: 'bind' | 'connect'): number | SystemError;
  /** One datagram; EAGAIN when the receiver is behind. Never waits, never a SIGPIPE. */
  sendDatagram(fd: number, data: Buffer): SystemError | undefined;
  /** One datagram with a copy of a descriptor (SCM_RIGHTS). Never waits, never a SIGPIPE. */
  sendDescriptor(fd: number, data: Buffer, descriptor: number): SystemError | undefined;
  /** getsockname: where an internet socket is bound; EAFNOSUPPORT for other sockets. */
  localAddress(fd: number): { readonly host: string; readonly port: number } | SystemError;
}

/** asm-generic/ioctls.h: name to number and what the argument is (a buffer of so many bytes, a plain number). Powerpc, mips and sparc differ. */
const IOCTL = {
  TCGETS: [0x5401, 36],
  TCSETS: [0x5402, 36],
  TCGETS2: [0x802c542a, 44],
  TCSETS2: [0x402c542b, 44],
  TCSBRK: [0x5409, 0],
  TCXONC: [0x540a, 0],
  TCFLSH: [0x540b, 0],
  TIOCEXCL: [0x540c, 0],
  TIOCNXCL: [0x540d, 0],
  TIOCOUTQ: [0x5411, 4],
  TIOCMGET: [0x5415, 4],
  TIOCMSET: [0x5418, 4],
  FIONREAD: [0x541b, 4],
  TIOCPKT: [0x5420, 4],
  TIOCSBRK: [0x5427, 0],
  TIOCCBRK: [0x5428, 0],
  TIOCSRS485: [0x542f, 32],
  TIOCVHANGUP: [0x5437, 0],
  TIOCSERGETLSR: [0x5459, 4],
  TIOCGICOUNT: [0x545d, 80],
  TIOCGPTN: [0x80045430, 4],
  TIOCGEXCL: [0x80045440, 4],
  TIOCSPTLCK: [0x40045431, 4],
} as const;
type Request = keyof typeof IOCTL;
type WithNumber = { [R in Request]: (typeof IOCTL)[R][1] extends 0 ? R : never }[Request];
type WithBuffer = Exclude<Request, WithNumber>;

/** Machines that use the generic numbers. */
const MACHINES: readonly string[] = ['x64', 'arm64', 'arm', 'ia32', 'riscv64', 'loong64'];

const TCOON = 1;
const QUEUES = { input: 0, output: 1, both: 2 } as const;
const FLOCK = { shared: 1 | 4, exclusive: 2 | 4, unlock: 8 } as const;
const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;
const SO_PEERCRED = 17;
const SO_SNDBUF = 7;
const SO_SNDBUFFORCE = 32;
const SEND_BUFFER = 4 << 20;
const TCP: Readonly<Record<TcpKnob, readonly [level: number, name: number]>> = {
  oobinline: [SOL_SOCKET, 10],
  keepalive: [SOL_SOCKET, 9],
  keepidle: [IPPROTO_TCP, 4],
  keepintvl: [IPPROTO_TCP, 5],
  keepcnt: [IPPROTO_TCP, 6],
  userTimeout: [IPPROTO_TCP, 18],
  notsentLowat: [IPPROTO_TCP, 25],
};
const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLRDHUP = 0x2000;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const IN_NONBLOCK_CLOEXEC = O_NONBLOCK | O_CLOEXEC;
const POLLOUT = 0x4;
/** struct epoll_event: packed on x86, elsewhere its data is aligned to eight bytes. */
const EPOLL_EVENT = arch() === 'x64' || arch() === 'ia32' ? { size: 12, data: 1 } : { size: 16, data: 2 };
const EPOLL_CTL = { add: 1, remove: 2, change: 3 } as const;
/** How many are asked for at once. */
const EPOLL_READY = 8;
const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR_HUP = 0x18;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SCM_RIGHTS = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** sizeof(sun_path) */
const SUN_PATH = 108;

/** struct sockaddr_un, as long as its name needs. */
export type UnixAddress = Buffer;

/** The address of a path, or of an abstract name (`@name`); undefined when it is empty, too long or has a NUL in it. */
export function unixAddress(path: string): UnixAddress | undefined {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= SUN_PATH || name.includes(0)) return undefined;
  const abstract = name[0] === 0x40;
  if (abstract) name[0] = 0;
  const out = Buffer.alloc(2 + name.length + (abstract ? 0 : 1));
  new Uint16Array(out.buffer, out.byteOffset, 1)[0] = AF_UNIX;
  name.copy(out, 2);
  return out;
}

/** The host and port of a struct sockaddr_in or sockaddr_in6; `undefined` for another family. */
function decodeAddress(data: Buffer): { readonly host: string; readonly port: number } | undefined {
  const family = new Uint16Array(data.buffer, data.byteOffset, 1)[0];
  const port = data.readUInt16BE(2);
  if (family === AF_INET) return { host: data.subarray(4, 8).join('.'), port };
  if (family !== AF_INET6) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => data.readUInt16BE(8 + 2 * i).toString(16));
  return { host: new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address, port };
}

function load(): Libc | undefined {
  if (!MACHINES.includes(arch())) return undefined;
  let koffi: typeof import('koffi');
  let c: ReturnType<typeof koffi.load>;
  try {
    koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    c = koffi.load(null);
  } catch {
    return undefined;
  }
  const cIoctl = c.func('int ioctl(int fd, unsigned long request, ...)');
  const cFcntl = c.func('int fcntl(int fd, int cmd, ...)');
  const cPoll = c.func('int poll(_Inout_ void *fds, unsigned long count, int timeout)');
  const cInotifyInit = c.func('int inotify_init1(int flags)');
  const cInotifyAdd = c.func('int inotify_add_watch(int fd, const char *path, unsigned int mask)');
  const cInotifyRemove = c.func('int inotify_rm_watch(int fd, int watch)');
  const cFlock = c.func('int flock(int fd, int operation)');
  const cRead = c.func('long read(int fd, _Out_ void *data, size_t length)');
  const cClose = c.func('int close(int fd)');
  const cExit = c.func('void _exit(int status)');
  const cSocket = c.func('int socket(int domain, int type, int protocol)');
  const cConnect = c.func('int connect(int fd, const void *address, unsigned int length)');
  const cBind = c.func('int bind(int fd, const void *address, unsigned int length)');
  const cSend = c.func('long send(int fd, const void *data, size_t length, int flags)');
  const cSendto = c.func('long sendto(int fd, const void *data, size_t length, int flags, const void *to, unsigned int toLength)');
  const cRecvfrom = c.func('long recvfrom(int fd, _Out_ void *data, size_t length, int flags, _Out_ void *from, _Inout_ void *fromLength)');
  const cEpollCreate = c.func('int epoll_create1(int flags)');
  const cEpollCtl = c.func('int epoll_ctl(int epoll, int how, int fd, const void *event)');
  const cEpollWait = c.func('int epoll_wait(int epoll, _Out_ void *events, int count, int timeout)');
  const cSetsockopt = c.func('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');
  const cGetsockopt = c.func('int getsockopt(int fd, int level, int name, _Inout_ void *value, _Inout_ void *length)');

  const cGetsockname = c.func('int getsockname(int fd, _Out_ void *address, _Inout_ void *length)');
  let cSendmsg: ReturnType<typeof c.func> | undefined;
  const declareSendmsg = (): ReturnType<typeof c.func> => {
    koffi.struct('ser2net_iovec', { base: 'uint8_t *', len: 'size_t' });
    const fields = { name: 'void *', namelen: 'uint32_t', iov: 'ser2net_iovec *', iovlen: 'size_t', control: 'uint8_t *' };
    koffi.struct('ser2net_msghdr', { ...fields, controllen: 'size_t', flags: 'int' });
    return c.func('long sendmsg(int fd, const ser2net_msghdr *message, int flags)');
  };

  const failed = (syscall: string): SystemError => new SystemError(koffi.errno(), syscall);
  const check = (result: unknown, syscall: string): SystemError | undefined => (result === -1 ? failed(syscall) : undefined);
  // One scratch buffer is enough: every call here is synchronous and copies its answer out.
  const scratch = Buffer.alloc(128);
  const withBuffer = (fd: number, request: WithBuffer): SystemError | undefined =>
    check(cIoctl(fd, IOCTL[request][0], 'void *', scratch), `ioctl ${request}`);
  const withNumber = (fd: number, request: WithNumber, value: number): SystemError | undefined =>
    check(cIoctl(fd, IOCTL[request][0], 'int', value), `ioctl ${request}`);
  const askWord = (fd: number, request: WithBuffer): number | SystemError => {
    scratch.fill(0, 0, IOCTL[request][1]);
    return withBuffer(fd, request) ?? u32(scratch, 0);
  };
  const putWord = (fd: number, request: WithBuffer, value: number): SystemError | undefined => {
    scratch.fill(0, 0, IOCTL[request][1]);
    putU32(scratch, 0, value);
    return withBuffer(fd, request);
  };
  const einval = (syscall: string): SystemError => new SystemError(constants.errno.EINVAL, syscall);

  const lengthWord = Buffer.alloc(4);
  /** What poll says of a descriptor at once. */
  const pollNow = (fd: number, events: number): number => {
    putU32(scratch, 0, fd);
    putU32(scratch, 1, 0);
    new Uint16Array(scratch.buffer, scratch.byteOffset + 4, 1)[0] = events;
    return cPoll(scratch, 1, 0) === 1 ? new Uint16Array(scratch.buffer, scratch.byteOffset + 6, 1)[0]! : 0;
  };

  const epollControl = (epoll: number, fd: number, how: keyof typeof EPOLL_CTL, events: number): SystemError | undefined => {
    putU32(scratch, 0, events);
    putU32(scratch, EPOLL_EVENT.data, fd);
    return check(cEpollCtl(epoll, EPOLL_CTL[how], fd, scratch), 'epoll_ctl');
  };

  const unixSocket = (kind: number, to: string | UnixAddress, how: 'bind' | 'connect'): number | SystemError => {
    const address = typeof to === 'string' ? unixAddress(to) : to;
    if (address === undefined) return einval(how);
    const fd = cSocket(AF_UNIX, kind | O_NONBLOCK | O_CLOEXEC, 0) as number;
    if (fd === -1) return failed('socket');
    const err = check((how === 'bind' ? cBind : cConnect)(fd, address, address.length), how);
    if (err !== undefined) cClose(fd);
    return err ?? fd;
  };

  return {
    getTermios(fd) {
      scratch.fill(0, 0, IOCTL.TCGETS2[1]);
      const err = withBuffer(fd, 'TCGETS2');
      return (err?.code === 'ENOSYS' ? withBuffer(fd, 'TCGETS') : err) ?? decodeTermios(scratch);
    },
    setTermios(fd, termios) {
      encodeTermios(termios, scratch);
      const err = withBuffer(fd, 'TCSETS2');
      if (err?.code !== 'ENOSYS') return err;
      return isStandardSpeed(termios.cflag) ? withBuffer(fd, 'TCSETS') : einval('ioctl TCSETS');
    },
    getLines: (fd) => askWord(fd, 'TIOCMGET'),
    setLines: (fd, bits) => putWord(fd, 'TIOCMSET', bits),
    setBreak: (fd, on) => withNumber(fd, on ? 'TIOCSBRK' : 'TIOCCBRK', 0),
    timedBreak: (fd) => withNumber(fd, 'TCSBRK', 0),
    flush: (fd, queue) => withNumber(fd, 'TCFLSH', QUEUES[queue]),
    outputQueued: (fd) => askWord(fd, 'TIOCOUTQ'),
    transmitterEmpty(fd) {
      const state = askWord(fd, 'TIOCSERGETLSR');
      return state instanceof SystemError ? state : (state & 1) === 1;
    },
    lineErrors(fd) {
      // struct serial_icounter_struct: cts, dsr, rng, dcd, rx, tx, frame, overrun, parity, brk, buf_overrun.
      const err = withBuffer(fd, 'TIOCGICOUNT');
      const count = (at: number): number => u32(scratch, at);
      return err ?? { framing: count(6), overrun: count(7) + count(10), parity: count(8), break: count(9) };
    },
    inputQueued: (fd) => askWord(fd, 'FIONREAD'),
    startOutput: (fd) => withNumber(fd, 'TCXONC', TCOON),
    setExclusive: (fd, on) => withNumber(fd, on ? 'TIOCEXCL' : 'TIOCNXCL', 0),
    isExclusive(fd) {
      const set = askWord(fd, 'TIOCGEXCL');
      return set instanceof SystemError ? set : set !== 0;
    },
    setRs485(fd, values) {
      scratch.fill(0, 0, IOCTL.TIOCSRS485[1]);
      values.subarray(0, 8).forEach((value, i) => {
        putU32(scratch, i, value);
      });
      return withBuffer(fd, 'TIOCSRS485');
    },
    unlockPty: (master) => putWord(master, 'TIOCSPTLCK', 0),
    ptyNumber: (master) => askWord(master, 'TIOCGPTN'),
    setPacketMode: (master, on) => putWord(master, 'TIOCPKT', on ? 1 : 0),
    hangUpTerminal: (fd) => withNumber(fd, 'TIOCVHANGUP', 0),
    inotify() {
      const fd = cInotifyInit(IN_NONBLOCK_CLOEXEC) as number;
      return check(fd, 'inotify_init1') ?? fd;
    },
    addWatch(inotify, path, mask) {
      const watch = cInotifyAdd(inotify, path, mask) as number;
      return check(watch, 'inotify_add_watch') ?? watch;
    },
    removeWatch: (inotify, watch) => check(cInotifyRemove(inotify, watch), 'inotify_rm_watch'),
    flock: (fd, how) => check(cFlock(fd, FLOCK[how]), 'flock'),
    dup(fd) {
      const copy = cFcntl(fd, F_DUPFD_CLOEXEC, 'int', 3) as number;
      return check(copy, 'fcntl') ?? copy;
    },
    setNonblocking(fd, on) {
      const flags = cFcntl(fd, F_GETFL, 'int', 0) as number;
      const err = check(flags, 'fcntl');
      if (err !== undefined) return err;
      return check(cFcntl(fd, F_SETFL, 'int', on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK), 'fcntl');
    },
    readNow(fd, size) {
      const data = Buffer.alloc(size);
      const n = Number(cRead(fd, data, size));
      return check(n, 'read') ?? data.subarray(0, n);
    },
    hungUp: (fd) => (pollNow(fd, POLLRDHUP) & (POLLRDHUP | POLLERR | POLLHUP)) !== 0,
    close: (fd) => check(cClose(fd), 'close'),
    closeLater: (fd, done) =>
      blockingCalls.close(fd, (err) => done(err === null ? undefined : new SystemError(-(err.errno ?? -constants.errno.EIO), 'close'))),
    exitNow: (status) => cExit(status),
    setTcp(fd, knob, value) {
      putU32(scratch, 0, value);
      return check(cSetsockopt(fd, TCP[knob][0], TCP[knob][1], scratch, 4), 'setsockopt');
    },
    getTcp(fd, knob) {
      putU32(scratch, 0, 0);
      const length = Buffer.alloc(4);
      putU32(length, 0, 4);
      return check(cGetsockopt(fd, TCP[knob][0], TCP[knob][1], scratch, length), 'getsockopt') ?? u32(scratch, 0);
    },
    peerCredentials(fd) {
      const length = Buffer.alloc(4);
      putU32(length, 0, 12);
      scratch.fill(0xff, 0, 12);
      const err = check(cGetsockopt(fd, SOL_SOCKET, SO_PEERCRED, scratch, length), 'getsockopt SO_PEERCRED');
      return err ?? { pid: u32(scratch, 0), uid: u32(scratch, 1), gid: u32(scratch, 2) };
    },
    connectDatagram: (to) => unixSocket(SOCK_DGRAM, to, 'connect'),
    datagramSocket() {
      const fd = cSocket(AF_UNIX, SOCK_DGRAM | O_NONBLOCK | O_CLOEXEC, 0) as number;
      if (fd === -1) return failed('socket');
      putU32(scratch, 0, SEND_BUFFER);
      // More than the limit of the system needs CAP_NET_ADMIN.
      if (cSetsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, scratch, 4) === -1) cSetsockopt(fd, SOL_SOCKET, SO_SNDBUF, scratch, 4);
      return fd;
    },
    bindUnix(fd, address = Buffer.from(Uint16Array.of(AF_UNIX).buffer)) {
      return check(cBind(fd, address, address.length), 'bind');
    },
    receiveFrom(fd, into) {
      putU32(lengthWord, 0, scratch.length);
      const length = Number(cRecvfrom(fd, into, into.length, MSG_DONTWAIT_NOSIGNAL, scratch, lengthWord));
      return check(length, 'recvfrom') ?? { length, from: Buffer.from(scratch.subarray(0, u32(lengthWord, 0))) };
    },
    sendTo: (fd, data, to) => check(Number(cSendto(fd, data, data.length, MSG_DONTWAIT_NOSIGNAL, to, to.length)), 'sendto'),
    writable: (fd) => (pollNow(fd, POLLOUT) & POLLOUT) !== 0,
    epoll() {
      const fd = cEpollCreate(O_CLOEXEC) as number;
      return check(fd, 'epoll_create1') ?? fd;
    },
    epollAdd: (epoll, fd, events) => epollControl(epoll, fd, 'add', events),
    epollSet: (epoll, fd, how, { read, write }) => epollControl(epoll, fd, how, (read ? EPOLLIN : 0) | (write ? EPOLLOUT : 0)),
    epollReady(epoll) {
      const n = cEpollWait(epoll, scratch, EPOLL_READY, 0) as number;
      return Array.from({ length: Math.max(n, 0) }, (_, i) => {
        const at = (i * EPOLL_EVENT.size) / 4;
        const events = u32(scratch, at);
        const broken = (events & EPOLLERR_HUP) !== 0;
        return {
          fd: u32(scratch, at + EPOLL_EVENT.data),
          read: broken || (events & EPOLLIN) !== 0,
          write: broken || (events & EPOLLOUT) !== 0,
        };
      });
    },
    openSequenced: (path, how) => unixSocket(SOCK_SEQPACKET, path, how),
    sendDatagram: (fd, data) => check(Number(cSend(fd, data, data.length, MSG_DONTWAIT_NOSIGNAL)), 'send'),
    sendDescriptor(fd, data, descriptor) {
      cSendmsg ??= declareSendmsg();
      // struct cmsghdr: a length, two words, and the descriptor.
      const word = koffi.sizeof('size_t');
      const control = Buffer.alloc(word + 8 + Math.max(word, 4));
      control[0] = word + 12;
      putU32(control.subarray(word), 0, SOL_SOCKET);
      putU32(control.subarray(word), 1, SCM_RIGHTS);
      putU32(control.subarray(word), 2, descriptor);
      const iov = [{ base: data, len: data.length }];
      const message = { name: null, namelen: 0, iov, iovlen: 1, control, controllen: control.length, flags: 0 };
      return check(Number(cSendmsg(fd, message, MSG_DONTWAIT_NOSIGNAL)), 'sendmsg');
    },
    localAddress(fd) {
      putU32(lengthWord, 0, 28);
      return (
        check(cGetsockname(fd, scratch, lengthWord), 'getsockname') ??
        decodeAddress(scratch) ??
        new SystemError(constants.errno.EAFNOSUPPORT, 'getsockname')
      );
    },
  };
}

let known: { readonly libc: Libc | undefined } | undefined;

/** The C library, loaded at the first call (some milliseconds); undefined where it is out of reach. */
export function libc(): Libc | undefined {
  known ??= { libc: load() };
  return known.libc;
}
