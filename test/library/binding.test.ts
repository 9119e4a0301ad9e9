// SerialPortStream of the serialport packages over the network: as a program that was written for local ports uses it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { SerialPortStream } from '@serialport/stream';
import { ReadlineParser } from 'serialport';
import { Ser2netBinding, type Ser2netOpenOptions } from '../../src/index.ts';
import { until } from '../rig/pty.ts';
import { serve } from './rig.ts';

type Callback = (err: Error | null) => void;
/** A method with a callback at its end, as a promise. */
const done = (call: (callback: Callback) => void): Promise<void> =>
  new Promise((resolve, reject) => call((err) => (err === null || err === undefined ? resolve() : reject(err))));

async function open(path: string, options: Partial<Ser2netOpenOptions> = {}) {
  const stream = new SerialPortStream({ binding: Ser2netBinding, path, baudRate: 9600, ...options, autoOpen: false });
  await done((callback) => stream.open(callback));
  return stream;
}

test('a program for local ports runs over RFC 2217: settings, data, lines, close', async () => {
  const { pty, port, server, close } = await serve('telnet(rfc2217),');
  const stream = await open(`rfc2217://127.0.0.1:${port}`, { baudRate: 115200, stopBits: 2 });
  assert.equal(pty.settings().ospeed, 115200);
  const lines = stream.pipe(new ReadlineParser());
  stream.write('question\n');
  await pty.master.takeUntil('question\n');
  await pty.master.write('answer\nnext\n');
  assert.deepEqual(await once(lines, 'data'), ['answer']);
  await done((callback) => stream.update({ baudRate: 19200 }, callback));
  assert.equal(pty.settings().ospeed, 19200);
  assert.equal(stream.baudRate, 19200);
  await done((callback) => stream.set({ dtr: false, rts: true }, callback));
  await new Promise<void>((resolve) =>
    stream.get((_, status) => resolve(assert.deepEqual(status, { cts: false, dsr: false, dcd: false }))),
  );
  await done((callback) => stream.drain(callback));
  await done((callback) => stream.flush(callback));
  assert.deepEqual(await stream.port?.getBaudRate(), { baudRate: 19200 });
  await done((callback) => stream.close(callback));
  assert.equal(stream.isOpen, false);
  await until('the server to notice', () => server.port('p')?.state === 'unconnected');
  await done((callback) => stream.open(callback));
  await done((callback) => stream.close(callback));
  await close();
});

test('much data passes unchanged both ways', async () => {
  const { pty, port, close } = await serve('telnet(rfc2217),');
  const stream = await open(`rfc2217://127.0.0.1:${port}`);
  const sent = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i % 251) ^ ((i >> 8) % 256)));
  stream.write(sent);
  assert.ok((await pty.master.takeBytes(sent.length, 20_000)).equals(sent));
  const back: Buffer[] = [];
  stream.on('data', (data: Buffer) => back.push(data));
  await pty.master.write(sent);
  await until('everything', () => back.reduce((n, b) => n + b.length, 0) === sent.length, 20_000);
  assert.ok(Buffer.concat(back).equals(sent));
  await done((callback) => stream.close(callback));
  await close();
});

test('a server that goes is a disconnect, told by close with an error', async () => {
  const { port, server, close } = await serve('telnet(rfc2217),');
  const stream = await open(`rfc2217://127.0.0.1:${port}`);
  stream.resume();
  const closed = once(stream, 'close') as Promise<[{ disconnected: boolean }]>;
  await server.stop();
  assert.equal((await closed)[0].disconnected, true);
  await close();
});

test('a raw connection has data, but no line to set', async () => {
  const { pty, port, close } = await serve();
  const stream = await open(`tcp://127.0.0.1:${port}`, { baudRate: 300 });
  stream.write('raw');
  await pty.master.takeUntil('raw');
  assert.equal(pty.settings().ospeed, 9600);
  await assert.rejects(
    done((callback) => stream.update({ baudRate: 1200 }, callback)),
    /no control of the serial port/,
  );
  await done((callback) => stream.close(callback));
  await close();
});

test('what cannot be opened is an error with a reason', async () => {
  await assert.rejects(open('rfc2218://x:1'), { code: 'inval' });
  await assert.rejects(open('rfc2217://127.0.0.1:1'), { code: 'connrefuse' });
  const { port, close } = await serve('telnet,');
  await assert.rejects(open(`rfc2217://127.0.0.1:${port}`), { code: 'notsup' });
  await assert.rejects(open(`tcp://127.0.0.1:${port}`, { parity: 'strange' }), { code: 'inval' });
  await close();
  assert.deepEqual(await Ser2netBinding.list(), []);
});
