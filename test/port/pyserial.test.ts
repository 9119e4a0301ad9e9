// The RFC 2217 client most people use, python3-serial, against a port on a real pty.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { libc } from '../../src/base/libc.ts';
import { Defaults } from '../../src/gensio/syntax/defaults.ts';
import { parseStack } from '../../src/gensio/syntax/gensio-str.ts';
import { Engine } from '../../src/port/engine.ts';
import { connectionConfig } from '../rig/port-rig.ts';
import { openPty } from '../rig/pty.ts';

const PYTHON = ['/usr/bin/python3', 'python3'].find((p) => spawnSync(p, ['-c', 'import serial']).status === 0);
const why = libc() === undefined ? 'no FFI here' : PYTHON === undefined ? 'no python3-serial here' : false;

/** Sets everything and reads it back; the last line is what the device's echo gave. */
const SCRIPT = `
import serial, sys
p = serial.serial_for_url('rfc2217://127.0.0.1:%s?timeout=5' % sys.argv[1], 19200, timeout=5)
for b in (300, 9600, 14400, 115200, 921600):
    p.baudrate = b; assert p.baudrate == b
for parity in 'NEOMS':
    p.parity = parity; assert p.parity == parity
p.parity = 'N'
for size in (5, 6, 7, 8): p.bytesize = size; assert p.bytesize == size
for stop in (1, 2): p.stopbits = stop; assert p.stopbits == stop
for on in (True, False): p.rtscts = on; p.xonxoff = on if not p.rtscts else False
for on in (False, True): p.dtr = on; p.rts = on
p.send_break(0.01)
p.break_condition = True; p.break_condition = False
p.reset_input_buffer(); p.reset_output_buffer()
p.write(bytes(range(256)))
assert p.read(256) == bytes(range(256))
print('done', flush=True)
`;

test('python3-serial opens, sets and reads back everything, and 256 byte values come back', { skip: why }, async (t) => {
  const pty = openPty({ raw: true });
  const defaults = new Defaults();
  const engine = new Engine({
    clock: systemClock,
    log: { log: (_l, text) => assert.fail(text) },
    gensio: { lockDir: undefined },
  });
  t.after(async () => {
    await engine.stop();
    await pty.close();
  });
  const connection = connectionConfig(
    {},
    {
      accepter: parseStack('telnet(rfc2217),tcp,127.0.0.1,0', 'accepter', defaults),
      connector: parseStack(`serialdev,${pty.path},9600n81,local`, 'connector', defaults),
    },
  );
  await engine.apply({ format: 'yaml', connections: [connection], rotators: [], leds: [], admin: undefined });
  void pty.master.takeBytes(256, 60_000).then((data) => pty.master.write(data));
  const child = spawn(PYTHON!, ['-c', SCRIPT, String(engine.port('con0')!.listeningPort())]);
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
    // Closing takes pyserial three seconds of sleep; all is done by then.
    child.kill('SIGKILL');
  });
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  await new Promise((resolve) => child.on('close', resolve));
  assert.equal(said.trim(), 'done');
});
