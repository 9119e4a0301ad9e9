// The load generator without a C compiler, and for TLS: does what load.c does, with the same words in and out, a good deal slower.
// Both ends of the wire are here: pty masters (devices) and clients; every byte is compared.
import { constants, openSync, symlinkSync, unlinkSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { libc, SystemError } from '../../src/base/libc.ts';
import { escapeIac, TelnetDecoder } from '../../src/gensio/telnet/codec.ts';
import { ByteStream } from '../../src/gensio/uv-handle.ts';
import { Pattern } from './pattern.ts';

const [mode = '', links = '', baseWord = '', portsWord = '', ...words] = process.argv.slice(2);
const options = new Map(words.map((w) => [w.split('=')[0]!, w.split('=')[1] ?? '']));
const number = (name: string, otherwise: number): number => Number(options.get(name) ?? otherwise);
const base = Number(baseWord);
const count = Number(portsWord);
const seconds = number('seconds', 3);
const telnet = number('telnet', 0) === 1;
const tls = number('tls', 0) === 1;
/** Most bytes handed to a writer at once. */
const CHUNK = 16_384;

function fail(text: string): never {
  process.stdout.write(`${JSON.stringify({ ok: false, error: text })}\n`);
  process.exit(1);
}
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
async function within<T>(what: string, promise: Promise<T>, ms = 5000): Promise<T> {
  const timer = setTimeout(() => fail(`waited too long for ${what}`), ms);
  const result = await promise;
  clearTimeout(timer);
  return result;
}

/** One end: writes while more is welcome, hands on what comes. */
interface End {
  write(data: Buffer): boolean;
  close(): void;
  onRead: (data: Buffer) => void;
  onWritable: () => void;
}

function makeDevice(i: number): End {
  const c = libc() ?? fail('koffi is not installed');
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const master = openSync('/dev/ptmx', flags);
  const broken = c.unlockPty(master);
  const n = c.ptyNumber(master);
  const t = c.getTermios(master);
  if (broken !== undefined || n instanceof SystemError || t instanceof SystemError) return fail('no pty');
  c.setTermios(master, { ...t, iflag: 0, oflag: 0, lflag: 0 });
  // Held open, so that the daemon may come and go.
  openSync(`/dev/pts/${n}`, flags);
  try {
    unlinkSync(`${links}/${i}`);
  } catch {
    // Not there yet.
  }
  symlinkSync(`/dev/pts/${n}`, `${links}/${i}`);
  const end: End = {
    write: (data) => bytes.write(data),
    close: () => bytes.destroy(),
    onRead: () => undefined,
    onWritable: () => undefined,
  };
  const bytes = ByteStream.ofDescriptor(master, {
    read: (data) => end.onRead(data),
    writable: () => end.onWritable(),
    ended: () => undefined,
    gone: () => undefined,
  });
  bytes.setReading(true);
  return end;
}

async function dial(port: number): Promise<End> {
  const open = (): Promise<Socket | undefined> =>
    new Promise((resolve) => {
      const socket = tls ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }) : createConnection(port, '127.0.0.1');
      socket.once(tls ? 'secureConnect' : 'connect', () => resolve(socket));
      socket.once('error', () => resolve(undefined));
      socket.setNoDelay(true);
    });
  for (let tries = 0; tries < 200; tries++) {
    const socket = await open();
    if (socket === undefined) {
      await sleep(20);
      continue;
    }
    let ended = false;
    const end: End = {
      write: (data) => socket.write(telnet ? escapeIac(data) : data),
      close: () => {
        ended = true;
        socket.destroy();
      },
      onRead: () => undefined,
      onWritable: () => undefined,
    };
    const decoder = new TelnetDecoder();
    const out = {
      data: (run: Buffer) => {
        end.onRead(run);
        return true;
      },
      command: () => undefined,
      negotiate: () => undefined,
      suboption: () => undefined,
    };
    socket.on('data', (data: Buffer) => {
      if (telnet) decoder.push(data, out);
      else end.onRead(data);
    });
    socket.on('drain', () => end.onWritable());
    socket.on('error', (err) => ended || fail(err.message));
    return end;
  }
  return fail('no connection');
}

/** One byte must come through. What else comes, such as a banner, is skipped. */
const through = (from: End, to: End, what: number): Promise<void> =>
  within(
    'a byte to come through',
    new Promise((done) => {
      to.onRead = (data) => {
        if (!data.includes(what)) return;
        to.onRead = () => undefined;
        done();
      };
      from.write(Buffer.of(what));
    }),
  );

/** Sends from one end to the others until the time is up; resolves when everything is there. Gives the bytes received. */
async function flow(from: End, to: readonly End[], seed: number, endsAt: number): Promise<number> {
  const out = new Pattern(seed);
  const ins = to.map(() => new Pattern(seed));
  let sending = true;
  const arrived = new Promise<void>((done) => {
    const look = (): void => {
      if (!sending && ins.every((pattern) => pattern.count === out.count)) done();
    };
    to.forEach((end, i) => {
      end.onRead = (data) => {
        if (ins[i]!.differs(data)) fail('wrong data');
        look();
      };
    });
    const send = (): void => {
      for (let i = 0; performance.now() < endsAt; i++) {
        if (i === 16) return void setImmediate(send);
        if (!from.write(out.next(CHUNK))) return;
      }
      sending = false;
      look();
    };
    from.onWritable = send;
    send();
  });
  await within('the last bytes', arrived, seconds * 1000 + 10_000);
  return ins.reduce((sum, pattern) => sum + pattern.count, 0);
}

const percentiles = (lags: readonly number[]): { p50: number; p99: number } => {
  const sorted = [...lags].sort((a, b) => a - b);
  const at = (p: number): number => sorted[Math.floor(p * (sorted.length - 1))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
};

async function roundTrips(device: End, client: End): Promise<object> {
  const size = number('size', 1);
  const lags: number[] = [];
  const endsAt = performance.now() + seconds * 1000;
  device.onRead = (data) => device.write(Buffer.from(data));
  for (let i = 0; i < number('samples', 500) && performance.now() < endsAt; i++) {
    const out = Buffer.alloc(size, i % 200);
    const begin = performance.now();
    await within(
      'the echo',
      new Promise<void>((done) => {
        let back = 0;
        client.onRead = (data) => {
          if (data.some((byte) => byte !== i % 200)) fail('wrong data');
          back += data.length;
          if (back >= size) done();
        };
        client.write(out);
      }),
    );
    lags.push((performance.now() - begin) / 1000);
  }
  return percentiles(lags);
}

async function churn(devices: readonly End[]): Promise<object> {
  let cycles = 0;
  const begin = performance.now();
  while (performance.now() - begin < seconds * 1000) {
    const client = await dial(base + (cycles % count));
    const device = devices[cycles % count]!;
    await through(client, device, 1);
    await through(device, client, 2);
    client.close();
    cycles++;
  }
  return { cycles: (cycles * 1000) / (performance.now() - begin), refused: 0, lost: 0 };
}

const devices = Array.from({ length: count }, (_, i) => makeDevice(i));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
process.stdout.write('ready\n');
await lines.next();
const perPort = mode === 'broadcast' ? number('clients', 100) : 1;
const clients: End[][] = [];
if (mode !== 'churn') {
  for (let i = 0; i < count; i++) {
    clients.push(await Promise.all(Array.from({ length: perPort }, () => dial(base + i))));
    await through(clients[i]![0]!, devices[i]!, 1);
    await through(devices[i]!, clients[i]![0]!, 2);
  }
  await sleep(100);
}
process.stdout.write('connected\n');
const endsAt = performance.now() + seconds * 1000;
switch (mode) {
  case 'bulk':
  case 'broadcast': {
    const both = mode === 'bulk';
    const d2n = devices.map((device, i) => flow(device, clients[i]!, 2 * i, endsAt));
    const n2d = both ? devices.map((device, i) => flow(clients[i]![0]!, [device], 2 * i + 1, endsAt)) : [];
    const total = async (flows: readonly Promise<number>[]): Promise<number> => (await Promise.all(flows)).reduce((a, b) => a + b, 0) / 1e6;
    const [down, up] = [await total(d2n), await total(n2d)];
    process.stdout.write(`${JSON.stringify({ ok: true, d2n: down / seconds, n2d: up / seconds, mb: down + up })}\n`);
    break;
  }
  case 'rtt':
    process.stdout.write(`${JSON.stringify({ ok: true, ...(await roundTrips(devices[0]!, clients[0]![0]!)) })}\n`);
    break;
  case 'churn':
    process.stdout.write(`${JSON.stringify({ ok: true, ...(await churn(devices)) })}\n`);
    break;
  case 'idle':
    await lines.next();
    process.stdout.write('{"ok":true}\n');
    break;
  default:
    fail(`${mode} needs a C compiler`);
}
process.exit(0);
