import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaults } from '../../src/options/row.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import { TELNET } from '../../src/options/telnet.ts';
import { announcementOf } from '../../src/port/announcer.ts';
import { connectionConfig } from '../rig/port-rig.ts';

const tcp = { type: 'tcp', opts: {}, addrs: [] } as unknown as LayerSpec;
const telnet = { type: 'telnet', opts: { ...defaults(TELNET), rfc2217: true }, child: tcp } as LayerSpec;
const config = (spec: LayerSpec, options = {}) =>
  connectionConfig({ mdns: true, ...options }, { accepter: { text: 'a', spec, error: undefined } });

test('a port is announced with its layers and its number', () => {
  assert.deepEqual(announcementOf(config(telnet), 4001), {
    name: 'con0',
    type: '_iostream._tcp',
    port: 4001,
    domain: undefined,
    host: undefined,
    txt: ['provider=ser2net', 'gensiostack=telnet(rfc2217),tcp'],
  });
});

test('what the options say comes before that', () => {
  const { name, type, port, txt } = announcementOf(
    config({ ...tcp, type: 'udp' } as LayerSpec, { mdnsName: 'n', mdnsPort: 7, mdnsTxt: ['provider=me', 'a=b'] }),
    4001,
  );
  assert.deepEqual([name, type, port, txt], ['n', '_iostream._udp', 7, ['provider=me', 'a=b', 'gensiostack=udp']]);
});
