import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { TRACE_POINTS, tracePoints, traceTo } from '../../src/base/trace-points.ts';
import { openGensio } from '../../src/index.ts';
import { serve } from '../library/rig.ts';
import { until } from '../rig/pty.ts';

afterEach(() => {
  for (const point of TRACE_POINTS) delete tracePoints[point];
});

test('TRACE=telnet,port tells what telnet says and what ports do, and nothing else turns them on', async () => {
  const lines: string[] = [];
  assert.deepEqual(
    traceTo('telnet,port,wine', (line) => lines.push(line)),
    ['wine'],
  );
  const { port, close, server } = await serve('telnet(rfc2217),');
  const stream = await openGensio(`telnet(rfc2217),tcp,127.0.0.1,${port}`);
  await stream.serial?.set({ speed: 19200 });
  stream.destroy();
  await until('the end', () => server.port('p')?.state === 'unconnected');
  await close();
  const heard = lines.join('');
  assert.match(heard, /^telnet ipv4,127\.0\.0\.1,\d+ > IAC WILL SUPPRESS-GO-AHEAD .*\n/m);
  assert.match(heard, /^telnet \S+ < IAC SB COM-PORT-OPTION SET-BAUDRATE 00004b00 IAC SE\n/m);
  assert.match(heard, /^port p: unconnected, joined: opening \(open-device\)\n/m);
});

test('without it nothing is told', () => {
  assert.deepEqual(
    traceTo('', () => assert.fail()),
    [],
  );
  assert.deepEqual(tracePoints, {});
});
