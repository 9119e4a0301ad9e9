// OpenWrt's /etc/config/ser2net as a ser2net.yaml.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { uciToYaml } from '../../../src/config/convert/uci-to-yaml.ts';
import type { Reading } from '../../../src/config/model.ts';
import { readConfig } from '../../../src/config/read.ts';
import { diskFiles } from '../../../src/config/source.ts';

const read = (text: string): Reading =>
  readConfig({ format: 'yaml', diags: [], file: 'f.yaml', bytes: Buffer.from(text), lines: [], oldFormat: false, files: diskFiles({}) });
const said = (text: string): string[] =>
  uciToYaml(text, 'f').diags.map(({ pos, severity, text: what }) => `${pos.line}:${pos.col} ${severity} ${what}`);

const FILE = `config ser2net global
	option enabled 1

config controlport
	option enabled 1
	option host localhost
	option port 2000

config proxy 'meter'
	option enabled 1
	option port 5000
	option protocol telnet
	option remctl 1
	option timeout 60
	option device '/dev/serial/by-path/pci-0:1.0'   # the one at the back
	option baudrate 19200
	option databits 7
	option parity 'even'
	option stopbits 2
	option led_tx 'tx'
	option rtscts true
	option local 0
	option kickolduser 1
	list options 'nobreak'

config default
	option speed 115200
	option parity none
	option xonxoff 1

config led tx
	option device 'duckbill:red:rs485'
	option duration 20

config proxy
	option port 5001
	option protocol raw
	option device /dev/ttyUSB0
`;

test('sections of OpenWrt become the connections, LEDs, defaults and admin port that its service would give to ser2net', () => {
  assert.deepEqual(said(FILE), []);
  const { config, diags } = read(uciToYaml(FILE, 'f').text);
  assert.deepEqual(diags, []);
  const [meter, other] = config.connections;
  assert.equal(config.admin?.accepter.text, 'tcp,localhost,2000');
  assert.deepEqual(
    config.leds.map(({ name, device, duration }) => [name, device, duration]),
    [['tx', 'duckbill:red:rs485', 20]],
  );
  assert.ok(meter !== undefined && other !== undefined);
  assert.deepEqual(
    [meter.name, meter.accepter.text, meter.connector.text, meter.timeout, meter.enable, meter.options.ledTx, meter.options.kickolduser],
    [
      'meter',
      'telnet(rfc2217),tcp,5000',
      'serialdev,/dev/serial/by-path/pci-0:1.0,19200e72,rtscts,local=false,nobreak',
      60,
      true,
      'tx',
      true,
    ],
  );
  assert.deepEqual([other.name, other.accepter.text, other.enable], ['proxy1', 'tcp,5001', false]);
  assert.ok(other.connector.spec?.type === 'serialdev');
  assert.deepEqual([other.connector.spec.line.speed, other.connector.spec.line.xonxoff], [115200, true]);
});

test('what cannot be taken over is named with its line, and the rest is converted', () => {
  const text =
    "config ser2net global\n\toption enabled 0\nconfig proxy\n\toption port 70000\n\toption protocol raw\n\toption device /dev/a\nconfig proxy\n\toption enabled 1\n\toption port 1\n\toption protocol tcp\n\toption device /dev/a\nconfig proxy\n\toption enabled maybe\n\toption port 2\n\toption protocol raw\n\toption device '/dev/b\n\toption devise /dev/b\n\toption device /dev/b\nconfig printer\n";
  assert.deepEqual(said(text), [
    '16:2 error a quote is not closed',
    "17:2 warning 'devise' means nothing to OpenWrt's ser2net",
    "4:2 error '70000' is not a number from 1 to 65535",
    "3:1 error the proxy has no usable 'port'; it is left out",
    "7:1 error the proxy has no usable 'protocol'; it is left out",
    "13:2 error 'maybe' is not a switch: 1 or 0",
    '1:1 warning OpenWrt does not start ser2net with this file: it is not enabled',
    "19:1 error there is no section 'printer'",
  ]);
  assert.deepEqual(
    read(uciToYaml(text, 'f').text).config.connections.map(({ accepter }) => accepter.text),
    ['tcp,2'],
  );
});

test('whatever the file, the result is well-formed YAML', () => {
  const word = fc.oneof(
    fc.constantFrom('config', 'option', 'list', 'proxy', 'led', 'default', 'device', 'port', 'protocol', 'raw', '1', "'", '"', '#', '\\'),
    fc.string({ maxLength: 6 }),
  );
  const line = fc.array(word, { maxLength: 4 }).map((list) => list.join(' '));
  const device = fc
    .string({ unit: 'binary', maxLength: 12 })
    .map((name) => `config proxy\noption port 1\noption protocol raw\noption device '${name}'`);
  fc.assert(
    fc.property(fc.array(fc.oneof(line, device), { maxLength: 12 }), (lines) => {
      const { text } = uciToYaml(lines.join('\n'), 'f\n');
      const { diags, complete } = read(text);
      assert.ok(complete && !diags.some(({ code }) => code === 'syntax'), `${text}\n${JSON.stringify(diags)}`);
    }),
    { numRuns: 100 },
  );
});
