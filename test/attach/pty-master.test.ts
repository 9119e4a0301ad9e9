import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { lineOfOptions } from '../../src/attach/line.ts';
import { PtyMaster, type PtyOptions, type PtyUp } from '../../src/attach/pty-master.ts';
import { PtyOpenWatch } from '../../src/attach/pty-open-watch.ts';
import { TermiosWatch } from '../../src/attach/termios-watch.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Libc } from '../../src/base/libc.ts';
import type { Termios } from '../../src/base/termios.ts';
import { TERMIOS } from '../../src/gensio/serialdev/termios.ts';
import { forcePublicInterfaces } from '../../src/gensio/uv-handle.ts';
import { FakeClock } from '../rig/fake-clock.ts';
import { needLibc } from '../rig/pty.ts';
import { settle, until } from '../rig/wait.ts';
import { Application } from './application.ts';

class Heard implements PtyUp {
  data = Buffer.alloc(0);
  readonly set: Termios[] = [];
  readonly calls: string[] = [];
  writables = 0;
  read(data: Buffer): void {
    this.data = Buffer.concat([this.data, data]);
  }
  writable(): void {
    this.writables++;
  }
  settings(termios: Termios): void {
    this.set.push(termios);
  }
  flushed(queue: string): void {
    this.calls.push(`flushed ${queue}`);
  }
  used(open: boolean): void {
    this.calls.push(open ? 'opened' : 'closed');
  }
  failed(err: Error): void {
    this.calls.push(`failed ${err.message}`);
  }
}

/** asm-generic/termbits.h */
const [ISIG, ICANON, ECHO, EXTPROC] = [0o1, 0o2, 0o10, 0o200000];

const NO_RIGHTS = { owner: undefined, group: undefined, mode: undefined };
const PLAIN: PtyOptions = { ...NO_RIGHTS, line: lineOfOptions({ speed: undefined, flow: undefined }) };

function make(t: TestContext, options = PLAIN, c: Libc = needLibc(), clock: Clock = systemClock): { pty: PtyMaster; heard: Heard } {
  const heard = new Heard();
  const env = { clock, libc: c, opens: new PtyOpenWatch(c, clock), settings: new TermiosWatch(c, clock) };
  const pty = new PtyMaster(heard, options, env);
  pty.setReading(true);
  t.after(() => pty.close());
  return { pty, heard };
}
const fresh = async (heard: Heard, count = 1): Promise<Termios> => {
  await until('settings', () => heard.set.length >= count);
  return heard.set.at(-1)!;
};

/** As until(), and time passes meanwhile: where there is no inotify, and for a look that is repeated. */
const passing = (clock: FakeClock, what: string, holds: () => boolean): Promise<void> =>
  until(what, () => {
    clock.advance(10);
    return holds();
  });

/** Once through Node's inside and once with its documented interfaces only. */
function both(name: string, run: (t: TestContext) => void | Promise<void>): void {
  for (const plain of [false, true]) {
    test(`${name}${plain ? ', with documented interfaces only' : ''}`, (t) => {
      forcePublicInterfaces(plain);
      t.after(() => forcePublicInterfaces(false));
      return run(t);
    });
  }
}

both('bytes of every value pass both ways unchanged, without echo', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  app.write(all);
  pty.write(all);
  await until('the bytes', () => heard.data.length >= 256);
  assert.deepEqual(heard.data, all);
  assert.deepEqual(await app.take(256), all);
  app.close();
});

both('each tcsetattr is reported with what is in force, also one that changes nothing', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  app.setSpeed(74880);
  assert.equal((await fresh(heard)).ospeed, 74880);
  app.set((now) => ({ ...now, cflag: now.cflag | TERMIOS.CSTOPB | TERMIOS.CRTSCTS, iflag: now.iflag | TERMIOS.IXON }));
  const { cflag, iflag } = await fresh(heard, 2);
  assert.ok((cflag & TERMIOS.CSTOPB) !== 0 && (cflag & TERMIOS.CRTSCTS) !== 0 && (iflag & TERMIOS.IXON) !== 0);
  app.set((now) => now);
  await fresh(heard, 3);
  app.close();
});

both('what an application has set it reads back, at once and after it was noticed', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  const first = app.termios;
  const lflags = [0, ICANON, ICANON | ECHO | ISIG, EXTPROC | ICANON, first.lflag, ECHO];
  for (const [i, lflag] of lflags.entries()) {
    const wanted = { ...first, lflag };
    app.set(() => wanted);
    assert.deepEqual(app.termios, wanted);
    assert.deepEqual(await fresh(heard, i + 1), wanted);
    await settle(1);
    assert.deepEqual(app.termios, wanted);
  }
  app.close();
});

test('settings are noticed within 10 ms, raw or not', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  for (const lflag of [0, ICANON | ECHO | ISIG]) {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const count = heard.set.length;
      const from = performance.now();
      app.set((now) => ({ ...now, lflag }));
      while (heard.set.length === count && performance.now() - from < 1000) await settle(1);
      times.push(performance.now() - from);
    }
    const median = times.sort((a, b) => a - b)[7]!;
    assert.ok(median < 10, `${median} ms`);
  }
  app.close();
});

both('settings of an application whose output is stopped are noticed too; the next one can write', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  app.set((now) => ({ ...now, iflag: TERMIOS.IXON }));
  await fresh(heard);
  pty.write(Buffer.from('\x13'));
  await until('the output to stop', () => app.writeSome(Buffer.from('x')) === 0);
  app.set((now) => ({ ...now, cflag: now.cflag | TERMIOS.CSTOPB }));
  await until('the settings', () => (heard.set.at(-1)!.cflag & TERMIOS.CSTOPB) !== 0);
  app.close();
  await until('closed', () => !pty.used);
  const next = new Application(pty.path);
  assert.notEqual(next.termios.iflag & TERMIOS.IXON, 0);
  const before = heard.data.length;
  next.write('next');
  await until('what the next one writes', () => heard.data.subarray(before).toString() === 'next');
  next.close();
});

both('what comes while nobody has the device open is not sent back, whatever settings were left behind', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  app.set((now) => ({ ...now, lflag: ICANON | ECHO }));
  app.close();
  await until('the settings, and nobody there', () => heard.set.length > 0 && !pty.used);
  assert.equal(pty.write(Buffer.from('one\n')), true);
  assert.equal(pty.write(Buffer.from(`${'x'.repeat(99)}\n`.repeat(50))), false);
  await settle();
  assert.equal(heard.data.length, 0);
  const next = new Application(pty.path);
  assert.equal((await next.take(4)).toString(), 'one\n');
  await until('room', () => heard.writables > 0);
  await until('the echo', () => heard.data.toString().startsWith('one'));
  next.close();
});

both('what comes after the character of a signal stays, and only what was written is flushed for it', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  app.set((now) => ({ ...now, lflag: ICANON | ISIG }));
  await fresh(heard);
  pty.write(Buffer.concat([Buffer.from('lost\x03kept\n'), Buffer.alloc(2000, 0x61), Buffer.from('\n')]));
  assert.equal((await app.take(2006)).toString(), `kept\n${'a'.repeat(2000)}\n`);
  await until('the flush', () => heard.calls.includes('flushed output'));
  app.flush('both');
  await until('the flush of both', () => heard.calls.includes('flushed both'));
  app.close();
});

both('flushes are reported by queue', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  for (const queue of ['input', 'output', 'both'] as const) {
    app.flush(queue);
    await until(`flushed ${queue}`, () => heard.calls.includes(`flushed ${queue}`));
  }
  app.close();
});

both('the first open and the last close are noticed, whatever comes between', async (t) => {
  const clock = new FakeClock();
  const { pty, heard } = make(t, PLAIN, needLibc(), clock);
  const [a, b] = [new Application(pty.path), new Application(pty.path)];
  await passing(clock, 'opened', () => pty.used);
  a.close();
  const c = new Application(pty.path);
  b.close();
  await settle();
  clock.advance(1000);
  assert.ok(pty.used);
  c.close();
  await passing(clock, 'closed', () => !pty.used);
  assert.deepEqual(heard.calls, ['opened', 'closed']);
});

both('an application that keeps others out (TIOCEXCL) does so as long as it is there, and no longer', async (t) => {
  const clock = new FakeClock();
  const c = needLibc();
  const { pty } = make(t, PLAIN, c, clock);
  const [screen, stty] = [new Application(pty.path), new Application(pty.path)];
  assert.equal(c.setExclusive(screen.fd, true), undefined);
  stty.close();
  // The look at who is left, and those that follow it, leave it so.
  await passing(clock, 'opened', () => pty.used);
  await settle();
  clock.advance(1000);
  assert.equal(c.isExclusive(screen.fd), true);
  screen.close();
  await passing(clock, 'a device for everybody', () => {
    const next = new Application(pty.path);
    const exclusive = c.isExclusive(next.fd);
    next.close();
    return exclusive === false;
  });
});

both('a slave that cannot be opened any more is a lost pty, told so', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, who gives up being it for a moment');
  const { pty, heard } = make(t, { ...NO_RIGHTS, mode: 0o600, line: PLAIN.line });
  const app = new Application(pty.path);
  await until('opened', () => pty.used);
  process.seteuid!(65534);
  try {
    app.close();
    await until('the failure', () => heard.calls.length > 1);
  } finally {
    process.seteuid!(0);
  }
  assert.deepEqual(heard.calls, ['opened', 'failed Permission denied']);
});

both('what an application wrote before it closed arrives, and nobody counts as there afterwards', async (t) => {
  const { pty, heard } = make(t);
  for (let i = 0; i < 200; i++) {
    const app = new Application(pty.path);
    app.write(`${i};`);
    app.close();
    if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const wanted = Array.from({ length: 200 }, (_, i) => `${i};`).join('');
  await until('everything', () => heard.data.length >= wanted.length);
  assert.equal(heard.data.toString(), wanted);
  await until('closed', () => !pty.used);
  const { path } = pty;
  const app = new Application(path);
  await until('opened again', () => pty.used);
  app.close();
});

both('without inotify opens and closes are noticed all the same, a little later', async (t) => {
  const { SystemError } = await import('../../src/base/libc.ts');
  const c = needLibc();
  const { pty } = make(t, PLAIN, { ...c, inotify: () => new SystemError(24, 'inotify_init1') });
  const app = new Application(pty.path);
  await until('opened', () => pty.used);
  app.close();
  await until('closed', () => !pty.used);
});

both('data for nobody waits for the next one that opens', async (t) => {
  const { pty } = make(t);
  pty.write(Buffer.from('early'));
  const app = new Application(pty.path);
  assert.equal((await app.take(5)).toString(), 'early');
  app.close();
});

both('while nothing is read the writer stops, and its settings and flushes are reported all the same', async (t) => {
  const { pty, heard } = make(t);
  await new Promise((resolve) => setImmediate(resolve));
  pty.setReading(false);
  const app = new Application(pty.path);
  let written = 0;
  await until('a full pty', () => {
    const n = app.writeSome(Buffer.alloc(4096, 0x55));
    written += n;
    return n === 0;
  });
  assert.ok(written < 100_000);
  app.setSpeed(2400);
  assert.equal((await fresh(heard)).ospeed, 2400);
  assert.equal(heard.data.length, 0);
  pty.setReading(true);
  await until('all of it', () => heard.data.length === written);
  app.flush('output');
  await until('flushed', () => heard.calls.includes('flushed output'));
  app.close();
});

both('an application that does not read makes write() say so, and writable() follows when it does', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  const piece = Buffer.alloc(16384, 0x41);
  let written = 0;
  while (pty.write(piece)) written += piece.length;
  written += piece.length;
  assert.ok(written < 1_000_000 && pty.queued() > 0);
  assert.equal((await app.take(written)).length, written);
  await until('writable', () => heard.writables === 1);
  app.close();
});

both('the settings begin with the line of the options, and owner and mode are as asked for', (t) => {
  const line = lineOfOptions({ speed: { speed: 19200, parity: 'E', databits: 7, stopbits: 2 }, flow: 'rtscts' });
  const { pty } = make(t, { ...NO_RIGHTS, mode: 0o640, line });
  const app = new Application(pty.path);
  const { ospeed, cflag, oflag } = app.termios;
  assert.equal(ospeed, 19200);
  assert.ok((cflag & TERMIOS.CSTOPB) !== 0 && (cflag & TERMIOS.CRTSCTS) !== 0);
  assert.equal(oflag, 0);
  app.close();
  assert.throws(() => make(t, { ...PLAIN, owner: 'no-such-user' }), { code: 'notfound', detail: "no user 'no-such-user'" });
});

both('the speed shown is what the server says, and no application is taken to have set it', async (t) => {
  const { pty, heard } = make(t);
  const app = new Application(pty.path);
  pty.showSpeed(4800);
  assert.equal(app.termios.ospeed, 4800);
  pty.showSpeed(9600, 57600);
  assert.equal(app.termios.ospeed, 4800);
  app.write('x');
  await until('a byte', () => heard.data.length === 1);
  assert.equal(heard.set.length, 0);
  app.close();
});

both('stty reads the speed that is in force, whoever has set it', async (t) => {
  const line = lineOfOptions({ speed: { speed: 19200, parity: undefined, databits: undefined, stopbits: undefined }, flow: undefined });
  const { pty, heard } = make(t, { ...NO_RIGHTS, line });
  const stty = (...words: string[]): string => execFileSync('stty', ['-F', pty.path, ...words], { encoding: 'utf8' }).trim();
  assert.equal(stty('speed'), '19200');
  pty.showSpeed(57600);
  assert.equal(stty('speed'), '57600');
  stty('115200');
  assert.equal(stty('speed'), '115200');
  await until('the speed set by stty', () => heard.set.at(-1)?.ospeed === 115200);
  // It has no constant: stty knows no such speeds, programs that ask with TCGETS2 do.
  pty.showSpeed(250000);
  const app = new Application(pty.path);
  assert.equal(app.termios.ospeed, 250000);
  pty.showSpeed(9600);
  app.setSpeed(74880);
  assert.equal((await fresh(heard, heard.set.length + 1)).ospeed, 74880);
  app.close();
});

both('hanging up ends the device for those that have it open; the next one finds it as it was', async (t) => {
  const { pty, heard } = make(t);
  const old = new Application(pty.path);
  old.setSpeed(57600);
  await fresh(heard);
  if (!pty.hangUp()) {
    old.close();
    return t.skip('needs CAP_SYS_ADMIN');
  }
  await old.hungUp();
  const app = new Application(pty.path);
  assert.equal(app.termios.ospeed, 57600);
  app.write('again');
  await until('data', () => heard.data.toString() === 'again');
  pty.write(Buffer.from('\n back\r'));
  assert.equal((await app.take(7)).toString(), '\n back\r');
  app.setSpeed(300);
  await until('settings', () => heard.set.at(-1)?.ospeed === 300);
  // A descriptor that was hung up counts as long as it is there.
  old.close();
  app.close();
  await until('closed', () => !pty.used);
});

both('closing ends the device for everybody', async (t) => {
  const { pty } = make(t);
  const app = new Application(pty.path);
  pty.close();
  await app.hungUp();
  app.close();
});
