// An attached device is a terminal: whatever is set on it, an application reads, and the server gets, what they would through a bare
// pty of the kernel.
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { SystemError } from '../../src/base/libc.ts';
import type { Termios } from '../../src/base/termios.ts';
import { must, needLibc } from '../rig/pty.ts';
import { until } from '../rig/wait.ts';
import { Application, writeSome } from './application.ts';
import { attach, attachTestEnv, connected, Peer } from './attach-rig.ts';

/** asm-generic/termbits.h */
const I = { IGNBRK: 1, BRKINT: 2, IGNPAR: 4, PARMRK: 8, INPCK: 0x10, ISTRIP: 0x20, INLCR: 0x40, IGNCR: 0x80, ICRNL: 0x100 } as const;
const I2 = { IUCLC: 0x200, IXON: 0x400, IXANY: 0x800, IXOFF: 0x1000, IMAXBEL: 0x2000, IUTF8: 0x4000 } as const;
const L = { ISIG: 1, ICANON: 2, XCASE: 4, ECHO: 8, ECHOE: 0x10, ECHOK: 0x20, ECHONL: 0x40, NOFLSH: 0x80, TOSTOP: 0x100 } as const;
const L2 = { ECHOCTL: 0x200, ECHOPRT: 0x400, ECHOKE: 0x800, FLUSHO: 0x1000, IEXTEN: 0x8000 } as const;
const O = { OPOST: 1, OLCUC: 2, ONLCR: 4, OCRNL: 8, ONOCR: 0x10, ONLRET: 0x20, XTABS: 0x1800 } as const;
/** Indexes of control characters. */
const CC = { VINTR: 0, VERASE: 2, VKILL: 3, VEOF: 4, VMIN: 6, VSTART: 8, VSTOP: 9, VEOL: 11, VEOL2: 16 } as const;

interface Case {
  readonly iflag: number;
  readonly lflag: number;
  readonly oflag: number;
  /** Control characters that differ from the usual ones. */
  readonly cc: Readonly<Record<number, number>>;
  readonly input: Buffer;
  readonly output: Buffer;
}
/** What an application got in each read(), how much it could write, and what arrived at the other side, up to the mark. */
interface Seen {
  readonly reads: readonly string[];
  readonly written: number;
  readonly sent: string;
}

const INPUT = [
  'ab\x7fc\r\nX\x15kill\nw1 w2\x17w3\nlit\x16\x03\nre\x12print\n\x04eof\x04E;\x13stop\x11go\n',
  '\xe4\xff\0\x80caf\xc3\xa9\x7f\x7f\nUPPER\tlower\n\x1a\x1c\x03sig\ntail',
].map((text) => Buffer.from(text, 'latin1'));
const OUTPUT = Buffer.from('line\nTab\tcr\r\n\rUp\xff\x13', 'latin1');
const MARK = '<the end of the case>';
const plain = (over: Partial<Case>): Case => ({ iflag: 0, lflag: 0, oflag: 0, cc: {}, input: INPUT[0]!, output: OUTPUT, ...over });

/** The settings of a case on top of those a pty has at first. */
function settings({ iflag, lflag, oflag, cc }: Case, first: Termios): Termios {
  const chars = Uint8Array.from(first.cc);
  for (const [at, char] of Object.entries(cc)) chars[Number(at)] = char;
  return { ...first, iflag, lflag, oflag, cc: chars };
}
const RAW = { iflag: 0, lflag: 0, oflag: 0 };

/** Everything there is to read, each read() for itself. */
function readAll(fd: number): Buffer[] {
  // A poll that finds nothing lets the line discipline begin with what was written to it, and FIONREAD waits until it is through.
  needLibc().hungUp(fd);
  needLibc().inputQueued(fd);
  const got: Buffer[] = [];
  for (;;) {
    const data = needLibc().readNow(fd, 4096);
    // Nothing at all is an end of file (^D), or what there is to read where VMIN is 0.
    if (data instanceof SystemError || (data.length === 0 && got.at(-1)?.length === 0)) return got;
    got.push(data);
    assert.ok(got.length < 1000);
  }
}
const latin1 = (data: Buffer): string => data.toString('latin1');

class BarePty {
  readonly #master: number;
  readonly #slave: number;
  readonly first: Termios;
  constructor() {
    const c = needLibc();
    const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
    this.#master = openSync('/dev/ptmx', flags);
    must(c.unlockPty(this.#master));
    this.#slave = openSync(`/dev/pts/${must(c.ptyNumber(this.#master))}`, flags);
    this.first = must(c.getTermios(this.#slave));
  }
  play(each: Case): Seen {
    const c = needLibc();
    must(c.setTermios(this.#slave, settings(each, this.first)));
    writeSync(this.#master, each.input);
    const reads = readAll(this.#slave);
    const written = writeSome(this.#slave, each.output);
    must(c.setTermios(this.#slave, { ...this.first, ...RAW }));
    reads.push(...readAll(this.#slave));
    writeSync(this.#slave, MARK);
    return { reads: reads.map(latin1), written, sent: latin1(Buffer.concat(readAll(this.#master))) };
  }
  close(): void {
    closeSync(this.#slave);
    closeSync(this.#master);
  }
}

/** A bare pty, and an attached device with a server; a case is played on both. */
async function pair(t: TestContext): Promise<{ both(each: Case): Promise<{ bare: Seen; attached: Seen }> }> {
  const bare = new BarePty();
  t.after(() => bare.close());
  const env = attachTestEnv(t);
  const peer = new Peer(t);
  const attachment = attach(t, env, `tcp://127.0.0.1:${await peer.listen()}`);
  await connected(attachment);
  const app = new Application(attachment.spec.device);
  t.after(() => app.close());
  const play = async (each: Case): Promise<Seen> => {
    app.set(() => settings(each, bare.first));
    const before = attachment.view.bytesIn;
    peer.send(each.input);
    await until('the input', () => attachment.view.bytesIn === before + each.input.length);
    const reads = readAll(app.fd);
    const written = app.writeSome(each.output);
    app.set(() => ({ ...bare.first, ...RAW }));
    reads.push(...readAll(app.fd));
    app.write(MARK);
    await until('the mark', () => peer.got.includes(MARK));
    const sent = latin1(peer.got);
    peer.clear();
    return { reads: reads.map(latin1), written, sent };
  };
  return { both: async (each) => ({ bare: bare.play(each), attached: await play(each) }) };
}

const IFLAGS = [
  0,
  ...Object.values(I),
  ...Object.values(I2),
  I.ICRNL | I2.IXON,
  I.IGNCR | I.INLCR,
  I2.IXON | I2.IXANY,
  I.PARMRK | I.ISTRIP,
];
const COOKED = L.ICANON | L.ECHO | L.ECHOE | L.ECHOK | L.ISIG | L2.ECHOCTL | L2.ECHOKE | L2.IEXTEN;
const LFLAGS = [0, L.ICANON, L.ECHO, L.ISIG, L.ISIG | L.NOFLSH, L.ICANON | L.ECHO, L.ICANON | L.ECHONL, L.ICANON | L2.IEXTEN, COOKED];
const MORE_LFLAGS = [
  ...Object.values({ ...L, ...L2 }).map((flag) => COOKED ^ flag),
  L.ICANON | L.ECHO | L2.ECHOPRT | L2.IEXTEN,
  L.ICANON | L.XCASE,
];
const OFLAGS = [0, ...Object.values(O).map((flag) => O.OPOST | flag), O.ONLCR, O.OPOST | O.ONLCR | O.OCRNL | O.XTABS];
const CHARACTERS: readonly Case['cc'][] = [
  { [CC.VEOL]: 0x3b },
  { [CC.VEOL]: 0x0d, [CC.VEOF]: 0, [CC.VERASE]: 0, [CC.VKILL]: 0 },
  { [CC.VEOL2]: 0x66 },
  { [CC.VINTR]: 0x61, [CC.VKILL]: 0x62 },
  { [CC.VSTART]: 0x67, [CC.VSTOP]: 0x73 },
  { [CC.VMIN]: 0 },
  { [CC.VMIN]: 5 },
];
const hex = (n: number): string => n.toString(16);

test('each setting of input, output and line discipline has the effect it has on a bare pty', async (t) => {
  const { both } = await pair(t);
  const cases = [
    ...IFLAGS.flatMap((iflag) => LFLAGS.flatMap((lflag) => INPUT.map((input) => plain({ iflag, lflag, input })))),
    ...MORE_LFLAGS.flatMap((lflag) => INPUT.map((input) => plain({ lflag, iflag: I.ICRNL, input }))),
    ...OFLAGS.flatMap((oflag) => [0, L.ECHO, COOKED].map((lflag) => plain({ oflag, lflag, iflag: I.ICRNL }))),
    ...CHARACTERS.flatMap((cc) => [0, L.ICANON, COOKED].map((lflag) => plain({ cc, lflag, iflag: I2.IXON }))),
  ];
  for (const each of cases) {
    const { bare, attached } = await both(each);
    assert.deepEqual(attached, bare, `iflag ${hex(each.iflag)}, lflag ${hex(each.lflag)}, oflag ${hex(each.oflag)}`);
  }
  // They are not all the same: the settings have been at work.
  assert.ok(cases.length > 400);
});

test('whatever is set, and whatever comes, the bytes are those of a bare pty', async (t) => {
  const { both } = await pair(t);
  const any = fc.record({
    iflag: fc.nat(0x7fff),
    lflag: fc.nat(0xffff),
    oflag: fc.nat(0x3f),
    cc: fc.dictionary(fc.nat(18).map(String), fc.nat(255)),
    input: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((data) => Buffer.from(data)),
    output: fc.uint8Array({ maxLength: 300 }).map((data) => Buffer.from(data)),
  });
  await fc.assert(
    fc.asyncProperty(any, async (each) => {
      const { bare, attached } = await both(each);
      assert.deepEqual(attached, bare);
    }),
    { includeErrorInReport: true, numRuns: 150 },
  );
});
