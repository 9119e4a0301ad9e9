import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GensioEvent } from '../../../src/gensio/gensio.ts';
import { ComPortServer, ciscoOfSpeed, speedOfCisco } from '../../../src/gensio/telnet/com-port.ts';
import { ComPortClient } from '../../../src/gensio/telnet/com-port-client.ts';
import { bytesOf, textOf } from '../../../src/gensio/telnet/names.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { ask as askByNumber, SETTINGS, type Setting } from '../../rig/numbers.ts';

/** The value part of `IAC SB COM-PORT-OPTION ... IAC SE`, as the decoder hands it on. */
const received = (text: string): Buffer => bytesOf(`COM-PORT-OPTION ${text}`);
const answer = (text: string): string => `IAC SB COM-PORT-OPTION ${text} IAC SE`;

class Server {
  sent: string[] = [];
  events: GensioEvent[] = [];
  room = true;
  readonly comPort = new ComPortServer({
    send: (bytes) => void this.sent.push(textOf(bytes)),
    room: () => this.room,
    emit: (event) => void this.events.push(event),
  });
}

const REQUESTS: readonly (readonly [request: string, events: readonly GensioEvent[], answers?: readonly string[]])[] = [
  ['SIGNATURE', [{ on: 'signature' }]],
  ['SIGNATURE "some client"', [{ on: 'signature' }]],
  ['SET-BAUDRATE 00004b00', [{ on: 'serial', item: 'speed', value: 19200 }]],
  ['SET-BAUDRATE ffffffff', [{ on: 'serial', item: 'speed', value: 4294967295 }]],
  ['SET-BAUDRATE 00004b0033', [{ on: 'serial', item: 'speed', value: 19200 }]],
  ['SET-BAUDRATE 0a', [{ on: 'serial', item: 'speed', value: 19200 }]],
  ['SET-BAUDRATE 0a0000', [{ on: 'serial', item: 'speed', value: 19200 }]],
  ['SET-BAUDRATE 01', [{ on: 'serial', item: 'speed', value: undefined }]],
  ['SET-BAUDRATE', []],
  ['SET-DATASIZE 07', [{ on: 'serial', item: 'databits', value: 7 }]],
  ['SET-DATASIZE ff', []],
  ['SET-PARITY 02', [{ on: 'serial', item: 'parity', value: 'odd' }]],
  ['SET-STOPSIZE 02', [{ on: 'serial', item: 'stopbits', value: 2 }]],
  ['SET-PARITY 06', []],
  ['SET-STOPSIZE 03', [{ on: 'serial', item: 'stopbits', value: 1.5 }]],
  ['SET-CONTROL 04', [{ on: 'serial', item: 'break', value: undefined }]],
  ['SET-CONTROL 05', [{ on: 'serial', item: 'break', value: true }]],
  ['SET-CONTROL 09', [{ on: 'serial', item: 'dtr', value: false }]],
  ['SET-CONTROL 0a', [{ on: 'serial', item: 'rts', value: undefined }]],
  ['SET-CONTROL 13', [{ on: 'serial', item: 'inboundFlow', value: 'dsr' }]],
  ['SET-CONTROL 14', []],
  ['SET-CONTROL', []],
  ['FLOWCONTROL-SUSPEND', [{ on: 'serial', item: 'flow', value: 'none' }]],
  ['FLOWCONTROL-RESUME', [{ on: 'serial', item: 'flow', value: undefined }]],
  ['SET-LINESTATE-MASK 10', [{ on: 'linestate-mask', mask: 16 }]],
  ['SET-MODEMSTATE-MASK ff', [{ on: 'modemstate-mask', mask: 255 }]],
  ['SET-MODEMSTATE-MASK', []],
  ['PURGE-DATA 01', [{ on: 'purge', queue: 'input' }], ['PURGE-DATA+100 01']],
  ['PURGE-DATA 03', [{ on: 'purge', queue: 'both' }], ['PURGE-DATA+100 03']],
  ['PURGE-DATA 04', [], ['PURGE-DATA+100 04']],
  ['PURGE-DATA 00', [], ['PURGE-DATA+100 00']],
  ['PURGE-DATA ff', [], ['PURGE-DATA+100 ffff']],
  ['PURGE-DATA', []],
  ['NOTIFY-MODEMSTATE 11', []],
  ['NOTIFY-LINESTATE 11', []],
  ['0d 01', []],
  ['SET-BAUDRATE+100 00004b00', []],
  ['ff 00', []],
  ['', []],
];
for (const [request, events, answers = []] of REQUESTS) {
  test(`a server that gets ${request || 'no command'} says ${JSON.stringify(events)}`, () => {
    const { comPort, ...server } = new Server();
    comPort.received(received(request));
    assert.deepEqual(server.events, events);
    assert.deepEqual(server.sent, answers.map(answer));
  });
}

test('answers carry the code of their setting and 100, four bytes for a speed and one for the rest', () => {
  const { comPort, sent } = new Server();
  comPort.reply('speed', 4294967295);
  comPort.reply('databits', 7);
  comPort.reply('parity', 'even');
  comPort.reply('stopbits', 2);
  comPort.reply('inboundFlow', 'none');
  comPort.signature(Buffer.from('ser2net'));
  comPort.modemstate(255);
  comPort.linestate(0);
  const words = [
    'SET-BAUDRATE+100 ffffffffffffffff',
    'SET-DATASIZE+100 07',
    'SET-PARITY+100 03',
    'SET-STOPSIZE+100 02',
    'SET-CONTROL+100 0e',
  ];
  assert.deepEqual(sent, [...words, 'SIGNATURE+100 "ser2net"', 'NOTIFY-MODEMSTATE+100 ffff', 'NOTIFY-LINESTATE+100 00'].map(answer));
});

test('after a speed in one byte every speed to this client is one byte, 0 when it has none', () => {
  const { comPort, sent } = new Server();
  comPort.reply('speed', 19200);
  comPort.received(received('SET-BAUDRATE 08'));
  for (const speed of [9600, 115200, 12345, null]) comPort.reply('speed', speed);
  comPort.received(received('SET-BAUDRATE 00000000'));
  comPort.reply('speed', 300);
  assert.deepEqual(
    sent,
    ['00004b00', '08', '0e', '00', '00', '03'].map((v) => answer(`SET-BAUDRATE+100 ${v}`)),
  );
});

test('speeds and their bytes belong together, and what is outside the table is 0', () => {
  for (let byte = 0; byte < 256; byte++) assert.equal(ciscoOfSpeed(speedOfCisco(byte)), speedOfCisco(byte) === 0 ? 0 : byte);
  assert.deepEqual(
    Array.from({ length: 17 }, (_, byte) => speedOfCisco(byte)),
    [0, 0, 0, 300, 600, 1200, 2400, 4800, 9600, 0, 19200, 0, 38400, 57600, 115200, 230400, 0],
  );
});

test('the first WILL asks for a report of every change, later ones do not', () => {
  const { comPort, events } = new Server();
  comPort.agreed();
  comPort.agreed();
  assert.deepEqual(events, [{ on: 'modemstate-mask', mask: 255 }]);
});

test('a signature is cut to 254 bytes', () => {
  const { comPort, sent } = new Server();
  comPort.signature(Buffer.alloc(1000, 'x'));
  assert.equal(sent[0], answer(`SIGNATURE+100 "${'x'.repeat(254)}"`));
});

test('while there is no room the newest of each setting and all changes of the states are kept, and sent later once', () => {
  const server = new Server();
  server.room = false;
  const { comPort, sent } = server;
  for (let i = 0; i < 1000; i++) comPort.reply('speed', i);
  comPort.reply('flow', 'none');
  comPort.signature(Buffer.from('x'));
  for (const state of [0x11, 0x01, 0x22, 0x20]) comPort.modemstate(state);
  for (const state of [0x02, 0x10]) comPort.linestate(state);
  assert.deepEqual(sent, []);
  server.room = true;
  comPort.drained();
  const expected = ['SET-BAUDRATE+100 000003e7', 'SET-CONTROL+100 01', 'NOTIFY-MODEMSTATE+100 23', 'NOTIFY-LINESTATE+100 12'];
  assert.deepEqual(sent, expected.map(answer));
  comPort.drained();
  assert.equal(sent.length, 4);
});

class Client {
  sent: string[] = [];
  events: GensioEvent[] = [];
  readonly clock = new FakeClock();
  readonly values: string[] = [];
  readonly port = new ComPortClient(
    { send: (bytes) => void this.sent.push(textOf(bytes)), emit: (event) => void this.events.push(event) },
    this.clock,
  );
  constructor(agreed = true) {
    this.port.agreed = agreed;
  }
  ask(setting: Setting, value: number): void {
    askByNumber(this.port, setting, value, (v) => this.values.push(`${setting} ${value}: ${v}`));
  }
}

test('a request goes out with its code and the answer of that setting finishes the oldest one', () => {
  const c = new Client();
  c.ask('baudrate', 19200);
  c.ask('datasize', 7);
  c.ask('baudrate', 0);
  assert.deepEqual(c.sent, ['SET-BAUDRATE 00004b00', 'SET-DATASIZE 07', 'SET-BAUDRATE 00000000'].map(answer));
  c.port.received(received('SET-DATASIZE+100 08'));
  c.port.received(received('SET-BAUDRATE+100 00002580'));
  c.port.received(received('SET-BAUDRATE+100 00004b00'));
  c.port.received(received('SET-BAUDRATE+100 00004b00'));
  assert.deepEqual(c.values, ['datasize 7: 8', 'baudrate 19200: 9600', 'baudrate 0: 19200']);
  assert.equal(c.clock.timers, 0);
});

test('the smallest and the greatest value of each kind are sent, and answered by such ones', () => {
  const kinds = [
    ['baudrate', 0, 0xffffffff],
    ['datasize', 0, 8],
    ['parity', 0, 5],
    ['stopsize', 0, 3],
    ['control', 0, 3],
    ['control', 4, 6],
    ['control', 7, 9],
    ['control', 10, 12],
    ['control', 13, 19],
  ] as const;
  const names = {
    baudrate: 'SET-BAUDRATE',
    datasize: 'SET-DATASIZE',
    parity: 'SET-PARITY',
    stopsize: 'SET-STOPSIZE',
    control: 'SET-CONTROL',
  };
  for (const [setting, min, max] of kinds) {
    for (const [value, given] of [
      [min, max],
      [max, min],
    ] as const) {
      const c = new Client();
      c.ask(setting, value);
      const digits = setting === 'baudrate' ? 8 : 2;
      c.port.received(received(`${names[setting]}+100 ${given.toString(16).padStart(digits, '0')}`));
      assert.deepEqual(c.values, [`${setting} ${value}: ${given}`]);
    }
  }
  assert.equal(new ComPortClient({ send: () => undefined, emit: () => undefined }, new FakeClock()).agreed, false);
});

test('the five kinds of SET-CONTROL are told apart by their values', () => {
  const c = new Client();
  for (const value of [0, 4, 7, 10, 13]) c.ask('control', value);
  for (const value of ['0c', '05', '10', '08', '02']) c.port.received(received(`SET-CONTROL+100 ${value}`));
  assert.deepEqual(c.values, ['control 10: 12', 'control 4: 5', 'control 13: 16', 'control 7: 8', 'control 0: 2']);
});

test('what has no answer after five seconds gets the lowest value of its kind; a late answer is dropped', () => {
  const c = new Client();
  c.ask('baudrate', 19200);
  c.clock.advance(1000);
  c.ask('control', 8);
  c.clock.advance(3999);
  assert.deepEqual(c.values, []);
  c.clock.advance(1);
  assert.deepEqual(c.values, ['baudrate 19200: 0']);
  c.clock.advance(1000);
  assert.deepEqual(c.values, ['baudrate 19200: 0', 'control 8: 7']);
  c.port.received(received('SET-BAUDRATE+100 00004b00'));
  assert.equal(c.values.length, 2);
  assert.equal(c.clock.timers, 0);
});

test('values that do not exist, and everything before the server agreed, are not sent and get no value', () => {
  const c = new Client();
  const wrong = [
    ['datasize', 9],
    ['parity', 6],
    ['stopsize', 4],
    ['control', 20],
  ] as const;
  for (const [setting, value] of wrong) c.ask(setting, value);
  const d = new Client(false);
  d.ask('baudrate', 9600);
  d.port.purge('input');
  assert.deepEqual([...c.sent, ...d.sent], []);
  assert.equal(c.values.filter((v) => v.endsWith(': undefined')).length, 4);
  assert.deepEqual(d.values, ['baudrate 9600: undefined']);
});

test('not more than 256 requests wait; the end of the connection ends them', () => {
  const c = new Client();
  for (let i = 0; i < 1000; i++) c.ask('baudrate', 0);
  assert.equal(c.sent.length, 256);
  assert.equal(c.values.length, 744);
  c.port.closed();
  assert.equal(c.values.length, 1000);
  assert.equal(c.clock.timers, 0);
});

test('break, purge and lines go out; states come in', () => {
  const c = new Client();
  c.port.sendBreak();
  c.port.purge('both');
  for (const line of ['dtr', 'rts'] as const) for (const on of [true, false]) c.port.set(line, on, () => undefined);
  const lines = ['08', '09', '0b', '0c'].map((v) => answer(`SET-CONTROL ${v}`));
  assert.deepEqual(c.sent, ['IAC BRK', answer('PURGE-DATA 03'), ...lines]);
  for (const text of [
    'NOTIFY-MODEMSTATE+100 11',
    'NOTIFY-LINESTATE+100 02',
    'NOTIFY-MODEMSTATE+100',
    'PURGE-DATA+100 01',
    'FLOWCONTROL-SUSPEND+100',
    'SIGNATURE+100 "x"',
    'NOTIFY-MODEMSTATE 11',
  ])
    c.port.received(received(text));
  assert.deepEqual(c.events, [
    { on: 'modemstate', state: 0x11 },
    { on: 'linestate', state: 2 },
  ]);
});

test('a server that answers speeds in one byte is asked so from then on', () => {
  const c = new Client();
  c.ask('baudrate', 0);
  c.port.received(received('SET-BAUDRATE+100 08'));
  c.ask('baudrate', 115200);
  assert.deepEqual(c.values, ['baudrate 0: 9600']);
  assert.equal(c.sent[1], answer('SET-BAUDRATE 0e'));
});

test('whatever comes in a subnegotiation, neither end throws, and an answer never asks for more', () => {
  const code = fc.oneof(fc.nat(13), fc.integer({ min: 100, max: 113 }), fc.nat(255));
  fc.assert(
    fc.property(fc.array(fc.tuple(code, fc.uint8Array({ maxLength: 8 })), { maxLength: 20 }), (messages) => {
      const server = new Server();
      const client = new Client();
      for (const setting of SETTINGS) client.ask(setting, 0);
      const before = client.sent.length;
      for (const [c, value] of messages) {
        server.comPort.received(Buffer.of(44, c, ...value));
        client.port.received(Buffer.of(44, c, ...value));
      }
      assert.ok(server.sent.length <= messages.length);
      assert.equal(client.sent.length, before);
    }),
  );
});
