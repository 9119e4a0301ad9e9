// The attacker of a hostile run, a process of its own so that its work is not taken for the daemon's: makes devices, says that it is
// ready, floods when told, and ends after the time it was given. Bounded in time, in connections, and in bytes.

import { createSocket } from 'node:dgram';
import { symlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { ByteStream } from '../../../src/gensio/uv-handle.ts';
import { openGensio } from '../../../src/index.ts';
import { newPty } from '../pty-pair.ts';
import { forge } from './forge.ts';

/** How a port is attacked. */
export type Flood =
  /** Opens connections and writes the bytes (hexadecimal) again and again, as fast as they are taken. */
  | {
      readonly kind: 'pour';
      readonly port: number;
      readonly greeting?: string;
      readonly bytes: string;
      readonly connections: number;
      /** What is answered is never read. */
      readonly deaf?: boolean;
    }
  /** So many connections at a time, each of which says this and leaves by a reset: at the first answer, or at once if it says nothing. */
  | { readonly kind: 'visit'; readonly port: number; readonly bytes: string; readonly atOnce: number }
  /** So many connections at a time through this stack, each of which fails or leaves at once. */
  | { readonly kind: 'log in'; readonly stack: string; readonly atOnce: number }
  /** A connection to each port that does no more than say this, and leaves after half a second or stays. */
  | { readonly kind: 'sit'; readonly ports: readonly number[]; readonly bytes: string; readonly leaves?: boolean }
  /** Datagrams from so many senders. */
  | { readonly kind: 'datagrams'; readonly port: number; readonly senders: number }
  /** Two ports are in use; then each gets a datagram that seems to come from the other one, and one that seems to come from itself. */
  | { readonly kind: 'forged'; readonly ports: readonly [number, number] }
  | { readonly kind: 'none' };

export interface Orders {
  readonly flood: Flood;
  /** Links to devices that take what comes; talking ones also send all the time. */
  readonly devices: readonly { readonly link: string; readonly talks: boolean }[];
  readonly seconds: number;
}

/** No flood sends more than this. */
const MAX_BYTES = 4 * 1024 ** 3;
const PIECE = 65_536;

const nothing = (): void => undefined;
let bytes = 0;
let over = false;

function device(link: string, talks: boolean): void {
  const { master, path } = newPty();
  const line = Buffer.alloc(1024, 'device ');
  const send = (): void => {
    while (talks && !over && stream.write(line));
  };
  const stream = ByteStream.ofDescriptor(master, { read: nothing, writable: send, ended: nothing, gone: nothing });
  stream.setReading(true);
  symlinkSync(path, link);
  if (talks) setImmediate(send);
}

function joined(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', nothing);
  return socket;
}

function pour({ port, greeting = '', bytes: unit, connections, deaf }: Flood & { kind: 'pour' }): void {
  const one = Buffer.from(unit, 'hex');
  const piece = Buffer.concat(Array.from({ length: Math.max(1, Math.floor(PIECE / one.length)) }, () => one));
  const open = (): void => {
    const socket = joined(port);
    const more = (): void => {
      while (!over && bytes < MAX_BYTES && !socket.destroyed) {
        bytes += piece.length;
        if (!socket.write(piece)) return;
      }
    };
    socket.on('connect', () => {
      socket.write(Buffer.from(greeting, 'hex'));
      more();
    });
    socket.on('drain', more);
    if (deaf !== true) socket.resume();
    socket.on('close', () => void (over || setTimeout(open, 20)));
  };
  for (let i = 0; i < connections; i++) open();
}

function visit({ port, bytes: unit, atOnce }: Flood & { kind: 'visit' }): void {
  const word = Buffer.from(unit, 'hex');
  const one = (): void => {
    if (over) return;
    const socket = joined(port);
    // One that is kept waiting is not waited for.
    const patience = setTimeout(() => socket.destroy(), 1000);
    socket.on('connect', () => {
      if (word.length === 0) socket.resetAndDestroy();
      else socket.write(word);
    });
    socket.on('data', () => socket.resetAndDestroy());
    socket.on('close', () => {
      clearTimeout(patience);
      setImmediate(one);
    });
  };
  for (let i = 0; i < atOnce; i++) one();
}

function logIn({ stack, atOnce }: Flood & { kind: 'log in' }): void {
  const one = async (): Promise<void> => {
    while (!over) {
      const stream = await Promise.race([
        openGensio(stack).catch(() => undefined),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1000)),
      ]);
      stream?.on('error', nothing).destroy();
    }
  };
  for (let i = 0; i < atOnce; i++) void one();
}

function sit({ ports, bytes: unit, leaves }: Flood & { kind: 'sit' }): void {
  for (const port of ports) {
    const socket = joined(port);
    socket.write(Buffer.from(unit, 'hex'));
    if (leaves === true) setTimeout(() => socket.destroy(), 500);
  }
}

function datagrams({ port, senders }: Flood & { kind: 'datagrams' }): void {
  const word = Buffer.from('hello\r\n');
  for (let i = 0; i < senders; i++) {
    const socket = createSocket('udp4').on('error', nothing);
    const send = (): void => {
      if (over) return;
      for (let n = 0; n < 20; n++) socket.send(word, port, '127.0.0.1');
      setImmediate(send);
    };
    send();
  }
}

const FLOODS: { readonly [K in Flood['kind']]: (flood: Flood & { kind: K }) => void } = {
  pour,
  visit,
  'log in': logIn,
  sit,
  datagrams,
  forged: ({ ports }) => {
    const user = createSocket('udp4').on('error', nothing);
    for (const port of ports) user.send('here', port, '127.0.0.1');
    setTimeout(() => forge(ports), 200);
  },
  none: nothing,
};

function obey({ flood, devices, seconds }: Orders): void {
  setPriority(5);
  for (const { link, talks } of devices) device(link, talks);
  process.on('message', () => {
    (FLOODS[flood.kind] as (flood: Flood) => void)(flood);
    setTimeout(() => {
      over = true;
      process.exit(0);
    }, seconds * 1000);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
}

if (process.argv[2] !== undefined) obey(JSON.parse(process.argv[2]) as Orders);
