// What is listened on here, read from /proc/net: so that a look at a port does not open its device.
import { join } from 'node:path';
import { portNumber } from '../gensio/net/resolve.ts';
import { bottomOf } from '../gensio/syntax/stack.ts';
import type { LayerSpec } from '../options/stack.ts';
import { readText } from './host.ts';

/** Sockets that wait for connections or datagrams, each with the inodes that stand for it in /proc/PID/fd. */
export interface Listening {
  /** By port. */
  readonly tcp: ReadonlyMap<number, readonly string[]>;
  /** By port. */
  readonly udp: ReadonlyMap<number, readonly string[]>;
  /** By path. */
  readonly unix: ReadonlyMap<string, readonly string[]>;
}

/** Column st of /proc/net/tcp (LISTEN) and /proc/net/udp (unconnected). */
const STATES = { tcp: '0A', udp: '07' } as const;
/** Column Flags of /proc/net/unix: __SO_ACCEPTCON; and what sockets for datagrams have. */
const UNIX_FLAGS = ['00010000', '00000000'];

/** Reads the kernel's tables in a directory. What cannot be read is empty. */
export function readListening(net = '/proc/net'): Listening {
  const lines = (table: string): string[] => (readText(join(net, table)) ?? '').split('\n').map((line) => line.trim());
  const found = { tcp: new Map<number, string[]>(), udp: new Map<number, string[]>(), unix: new Map<string, string[]>() };
  const add = <K>(map: Map<K, string[]>, key: K, inode: string): void => void map.set(key, [...(map.get(key) ?? []), inode]);
  for (const type of ['tcp', 'udp'] as const) {
    for (const line of [...lines(type), ...lines(`${type}6`)]) {
      const m = /^\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) (?:\S+ +){5}(\d+)/.exec(line);
      if (m?.[2] === STATES[type]) add(found[type], Number.parseInt(m[1]!, 16), m[3]!);
    }
  }
  for (const line of lines('unix')) {
    const m = /^[0-9A-Fa-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]{8}) [0-9A-F]+ [0-9A-F]+ +(\d+) (.+)$/.exec(line);
    if (m !== null && UNIX_FLAGS.includes(m[1]!)) add(found.unix, m[3]!, m[2]!);
  }
  return found;
}

/** Whether anything listens where an accepter would; `undefined` if that cannot be seen (port 0, standard input, a pty). */
export function isListening(stack: LayerSpec, now: Listening): boolean | undefined {
  const spec = bottomOf(stack)!;
  if (spec.type === 'tcp' || spec.type === 'udp') {
    const ports = spec.addrs.map(({ port }) => portNumber(port) ?? 0).filter((port) => port !== 0);
    return ports.length === 0 ? undefined : ports.every((port) => now[spec.type].has(port));
  }
  // A relative path is compared as it was given.
  if (spec.type === 'unix' || spec.type === 'unixdgram' || spec.type === 'unixseq') return now.unix.has(spec.path);
  return undefined;
}
