// An unexpected failure in the code of one connection, wherever it is thrown: that port is started again, the others do not notice.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { stat } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { bind, listenTo, nextMicrotask, onImmediate } from '../../src/base/fault-domain.ts';
import type { GensioError } from '../../src/base/gensio-error.ts';
import { noLog } from '../../src/base/log.ts';
import type { Config } from '../../src/config/model.ts';
import { type Accepter, type AccepterUp, Filter, type Gensio, type GensioUp, nullUp } from '../../src/gensio/gensio.ts';
import { Builder } from '../../src/gensio/registry.ts';
import type { StackBuilder } from '../../src/gensio/stack-builder.ts';
import { Engine } from '../../src/port/engine.ts';
import { connectionConfig } from '../rig/port-rig.ts';
import { until } from '../rig/pty.ts';

/** Says back what it is told, and fails where it is told to. */
class Bomb implements Gensio {
  readonly type = 'bomb';
  up: GensioUp = nullUp;
  open(done: (err?: GensioError) => void): void {
    nextMicrotask(() => done());
  }
  write(data: Buffer): boolean {
    const fail = (): never => {
      throw new Error(`a failure at ${data}`);
    };
    switch (data.toString()) {
      case 'write':
        return fail();
      case 'timer':
        systemClock.after(1, fail);
        break;
      case 'soon':
        nextMicrotask(fail);
        break;
      case 'later':
        onImmediate(fail);
        break;
      case 'event': {
        const emitter = listenTo(new EventEmitter()).on('x', fail);
        setImmediate(() => emitter.emit('x'));
        break;
      }
      case 'callback':
        stat('/', bind(fail));
        break;
      default: {
        const copy = Buffer.from(data);
        nextMicrotask(() => this.up.read(copy));
      }
    }
    return true;
  }
  setReading(): void {}
  close(): void {
    nextMicrotask(() => this.up.closed());
  }
  abort(): void {
    nextMicrotask(() => this.up.closed());
  }
  bufferedBytes(): number {
    return 0;
  }
  address(): string {
    return 'bomb';
  }
}
/** A layer above TCP that fails in the middle of its input. */
class Fuse extends Filter {
  readonly type = 'fuse';
  protected decode(data: Buffer): void {
    if (data.toString() === 'decode') throw new Error('a failure at decode');
    this.up.read(data);
  }
  protected encode(data: Buffer): Buffer {
    return data;
  }
}

const logged: string[] = [];
let engine: Engine;
const ports = new Map<string, Accepter>();

before(async () => {
  const env = { lockDir: undefined };
  const real = new Builder({ ...env, clock: systemClock, log: noLog });
  const builder: StackBuilder & Pick<Builder, 'onAccepted'> = {
    onAccepted: (spec, child) => real.onAccepted(spec, child),
    connector: () => new Bomb(),
    accepter: (spec, auth) => {
      const below = real.accepter(spec, auth);
      const accepter: Accepter = {
        type: 'tcp',
        get up(): AccepterUp {
          return below.up;
        },
        set up(up) {
          below.up = { failed: (err) => up.failed(err), accepted: (gensio) => up.accepted(new Fuse(gensio)) };
        },
        listen: (done) => below.listen(done),
        close: (done) => below.close(done),
        port: () => below.port(),
      };
      ports.set(JSON.stringify(spec), accepter);
      return accepter;
    },
  };
  engine = new Engine({ clock: systemClock, log: { log: (_level, text) => void logged.push(text) }, gensio: env, builder });
  const one = (name: string, hosts: string): Config['connections'][number] =>
    connectionConfig(
      { chardelay: false },
      {
        name,
        accepter: {
          text: hosts,
          spec: { type: 'tcp', opts: {}, addrs: [{ family: 'ipv4', host: hosts, port: '0' }] } as never,
          error: undefined,
        },
        connector: { ...connectionConfig().connector, text: `bomb-${name}` },
      },
    );
  const config: Config = {
    format: 'yaml',
    connections: [one('a', '127.0.0.1'), one('b', '127.0.0.2')],
    rotators: [],
    leds: [],
    admin: undefined,
  };
  await engine.apply(config);
});
after(() => engine.stop());

function call(name: string): { readonly socket: Socket; heard: string; over: boolean } {
  const socket = connect(engine.port(name)!.listeningPort()!, name === 'a' ? '127.0.0.1' : '127.0.0.2');
  const talk = { socket, heard: '', over: false };
  socket.on('data', (data) => {
    talk.heard += data.toString();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    talk.over = true;
  });
  return talk;
}

for (const where of ['write', 'timer', 'soon', 'later', 'event', 'callback', 'decode']) {
  test(`thrown at ${where}: logged with its stack, that port anew, the other as it was`, { timeout: 20_000 }, async () => {
    const bystander = call('b');
    bystander.socket.write('before ');
    await until('the bystander hears', () => bystander.heard === 'before ');
    const victim = call('a');
    victim.socket.write('hello');
    await until('the victim hears', () => victim.heard === 'hello');
    const old = engine.port('a');
    logged.length = 0;
    victim.socket.write(where);
    await until('the victim is closed', () => victim.over);
    assert.equal(logged[0], `Internal error on port a, which is started again: Error: a failure at ${where}`);
    assert.match(logged[1] ?? '', /^ +at .*failure\.test/);
    assert.notEqual(engine.port('a'), old);
    await until('the port listens again', () => engine.port('a')?.listeningPort() !== undefined);
    const next = call('a');
    next.socket.write('again');
    await until('the next one is served', () => next.heard === 'again');
    bystander.socket.write('after');
    await until('the bystander still hears', () => bystander.heard === 'before after');
    next.socket.destroy();
    bystander.socket.destroy();
    await until('both are idle', () => engine.ports.every((p) => !p.inUse));
  });
}

test('a port that was disabled by hand stays so', async () => {
  const port = engine.port('a')!;
  await new Promise<void>((resolve) => port.setEnabled(false, resolve));
  port.failed(new Error('late'));
  assert.equal(engine.port('a')?.enabled, false);
  assert.notEqual(engine.port('a'), port);
});
