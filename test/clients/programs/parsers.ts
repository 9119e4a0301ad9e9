// The parsers of serialport, on a device that gives back every byte: each gets what is written for it, and must give what it is for.
// Argument: a device, or a target of Ser2netBinding.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { SerialPortStream } from '@serialport/stream';
import { Ser2netBinding } from '../../../src/index.ts';
import { need, program } from './npm.ts';

const serialport = need('serialport');
const path = process.argv[2]!;
const baudRate = 57_600;
/** How long the line is silent between two pieces. */
const PAUSE_MS = 400;

interface Case {
  readonly parser: string;
  readonly options?: object;
  /** Written one after the other, with a pause. */
  readonly written: readonly (string | Buffer)[];
  readonly wanted: readonly string[];
  /** Written through this one of serialport's streams. */
  readonly through?: string;
}
const ALL = Buffer.from([...Array(256).keys()]);
const hex = (...bytes: number[]): string => Buffer.from(bytes).toString('latin1');
const CASES: readonly Case[] = [
  { parser: 'ReadlineParser', options: { delimiter: '\r\n' }, written: ['one\r\ntw', 'o\r\nthree\r\n'], wanted: ['one', 'two', 'three'] },
  { parser: 'DelimiterParser', options: { delimiter: ';' }, written: ['a;bc;', 'def;'], wanted: ['a', 'bc', 'def'] },
  {
    parser: 'ByteLengthParser',
    options: { length: 64 },
    written: [ALL],
    wanted: [0, 64, 128, 192].map((at) => hex(...ALL.subarray(at, at + 64))),
  },
  { parser: 'InterByteTimeoutParser', options: { interval: PAUSE_MS / 2 }, written: ['first', 'second'], wanted: ['first', 'second'] },
  { parser: 'RegexParser', options: { regex: /[\r\n]+/ }, written: ['one\r', '\ntwo\nthree\n'], wanted: ['one', 'two', 'three'] },
  { parser: 'ReadyParser', options: { delimiter: 'READY' }, written: ['booting REA', 'DYgo'], wanted: ['go'] },
  {
    parser: 'PacketLengthParser',
    options: { delimiter: 0xaa, packetOverhead: 2, lengthBytes: 1, lengthOffset: 1 },
    written: [Buffer.from([0xaa, 2, 1]), Buffer.from([2, 0xaa, 1, 3])],
    wanted: [hex(0xaa, 2, 1, 2), hex(0xaa, 1, 3)],
  },
  { parser: 'SlipDecoder', through: 'SlipEncoder', written: [ALL, 'second'], wanted: [hex(...ALL), 'second'] },
  { parser: 'CCTalkParser', written: [Buffer.from([2, 0, 1, 254, 255])], wanted: [hex(2, 0, 1, 254, 255)] },
];

program(async () => {
  const port = path.includes('://')
    ? new SerialPortStream({ binding: Ser2netBinding, path, baudRate })
    : new serialport.SerialPort({ path, baudRate });
  await once(port, 'open');
  for (const { parser: name, options, written, wanted, through } of CASES) {
    const parser = new serialport[name](options) as Transform;
    const got: string[] = [];
    port.pipe(parser).on('data', (data: Buffer | string) => got.push(Buffer.from(data as string).toString('latin1')));
    const out = through === undefined ? port : (new serialport[through]() as Transform);
    if (out !== port) out.pipe(port);
    for (const piece of written) {
      out.write(piece);
      await pause(PAUSE_MS);
    }
    for (let tries = 0; got.length < wanted.length && tries < 50; tries++) await pause(PAUSE_MS / 4);
    assert.deepEqual(got, wanted, name);
    port.unpipe(parser);
    if (out !== port) out.unpipe(port);
    process.stdout.write(`${name}\n`);
  }
  await new Promise<void>((resolve, reject) => port.close((err: Error | null) => (err ? reject(err) : resolve())));
});
