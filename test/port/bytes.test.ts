// Random bytes both ways at once, through the whole engine, real ptys and real sockets, raw and telnet.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { libc } from '../../src/base/libc.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { escapeIac, TelnetDecoder } from '../../src/gensio/telnet/codec.ts';
import { Engine } from '../../src/port/engine.ts';
import { until } from '../compliance/recording-up.ts';
import { connectionConfig } from '../rig/port-rig.ts';
import { openPty } from '../rig/pty.ts';

const PIECE = 64 * 1024;
const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** All bytes of data through a port, from both ends at once; what came out, as hashes. */
async function through(t: TestContext, port: number, pty: ReturnType<typeof openPty>, telnet: boolean, size: number): Promise<void> {
  const [toDevice, toNet] = [randomBytes(size), randomBytes(size)];
  const socket = connect({ port, host: '127.0.0.1' });
  t.after(() => socket.destroy());
  const chunks: Buffer[] = [];
  let got = 0;
  const keep = (data: Buffer): true => {
    chunks.push(Buffer.from(data));
    got += data.length;
    return true;
  };
  const decoder = new TelnetDecoder();
  const out = { data: keep, command: () => undefined, negotiate: () => undefined, suboption: () => undefined };
  socket.on('data', (data: Buffer) => void (telnet ? decoder.push(data, out) : keep(data)));
  const fromNet = async (): Promise<void> => {
    for (let at = 0; at < size; at += PIECE) {
      const piece = toDevice.subarray(at, at + PIECE);
      if (!socket.write(telnet ? escapeIac(piece) : piece)) await new Promise((resolve) => socket.once('drain', resolve));
    }
  };
  const fromDevice = async (): Promise<void> => {
    for (let at = 0; at < size; at += PIECE) await pty.master.write(toNet.subarray(at, at + PIECE));
  };
  const atDevice = pty.master.takeBytes(size, 60_000);
  await Promise.all([fromNet(), fromDevice()]);
  await until(
    () => got >= size,
    () => `${size - got} bytes to the network are missing`,
    60_000,
  );
  assert.equal(hash(await atDevice), hash(toDevice));
  assert.equal(hash(Buffer.concat(chunks)), hash(toNet));
}

for (const telnet of [false, true]) {
  for (const [ports, size] of [
    [1, 10 << 20],
    [64, 160 << 10],
  ] as const) {
    const what = telnet ? 'telnet' : 'raw';
    test(`${size >> 10} KiB of random bytes each way at once arrive equal, ${what}, ${ports} ports`, {
      skip: libc() === undefined ? 'no FFI here' : false,
    }, async (t) => {
      const defaults = new Defaults();
      const engine = new Engine({
        clock: systemClock,
        log: { log: (_l, text) => assert.fail(text) },
        gensio: { lockDir: undefined },
      });
      const ptys = Array.from({ length: ports }, () => openPty({ raw: true }));
      t.after(async () => {
        await engine.stop();
        for (const pty of ptys) await pty.close();
      });
      const connections = ptys.map(({ path }, i) =>
        connectionConfig(
          {},
          {
            name: `c${i}`,
            accepter: parseStack(`${telnet ? 'telnet(rfc2217),' : ''}tcp,127.0.0.1,0`, 'accepter', defaults),
            connector: parseStack(`serialdev,${path},115200n81,local`, 'connector', defaults),
          },
        ),
      );
      await engine.apply({ format: 'yaml', connections, rotators: [], leds: [], admin: undefined });
      await Promise.all(ptys.map((pty, i) => through(t, engine.port(`c${i}`)!.listeningPort()!, pty, telnet, size)));
    });
  }
}
