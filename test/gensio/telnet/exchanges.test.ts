// Plays what was recorded of ser2net 4.3.11 on our telnet layer, with a model of the port and the device.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Gensio } from '../../../src/gensio/gensio.ts';
import { bytesOf, textOf } from '../../../src/gensio/telnet/names.ts';
import { telnetClient, telnetServer } from '../../../src/gensio/telnet/telnet.ts';
import { FakeClock } from '../../rig/fake-clock.ts';
import { FakeGensio } from '../../rig/fake-gensio.ts';
import { type Line, ModelDevice, ModelPort } from './model-port.ts';
import { telnetOptions } from './options.ts';

interface Exchange {
  readonly name: string;
  readonly accepter: string;
  readonly connector: string;
  readonly lines: readonly string[];
}

/** The fixture lies in the source tree, the running test in a build folder one level deeper. */
const FIXTURE = [
  new URL('../../fixtures/telnet/exchanges.txt', import.meta.url),
  new URL('../../../../test/fixtures/telnet/exchanges.txt', import.meta.url),
];

function read(): Exchange[] {
  const text = FIXTURE.map((url) => {
    try {
      return readFileSync(url, 'utf8');
    } catch {
      return undefined;
    }
  }).find((t) => t !== undefined);
  assert.ok(text !== undefined, 'the fixture is missing');
  return text
    .split('\n\n# ')
    .slice(1)
    .map((block) => {
      const [name, stack, ...lines] = block.trimEnd().split('\n');
      const [accepter, connector] = stack!.split(' on ');
      return { name: name!, accepter: accepter!, connector: connector!, lines };
    });
}

const optionsOf = (layer: string): string => /\((.*)\)/.exec(layer)?.[1] ?? '';
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** One exchange being played. cut: the pieces a message arrives in. */
class Player {
  readonly #exchange: Exchange;
  readonly #cut: number;
  readonly #clock = new FakeClock();
  readonly #port = new ModelPort();
  readonly #clients = new Map<string, FakeGensio>();
  #device: ModelDevice | undefined;
  #far: FakeGensio | undefined;
  #lines: readonly Line[] = [];

  constructor(exchange: Exchange, cut: number) {
    this.#exchange = exchange;
    this.#cut = cut;
  }

  async run(): Promise<void> {
    const { lines } = this.#exchange;
    for (let i = 0; i < lines.length; ) {
      await this.#act(lines[i]!);
      const wanted: string[] = [];
      const action = lines[i++]!;
      while (i < lines.length && /^(\w+< |device break|\w+ closed)/.test(lines[i]!)) wanted.push(lines[i++]!);
      await settle();
      assert.deepEqual(this.#seen().sort(), wanted.sort(), `after ${action}`);
    }
  }

  async #act(line: string): Promise<void> {
    const [word, ...rest] = line.split(' ');
    const text = rest.join(' ');
    if (word === 'connect') await this.#connect(text);
    else if (word === 'disconnect') {
      this.#clients.get(text)!.end();
      this.#clients.delete(text);
      if (this.#clients.size === 0 && !this.#exchange.name.includes('connback')) this.#far = undefined;
    } else if (word === 'open') this.#open();
    else if (word === 'wait') this.#clock.advance(Number(text));
    else if (word === 'lines') {
      this.#lines = rest as Line[];
      this.#device?.setLines(this.#lines);
    } else if (line === 'server closes') this.#far!.end();
    else if (word === 'device>') this.#feed(this.#far!, Buffer.from(text, 'hex'));
    else if (word === 'server>') this.#feed(this.#far!, bytesOf(text));
    else if (word?.endsWith('>')) this.#feed(this.#clients.get(word.slice(0, -1))!, bytesOf(text));
    else assert.fail(`no such line: ${line}`);
  }

  #feed(fake: FakeGensio, data: Buffer): void {
    for (let i = 0; i < data.length; i += this.#cut) fake.feed(data.subarray(i, i + this.#cut));
  }

  async #connect(name: string): Promise<void> {
    const fake = new FakeGensio();
    this.#clients.set(name, fake);
    const { accepter } = this.#exchange;
    if (accepter === 'tcp') this.#accepted(fake);
    else {
      const net = telnetServer(fake, telnetOptions(optionsOf(accepter)), this.#clock);
      net.open((err) => {
        assert.equal(err, undefined);
        this.#accepted(net);
      });
    }
    await settle();
  }

  #accepted(net: Gensio): void {
    this.#port.accepted(net);
    if (this.#far === undefined) this.#open();
  }

  /** The device side, as the first client finds it. */
  #open(): void {
    const { connector } = this.#exchange;
    const far = new FakeGensio();
    this.#far = far;
    if (connector.startsWith('telnet')) {
      const dev = telnetClient(far, telnetOptions(optionsOf(connector)), this.#clock);
      dev.up = this.#port.devUp;
      dev.open((err) => {
        assert.equal(err, undefined);
        this.#port.open(dev, dev.serial);
      });
      return;
    }
    far.up = this.#port.devUp;
    if (connector === 'echo') {
      const write = far.write.bind(far);
      far.write = (data) => {
        this.#port.devUp.read(Buffer.from(data));
        return write(Buffer.alloc(0));
      };
    }
    const words = optionsOf(connector).split(',');
    if (connector.startsWith('serial') && !words.includes('wronly')) {
      this.#device = new ModelDevice(words.includes('lines'), words.includes('nobreak'));
      this.#device.onState = (state) => this.#port.modemstate(state);
    }
    this.#port.open(far, this.#device);
    this.#device?.setLines(this.#lines);
  }

  /** What arrived everywhere since the last look, as lines of the fixture. */
  #seen(): string[] {
    const lines: string[] = [];
    for (const [name, fake] of this.#clients) {
      const data = fake.take();
      if (data.length > 0) lines.push(`${name}< ${textOf(data)}`);
      if (fake.state === 'closed') lines.push(`${name} closed`);
    }
    const far = this.#far?.take() ?? Buffer.alloc(0);
    if (far.length > 0)
      lines.push(this.#exchange.connector.startsWith('telnet') ? `server< ${textOf(far)}` : `device< ${far.toString('hex')}`);
    for (const call of this.#device?.calls.splice(0) ?? []) if (call === 'break') lines.push('device break');
    return lines;
  }
}

const all = read();
test('the exchanges are there', () => assert.ok(all.length > 300));
for (const exchange of all) {
  test(`as ser2net 4.3.11: ${exchange.name}`, async () => {
    for (const cut of [1 << 20, 1, 2, 3, 5]) await new Player(exchange, cut).run();
  });
}
