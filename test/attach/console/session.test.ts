import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HexView } from '../../../src/attach/console/hex-view.ts';
import { DEFAULT_ESCAPE, escapeName, KeyReader, LineEditor, parseEscape } from '../../../src/attach/console/keys.ts';
import { LineStamps, mapReceived, mapTyped, parseMappings } from '../../../src/attach/console/received.ts';
import { type ConsoleOptions, type ConsoleOut, ConsoleSession } from '../../../src/attach/console/session.ts';
import { parseTransfer, type TransferRequest, type TransferUp } from '../../../src/attach/console/transfer.ts';
import { dateAt } from '../../../src/base/clock.ts';
import type { GensioError } from '../../../src/base/gensio-error.ts';
import type { SerialControl } from '../../../src/gensio/gensio.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { NumberedControl, type Setting } from '../../rig/numbers.ts';

test('any cut of what was typed gives the same bytes and commands', () => {
  const read = (pieces: readonly Buffer[]): string => {
    const keys = new KeyReader(DEFAULT_ESCAPE);
    let out = '';
    for (const piece of pieces) {
      for (let rest = piece; rest.length > 0; ) {
        const { typed, rest: more } = keys.take(rest);
        rest = more;
        if (typed !== undefined) out += typed.is === 'data' ? typed.data.toString('hex') : `<${typed.key}>`;
      }
    }
    return out;
  };
  const typed = fc.array(fc.constantFrom(0x1d, 0x61, 0x0d, 0xff, 0x71), { maxLength: 20 });
  fc.assert(
    fc.property(typed, fc.nat(20), (bytes, at) => {
      const all = Buffer.from(bytes);
      assert.equal(read([all.subarray(0, at), all.subarray(at)]), read([all]));
    }),
  );
  assert.equal(read([Buffer.from('ab\x1d\x1dc\x1dq')]), '61621d63<q>');
});

test('escape keys are read and named', () => {
  assert.deepEqual(['^]', '^a', 'ctrl-t', '~', 'none', 'F1', ''].map(parseEscape), [0x1d, 1, 20, 126, 'none', undefined, undefined]);
  assert.equal(escapeName(0x1d), 'Ctrl-]');
  assert.deepEqual(new KeyReader('none').take(Buffer.from('\x1dq')).typed, { is: 'data', data: Buffer.from('\x1dq') });
});

test('a line can be corrected, cancelled, and what follows it is kept', () => {
  let shown = '';
  const type = (text: string) =>
    new LineEditor((t) => {
      shown += t;
    }).read(Buffer.from(text));
  assert.deepEqual(type(' 96x\x7f00\rmore'), { line: '9600', rest: Buffer.from('more') });
  assert.deepEqual(type('12\x0334'), { line: 'cancelled', rest: Buffer.from('34') });
  assert.equal(type('a\x15'), undefined);
  assert.ok(shown.includes('\b \b'));
});

test('bytes in hexadecimal carry their offset and their characters', () => {
  const view = new HexView();
  assert.equal(view.lines(Buffer.from('hello\r\n')), `00000000  68 65 6c 6c 6f 0d 0a${' '.repeat(27)}  |hello..|\r\n`);
  const lines = view.lines(Buffer.alloc(17, 0xff)).split('\r\n');
  assert.deepEqual(
    lines.slice(0, 2).map((line) => line.slice(0, 12)),
    ['00000007  ff', '00000017  ff'],
  );
});

/** A server with a line: what was asked for, and what is in force. */
class FakeLine extends NumberedControl {
  readonly asked: string[] = [];
  readonly inForce: Record<Setting, number> = { baudrate: 9600, datasize: 8, parity: 1, stopsize: 1, control: 1 };
  dtr = true;
  rts = true;
  refuses = false;
  protected request(setting: Setting, value: number, done: (value: number | undefined) => void): void {
    this.asked.push(`${setting}=${value}`);
    if (setting === 'control') {
      if (value === 8 || value === 9) this.dtr = value === 8;
      if (value === 11 || value === 12) this.rts = value === 11;
      done(value < 10 ? (this.dtr ? 8 : 9) : this.rts ? 11 : 12);
    } else {
      if (value !== 0 && !this.refuses) this.inForce[setting] = value;
      done(this.inForce[setting]);
    }
  }
  sendBreak(): void {
    this.asked.push('break');
  }
  purge(): void {}
}

function rig(over: Partial<ConsoleOptions> = {}, serial: SerialControl | 'none' = new FakeLine()) {
  const gensio = new FakeGensio(serial === 'none' ? {} : { serial });
  const seen = {
    text: '',
    said: [] as string[],
    logged: {} as Record<string, string>,
    end: undefined as undefined | { err: GensioError | undefined },
    room: true,
    transfer: undefined as undefined | { request: TransferRequest; up: TransferUp; got: string; cancelled: boolean },
  };
  const out: ConsoleOut = {
    write: (data) => {
      seen.text += data.toString('latin1');
      return seen.room;
    },
    say: (text) => void seen.said.push(text),
    explain: (err) => err.message,
    ask: (question) => {
      seen.text += `[${question}: `;
    },
    now: () => dateAt(Date.UTC(2026, 11, 1, 1, 2, 3, 4) + dateAt(0).getTimezoneOffset() * 60_000),
    transfer: (request, up) => {
      seen.transfer = { request, up, got: '', cancelled: false };
      return {
        read: (data) => {
          seen.transfer!.got += data.toString('latin1');
          return true;
        },
        writable: () => undefined,
        cancel: () => {
          seen.transfer!.cancelled = true;
          up.ended('cancelled');
        },
      };
    },
    openLog: (path) => {
      if (path.startsWith('/no')) throw new Error(`cannot open ${path}`);
      seen.logged[path] = '';
      const add = (text: string): void => {
        seen.logged[path] += text;
      };
      return { write: (data) => add(data.toString()), close: () => add('|') };
    },
    ended: (err) => {
      seen.end = { err };
    },
  };
  const session = new ConsoleSession(gensio, out, {
    escape: DEFAULT_ESCAPE,
    hex: false,
    echo: false,
    timestamps: false,
    mappings: new Set(),
    log: undefined,
    target: 'plc',
    ...over,
  });
  return { gensio, seen, session, type: (text: string) => session.typed(Buffer.from(text, 'latin1')), line: serial as FakeLine };
}

test('bytes go both ways as they are, with room on both sides', () => {
  const { gensio, seen, session, type } = rig();
  gensio.feed('login: \xff');
  assert.equal(seen.text, 'login: \xff');
  assert.equal(type('root\r'), true);
  gensio.full = true;
  assert.equal(type('x'), false);
  let drained = false;
  session.drainedNetwork = () => {
    drained = true;
  };
  gensio.drain();
  assert.ok(drained);
  assert.equal(gensio.take().toString(), 'root\rx');
  seen.room = false;
  gensio.feed('much');
  assert.equal(gensio.reading, false);
  seen.room = true;
  session.drained();
  assert.equal(gensio.reading, true);
});

test('the speed is asked for at a prompt, during which nothing is shown or sent', () => {
  const { gensio, seen, type, line } = rig();
  type('\x1ds192');
  assert.equal(gensio.reading, false);
  type('00e71\r');
  assert.deepEqual(line.asked, ['baudrate=19200', 'datasize=7', 'parity=3', 'stopsize=1']);
  assert.deepEqual(seen.said.slice(1), ['speed 19200 set', '7 data bits set', 'even parity set', '1 stop bit set']);
  assert.equal(gensio.reading, true);
  assert.equal(gensio.take().length, 0);
  line.refuses = true;
  type('\x1ds300\r');
  assert.equal(seen.said.at(-1), 'speed 300 not set: the speed is 19200');
  type('\x1dsfast\r');
  assert.match(seen.said.at(-1)!, /'fast' is not a speed/);
  type('\x1ds\x03');
  assert.equal(gensio.reading, true);
});

test('break, DTR, RTS and the modem lines', () => {
  const { gensio, seen, type, line } = rig();
  type('\x1db\x1dd\x1dr');
  assert.deepEqual([line.asked[0], line.dtr, line.rts], ['break', false, false]);
  type('\x1dd');
  assert.deepEqual(seen.said.slice(1), ['break sent', 'DTR off', 'RTS off', 'DTR on']);
  type('\x1dm');
  assert.equal(seen.said.at(-1), 'inputs not told, DTR on, RTS off');
  gensio.emit({ on: 'modemstate', state: 0xb0 });
  type('\x1dm');
  assert.equal(seen.said.at(-1), 'CTS on, DSR on, RI off, DCD on, DTR on, RTS off');
  type('\x1di');
  assert.deepEqual(seen.said.slice(-2), ['plc (ipv4,127.0.0.1,1234)', '9600N81']);
});

test('without RFC 2217 the commands say so', () => {
  const { seen, type } = rig({}, 'none');
  type('\x1db\x1dd\x1di');
  assert.deepEqual(seen.said.slice(1), [
    'this connection cannot send a break: use telnet or RFC 2217',
    'the server cannot be asked: this is not RFC 2217',
    'plc (ipv4,127.0.0.1,1234)',
    'the server cannot be asked: this is not RFC 2217',
  ]);
});

test('what comes is logged while a log is open, also in hexadecimal view', () => {
  const { gensio, seen, type } = rig({ log: 'first' });
  gensio.feed('a');
  type('\x1dl');
  gensio.feed('b');
  type('\x1dlsecond\r\x1dx');
  gensio.feed('c');
  type('\x1dl\x1dl/no/where\r');
  assert.equal(seen.said.at(-1), 'cannot open /no/where');
  assert.deepEqual(seen.logged, { first: 'a|', second: 'c|' });
  assert.match(seen.text, /00000000 {2}63 .*\|c\|/);
});

test('help names every command, an unknown key says so, and the key twice is sent', () => {
  const { gensio, seen, type } = rig();
  type('\x1d?');
  assert.match(seen.text, /Ctrl-\] q or \. +quit\r\n/);
  type('\x1dz\x1d\x1d');
  assert.equal(seen.said.at(-1), "no command 'z', try ?");
  assert.equal(gensio.take().toString(), '\x1d');
});

test('time stamps stand at the beginning of each line, however it is cut', () => {
  const { gensio, seen, type } = rig({ timestamps: true });
  for (const piece of ['one\r', '\ntw', 'o\n', '\r\nthree']) gensio.feed(piece);
  const time = '[01:02:03.004] ';
  assert.equal(seen.text, `${time}one\r\n${time}two\n\r${time}\n${time}three`);
  type('\x1dt');
  gensio.feed('\nfour');
  assert.ok(seen.text.endsWith('three\nfour'));
  const at = dateAt(0);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(10, 13, 65), { maxLength: 20 }), fc.nat(20), (bytes, cut) => {
      const all = Buffer.from(bytes);
      const [whole, parts] = [new LineStamps(), new LineStamps()];
      const once = whole.stamp(all, at).toString();
      assert.equal(parts.stamp(all.subarray(0, cut), at).toString() + parts.stamp(all.subarray(cut), at).toString(), once);
      assert.equal(once.replaceAll(/\[[0-9:.]+\] /g, ''), all.toString());
    }),
  );
});

test('line ends are mapped as tio does, each way by itself', () => {
  const received = (words: string, text: string): string => mapReceived(Buffer.from(text), parseMappings(words)!).toString();
  const typed = (words: string, text: string): string => mapTyped(Buffer.from(text), parseMappings(words)!).toString();
  assert.equal(received('ICRNL', 'a\rb\n'), 'a\nb\n');
  assert.equal(received('igncr', 'a\r\nb'), 'a\nb');
  assert.equal(received('inlcr', 'a\nb'), 'a\rb');
  assert.equal(received('inlcrnl', 'a\nb'), 'a\r\nb');
  assert.equal(received('ocrnl,odelbs', 'a\r\x7f'), 'a\r\x7f');
  assert.equal(typed('ocrnl odelbs', 'a\r\x7f'), 'a\n\b');
  assert.equal(typed('onlcrnl', 'a\n'), 'a\r\n');
  assert.equal(typed('inlcrnl', 'a\n'), 'a\n');
  assert.equal(parseMappings('icrnl,crlf'), undefined);
  assert.equal(parseMappings('none')?.size, 0);
  const { gensio, seen, type } = rig({ mappings: parseMappings('ocrnl')! });
  type('x\r');
  assert.equal(gensio.take().toString(), 'x\n');
  type('\x1dcnone\r');
  assert.equal(seen.said.at(-1), 'nothing is mapped');
  type('\x1dcinlcrnl,odelbs\r');
  assert.equal(seen.said.at(-1), 'received LF is shown as CR LF, typed DEL is sent as BS');
  gensio.feed('a\n');
  assert.ok(seen.text.endsWith('a\r\n'));
  type('\x1dcfoo\r');
  assert.equal(seen.said.at(-1), "'foo' has a word that is no mapping");
});

test('local echo can be turned on and off', () => {
  const { seen, type } = rig();
  type('a\x1deb\r\x1dec');
  assert.equal(seen.text, 'b\r\n');
  assert.deepEqual(seen.said.slice(1), ['local echo', 'no local echo']);
});

test('a file that is sent has the line: what comes is not shown, what is typed is not sent, and Ctrl-C cancels it', () => {
  const { gensio, seen, type } = rig();
  type('\x1dfx boot.bin\r');
  assert.deepEqual(seen.transfer?.request, { send: true, protocol: 'x', file: 'boot.bin' });
  gensio.feed('C');
  type('typed');
  seen.transfer.up.write(Buffer.from('block'));
  assert.equal(seen.transfer.got, 'C');
  assert.equal(gensio.take().toString(), 'block');
  assert.ok(!seen.text.includes('C'));
  type('\x03');
  assert.ok(seen.transfer.cancelled);
  assert.equal(seen.said.at(-1), 'boot.bin was not sent: cancelled');
  gensio.feed('again');
  assert.ok(seen.text.endsWith('again'));
  type('\x1dgz\r');
  seen.transfer.up.ended(undefined);
  assert.equal(seen.said.at(-1), 'received a file');
  assert.deepEqual(
    ['boot.bin', 'y my file', 'z', ''].map((text) => parseTransfer(text, true)),
    [{ send: true, protocol: 'z', file: 'boot.bin' }, { send: true, protocol: 'y', file: 'my file' }, 'no file', 'no file'],
  );
  assert.deepEqual(
    ['z', 'x f', 'x', 'z f', 'f'].map((text) => typeof parseTransfer(text, false)),
    ['object', 'object', 'string', 'string', 'string'],
  );
});

test('quitting ends it once, and a lost connection says why', () => {
  const one = rig({ log: 'f' });
  one.type('\x1dqmore');
  assert.deepEqual(one.seen.end, { err: undefined });
  assert.equal(one.seen.logged.f, '|');
  assert.equal(one.gensio.take().length, 0);
  const two = rig({ echo: true });
  two.type('ls\r');
  assert.equal(two.seen.text, 'ls\r\n');
  two.gensio.end();
  assert.deepEqual(two.seen.end, { err: undefined });
});
