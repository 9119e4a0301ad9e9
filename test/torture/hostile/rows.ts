// What strangers do to hold up the others: one row each, with the ports it needs and how they are attacked.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { generateCertificate } from '../../../src/cli/certificate.ts';
import { encodeMessage } from '../../../src/gensio/filter/msgdelim.ts';
import { initMessage, newChannelMessage } from '../../../src/gensio/filter/mux-codec.ts';
import { hashPassword } from '../../../src/gensio/tls/authority.ts';
import { LOCKS } from '../subject.ts';
import type { Flood, Orders } from './floods.ts';
import { canForge } from './forge.ts';

/** Where a row makes its ports. */
export interface Ground {
  readonly dir: string;
  /** The reference: what only ours understands is done otherwise. */
  readonly reference: boolean;
  /** Port numbers that are free, in a row; the first of them. */
  ports(count: number): number;
  /** Removed at the end, besides the directory. */
  readonly litter: string[];
}

/** What a row adds to the configuration, and what happens then. */
export interface Attack {
  readonly connections: string;
  readonly admin?: string;
  readonly flood: Flood;
  readonly devices?: Orders['devices'];
  /** The configuration that replaces the first one when the attack begins: SIGHUP follows. */
  readonly reload?: string;
}

export interface Row {
  readonly name: string;
  /** Calls on devices with `slow` in their path that take so many ms; a minute is a call that hangs. */
  readonly slow?: { readonly calls: readonly ('open' | 'ioctl' | 'close')[]; readonly ms: number };
  /** Why it cannot be run on this machine. */
  readonly why?: () => string | undefined;
  /** It is part of npm test. */
  readonly slice?: true;
  readonly build: (ground: Ground) => Attack | Promise<Attack>;
}

const hex = (...bytes: readonly number[]): string => Buffer.from(bytes).toString('hex');
const connection = (name: string, accepter: string, connector: string, ...options: readonly string[]): string =>
  `connection: &${name}\n  accepter: ${accepter}\n  connector: ${connector}\n${options.length === 0 ? '' : `  options:\n${options.map((line) => `    ${line}\n`).join('')}`}`;
const serial = (link: string, lock = ''): string => `serialdev${lock},${link},9600n81,local`;

/** A port with a device of its own that takes what comes. */
function lineRow(accepter: (port: number) => string, flood: (port: number) => Flood, device = 'device') {
  return (ground: Ground): Attack => {
    const port = ground.ports(1);
    const link = join(ground.dir, device);
    return {
      connections: connection('attacked', accepter(port), serial(link), 'max-connections: 8'),
      flood: flood(port),
      devices: [{ link, talks: false }],
    };
  };
}
/** A port that sends back what comes. */
function echoRow(layers: string, flood: (port: number) => Flood) {
  return (ground: Ground): Attack => {
    const port = ground.ports(1);
    return { connections: connection('attacked', `${layers}tcp,127.0.0.1,${port}`, 'echo', 'max-connections: 8'), flood: flood(port) };
  };
}

const rfc2217 = (port: number): string => `telnet(rfc2217),tcp,127.0.0.1,${port}`;
const WILL_COM_PORT = hex(255, 251, 44);
const request = (code: number, ...value: readonly number[]): string =>
  hex(255, 250, 44, code, ...value.flatMap((byte) => (byte === 255 ? [255, 255] : [byte])), 255, 240);
const SPEEDS = request(1, 0, 0, 0x25, 0x80) + request(1, 0, 0, 0x4b, 0);
const comPort = (bytes: string, connections = 1): ((port: number) => Flood) => {
  return (port) => ({ kind: 'pour', port, greeting: WILL_COM_PORT, bytes, connections });
};
const telnetRow = (name: string, bytes: string): Row => ({
  name,
  build: lineRow(rfc2217, comPort(bytes)),
});

interface Keys {
  readonly server: string;
  readonly ca: string;
}
function keys({ dir }: Ground): Keys {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const made = generateCertificate({ use: 'server', commonName: 'localhost', names: ['localhost', '127.0.0.1'], now: new Date(), days: 2 });
  writeFileSync(key, made.key, { mode: 0o600 });
  writeFileSync(cert, made.cert);
  return { server: `ssl(key=${key},cert=${cert})`, ca: cert };
}

/** The first thing a TLS client says. */
const clientHello = (): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) =>
      socket.once('data', (data) => {
        resolve(data);
        socket.destroy();
        server.close();
      }),
    );
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address !== 'object' || address === null) return reject(new Error('no port'));
      connectTls({ port: address.port, host: '127.0.0.1' }).on('error', () => undefined);
    });
  });

/** Users who do not know the password; its file is made by put. */
function loginRow(put: (file: string, reference: boolean) => void, atOnce: number) {
  return (ground: Ground): Attack => {
    const port = ground.ports(1);
    const { server, ca } = keys(ground);
    const authdir = join(ground.dir, 'auth');
    mkdirSync(join(authdir, 'joe'), { recursive: true });
    put(join(authdir, 'joe/password'), ground.reference);
    return {
      connections: connection(
        'attacked',
        `certauth(enable-password),${server},tcp,127.0.0.1,${port}`,
        'echo',
        'max-connections: 8',
        `authdir: ${authdir}`,
      ),
      flood: {
        kind: 'log in',
        stack: `certauth(username=joe,password=wrong,enable-password),ssl(CA=${ca},cert=),tcp,127.0.0.1,${port}`,
        atOnce,
      },
    };
  };
}

const fifo = (path: string): void => void spawnSync('mkfifo', [path]);

/** Four ports, each with a device; one client at each. */
function fourRow(names: string, options: (ground: Ground, i: number) => readonly string[], leaves = false) {
  return (ground: Ground): Attack => {
    const first = ground.ports(4);
    const four = [0, 1, 2, 3].map((i) => ({ port: first + i, link: join(ground.dir, `${names}${i}`), i }));
    return {
      connections: four
        .map(({ port, link, i }) => connection(`attacked${i}`, `tcp,127.0.0.1,${port}`, serial(link), ...options(ground, i)))
        .join('\n'),
      flood: { kind: 'sit', ports: four.map(({ port }) => port), bytes: '61', leaves },
      devices: four.map(({ link }) => ({ link, talks: false })),
    };
  };
}

const RELOADED = 3000;
const CHANGED = 2500;
const HANGS_MS = 60_000;
const needsRoot = (): string | undefined => (process.getuid?.() === 0 ? undefined : 'needs root');

export const ROWS: readonly Row[] = [
  { name: 'nothing', slice: true, build: () => ({ connections: '', flood: { kind: 'none' } }) },
  telnetRow('SET-BAUDRATE', SPEEDS),
  telnetRow(
    'SET-DATASIZE, PARITY, STOPSIZE',
    request(2, 7) + request(3, 2) + request(4, 2) + request(2, 8) + request(3, 1) + request(4, 1),
  ),
  telnetRow('SET-CONTROL: lines', request(5, 8) + request(5, 9) + request(5, 11) + request(5, 12)),
  telnetRow('SET-CONTROL: flow', request(5, 2) + request(5, 1)),
  telnetRow('SET-CONTROL: break', request(5, 5) + request(5, 6)),
  telnetRow('PURGE-DATA', request(12, 3)),
  telnetRow('FLOWCONTROL-SUSPEND, RESUME', request(8) + request(9)),
  telnetRow('NOTIFY masks', request(10, 255) + request(11, 255)),
  telnetRow('a suboption without end', `${hex(255, 250, 44)}${hex(255, 255, 97, 255, 250).repeat(1000)}`),
  telnetRow('SIGNATURE', request(0)),
  telnetRow('DO of an unknown option', hex(255, 253, 99)),
  telnetRow('DO and DONT ECHO', hex(255, 253, 1, 255, 254, 1)),
  telnetRow('WILL and WONT', hex(255, 251, 99, 255, 252, 44, 255, 251, 44)),
  telnetRow('BRK, AYT and NOP', hex(255, 243, 255, 246, 255, 241)),
  {
    name: 'SET-BAUDRATE, 1 ms each',
    slow: { calls: ['ioctl'], ms: 1 },
    build: lineRow(rfc2217, comPort(SPEEDS), 'slow'),
  },
  {
    name: 'one request, 20 ms a call',
    slice: true,
    slow: { calls: ['ioctl'], ms: 20 },
    build: lineRow(rfc2217, (port) => ({ kind: 'sit', ports: [port], bytes: WILL_COM_PORT + request(11, 255) + SPEEDS }), 'slow'),
  },
  {
    name: 'plain data',
    build: lineRow(
      (port) => `tcp,127.0.0.1,${port}`,
      (port) => ({ kind: 'pour', port, bytes: '61', connections: 4 }),
    ),
  },
  { name: 'echo that is not read', build: echoRow('', (port) => ({ kind: 'pour', port, bytes: '61', connections: 8, deaf: true })) },
  {
    name: 'readers that do not read',
    build: (ground) => {
      const port = ground.ports(1);
      const link = join(ground.dir, 'talks');
      return {
        connections: connection('attacked', `tcp,127.0.0.1,${port}`, serial(link), 'max-connections: 8'),
        flood: { kind: 'pour', port, bytes: '61', connections: 8, deaf: true },
        devices: [{ link, talks: true }],
      };
    },
  },
  {
    name: 'mux: new channels',
    slice: true,
    build: echoRow('mux,', (port) => ({
      kind: 'pour',
      port,
      greeting: Buffer.concat([initMessage(), newChannelMessage(1, 65_536, Buffer.alloc(0))]).toString('hex'),
      bytes: newChannelMessage(7, 65_536, Buffer.alloc(0)).toString('hex'),
      connections: 1,
    })),
  },
  {
    name: 'relpkt: packets again',
    slice: true,
    build: echoRow('relpkt,msgdelim,', (port) => ({
      kind: 'pour',
      port,
      greeting: encodeMessage(Buffer.from([0x10, 0, 16, 0, 200]), true).toString('hex'),
      bytes: encodeMessage(Buffer.from([0x20, 0, 200, 97]), true).toString('hex'),
      connections: 1,
    })),
  },
  {
    name: 'msgdelim: small messages',
    build: echoRow('msgdelim,', (port) => ({
      kind: 'pour',
      port,
      bytes: encodeMessage(Buffer.from('a'), true).toString('hex'),
      connections: 1,
    })),
  },
  { name: 'connect and reset', slice: true, build: echoRow('', (port) => ({ kind: 'visit', port, bytes: '', atOnce: 32 })) },
  {
    name: 'TLS: a ClientHello and gone',
    slice: true,
    build: async (ground) => {
      const port = ground.ports(1);
      return {
        connections: connection('attacked', `${keys(ground).server},tcp,127.0.0.1,${port}`, 'echo', 'max-connections: 8'),
        flood: { kind: 'visit', port, bytes: (await clientHello()).toString('hex'), atOnce: 32 },
      };
    },
  },
  {
    name: 'TLS: whole handshakes',
    build: (ground) => {
      const port = ground.ports(1);
      const { server, ca } = keys(ground);
      return {
        connections: connection('attacked', `${server},tcp,127.0.0.1,${port}`, 'echo', 'max-connections: 8'),
        flood: { kind: 'log in', stack: `ssl(CA=${ca},cert=),tcp,127.0.0.1,${port}`, atOnce: 16 },
      };
    },
  },
  {
    name: 'certauth: wrong passwords',
    slice: true,
    build: loginRow((file, reference) => writeFileSync(file, `${reference ? 'secret' : hashPassword('secret')}\n`, { mode: 0o600 }), 8),
  },
  { name: 'certauth: the password is a FIFO', slice: true, build: loginRow(fifo, 4) },
  {
    name: 'console: A and backspace',
    build: (ground) => {
      const port = ground.ports(1);
      return { connections: '', admin: `tcp,127.0.0.1,${port}`, flood: { kind: 'pour', port, bytes: '4108', connections: 2 } };
    },
  },
  {
    name: 'console: showport',
    build: (ground) => {
      const port = ground.ports(1);
      const bytes = Buffer.from('showport\r\n').toString('hex');
      return { connections: '', admin: `tcp,127.0.0.1,${port}`, flood: { kind: 'pour', port, bytes, connections: 2 } };
    },
  },
  {
    name: 'UDP: many senders',
    build: lineRow(
      (port) => `udp,127.0.0.1,${port}`,
      (port) => ({ kind: 'datagrams', port, senders: 16 }),
    ),
  },
  {
    name: 'UDP: forged loops',
    slice: true,
    why: () => (canForge() ? undefined : 'needs python3 and a raw socket'),
    build: (ground) => {
      const first = ground.ports(2);
      const two = [0, 1].map((i) => ({ port: first + i, link: join(ground.dir, `udp${i}`), i }));
      return {
        connections: two.map(({ port, link, i }) => connection(`attacked${i}`, `udp,127.0.0.1,${port}`, serial(link))).join('\n'),
        flood: { kind: 'forged', ports: [first, first + 1] },
        devices: two.map(({ link }) => ({ link, talks: false })),
      };
    },
  },
  { name: 'four devices whose open() hangs', slice: true, slow: { calls: ['open'], ms: HANGS_MS }, build: fourRow('slow', () => []) },
  {
    name: 'four devices whose close() hangs',
    slice: true,
    slow: { calls: ['close'], ms: HANGS_MS },
    build: fourRow('slow', () => [], true),
  },
  {
    name: 'four traces that are FIFOs',
    slice: true,
    build: fourRow('traced', ({ dir }, i) => {
      fifo(join(dir, `trace${i}`));
      return [`trace-both: ${join(dir, `trace${i}`)}`];
    }),
  },
  {
    name: 'a lock file that is a FIFO',
    slice: true,
    why: needsRoot,
    build: (ground) => {
      const port = ground.ports(1);
      const link = join(ground.dir, 'locked');
      const lock = join(LOCKS, `LCK..${link.replaceAll('/', '_')}`);
      fifo(lock);
      ground.litter.push(lock);
      return {
        connections: connection('attacked', `tcp,127.0.0.1,${port}`, serial(link, '(nouucplock=false)')),
        flood: { kind: 'sit', ports: [port], bytes: '61' },
        devices: [{ link, talks: false }],
      };
    },
  },
  {
    name: `reload of ${RELOADED} ports, ${CHANGED} changed`,
    build: (ground) => {
      const first = ground.ports(RELOADED);
      const all = (speed: (i: number) => number): string =>
        Array.from({ length: RELOADED }, (_, i) =>
          connection(`many${i}`, `tcp,127.0.0.1,${first + i}`, `serialdev,${join(ground.dir, `none${i}`)},${speed(i)}n81,local`),
        ).join('\n');
      return { connections: all(() => 9600), flood: { kind: 'none' }, reload: all((i) => (i < CHANGED ? 19_200 : 9600)) };
    },
  },
];

/** Takes away what a row left outside its directory. */
export const clear = ({ litter }: Ground): void => {
  for (const path of litter) rmSync(path, { force: true });
};
