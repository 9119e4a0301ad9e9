import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { constantFrom, integer, oneof, property, record, assert as run, string, uint8Array } from 'fast-check';
import {
  COM_PORT_COMMANDS,
  type ComPortCommand,
  type ComPortMessage,
  decodeComPort,
  encodeComPort,
  rfc2217Client,
  TelnetDecoder,
  telnetText,
} from '../../src/index.ts';
import { serve } from './rig.ts';

/** The subnegotiations in what went over the wire. */
function suboptions(wire: Uint8Array): Buffer[] {
  const found: Buffer[] = [];
  const none = (): void => undefined;
  new TelnetDecoder().push(Buffer.from(wire), {
    data: () => true,
    command: none,
    negotiate: none,
    suboption: (s) => found.push(Buffer.from(s)),
  });
  return found;
}

test('a client works on any stream that is open already', async () => {
  const { pty, port, close } = await serve('telnet(rfc2217),');
  const socket = createConnection(port, '127.0.0.1');
  await once(socket, 'connect');
  const client = await rfc2217Client(socket);
  await client.serial!.set({ speed: 57600 });
  assert.equal(pty.settings().ospeed, 57600);
  client.write('a\xffb', 'latin1');
  assert.deepEqual(await pty.master.takeBytes(3), Buffer.from('a\xffb', 'latin1'));
  await pty.master.write('answer');
  const [data] = (await once(client, 'data')) as [Buffer];
  assert.equal(data.toString(), 'answer');
  client.end();
  await once(socket, 'close');
  await close();
});

test('a far end that goes before it said anything is an error', async () => {
  const stream = new PassThrough();
  const waiting = rfc2217Client(stream);
  stream.destroy();
  await assert.rejects(waiting, { name: 'GensioError' });
});

test('a stream that is closed already is an error', async () => {
  const stream = new PassThrough();
  stream.destroy();
  await once(stream, 'close');
  await assert.rejects(rfc2217Client(stream, { signal: AbortSignal.timeout(1000) }), { name: 'GensioError' });
});

test('a stream that may stay half open is closed when its far end has ended', async () => {
  const { server, port, close } = await serve('telnet(rfc2217),');
  const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  const client = await rfc2217Client(socket);
  // It reads ahead: that may be over before the server says so.
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
  await server.disconnect('p');
  client.resume();
  await closed;
  await close();
});

test('messages look on the wire as RFC 2217 has them', () => {
  const wire = (message: ComPortMessage): string => telnetText(encodeComPort(message));
  assert.equal(wire({ command: 'SET-BAUDRATE', from: 'client', value: 115200 }), 'IAC SB COM-PORT-OPTION SET-BAUDRATE 0001c200 IAC SE');
  assert.equal(wire({ command: 'SET-CONTROL', from: 'server', value: 8 }), 'IAC SB COM-PORT-OPTION SET-CONTROL+100 08 IAC SE');
  assert.equal(wire({ command: 'SIGNATURE', from: 'client', value: undefined }), 'IAC SB COM-PORT-OPTION SIGNATURE IAC SE');
  assert.equal(
    wire({ command: 'FLOWCONTROL-SUSPEND', from: 'client', value: undefined }),
    'IAC SB COM-PORT-OPTION FLOWCONTROL-SUSPEND IAC SE',
  );
});

test('what is encoded decodes to itself', () => {
  const words = Object.keys(COM_PORT_COMMANDS) as ComPortCommand[];
  const from = constantFrom('client' as const, 'server' as const);
  const plain = words.filter((word) => !/^(SIGNATURE|SET-BAUDRATE|FLOW.*)$/.test(word));
  const message = oneof(
    record({ command: constantFrom(...plain), from, value: integer({ min: 0, max: 255 }) }, { noNullPrototype: true }),
    record(
      { command: constantFrom<ComPortCommand>('SET-BAUDRATE'), from, value: integer({ min: 0, max: 0xffffffff }) },
      { noNullPrototype: true },
    ),
    record({ command: constantFrom<ComPortCommand>('SIGNATURE'), from, value: string({ maxLength: 20 }) }, { noNullPrototype: true }),
    record(
      { command: constantFrom<ComPortCommand>('FLOWCONTROL-RESUME'), from, value: constantFrom(undefined) },
      { noNullPrototype: true },
    ),
  );
  void run(property(message, (each) => assert.deepEqual(suboptions(encodeComPort(each)).map(decodeComPort), [each])));
});

test('any bytes are a message or none, never an exception', () => {
  void run(
    property(uint8Array({ maxLength: 40 }), (bytes) => {
      decodeComPort(bytes);
      const message = decodeComPort(Uint8Array.of(44, ...bytes));
      if (message !== undefined) assert.ok(message.command in COM_PORT_COMMANDS);
    }),
  );
  assert.equal(decodeComPort(Uint8Array.of(44, 1, 0, 0, 1)), undefined);
  assert.equal(decodeComPort(Uint8Array.of(44, 99, 0)), undefined);
  assert.equal(decodeComPort(Uint8Array.of(1, 1, 0)), undefined);
});
