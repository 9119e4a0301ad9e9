// What this machine listens on, read from /proc/net: so that a look at a port does not open its device.
import { readFileSync } from 'node:fs';
import { portNumber } from '../gensio/net/resolve.ts';
import type { LayerSpec } from '../options/stack.ts';

/** Sockets that wait for connections or datagrams. */
export interface Listening {
  readonly tcp: ReadonlySet<number>;
  readonly udp: ReadonlySet<number>;
  readonly unix: ReadonlySet<string>;
}

/** Column st of /proc/net/tcp (LISTEN) and /proc/net/udp (unconnected). */
const LISTEN = '0A';
const UNCONNECTED = '07';
/** Column Flags of /proc/net/unix: __SO_ACCEPTCON; and what sockets for datagrams have. */
const ACCEPTS = '00010000';
const BOUND = '00000000';

/** The local ports of a table of sockets in a state. */
export function portsIn(table: string, state: string): number[] {
  return table.split('\n').flatMap((line) => {
    const m = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /.exec(line);
    return m?.[2] === state ? [Number.parseInt(m[1]!, 16)] : [];
  });
}
/** The paths of a table of unix sockets that take connections or datagrams. */
export function pathsIn(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const m = /^[0-9A-Fa-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]{8}) [0-9A-F]+ [0-9A-F]+ +\d+ (.+)$/.exec(line);
    return m?.[1] === ACCEPTS || m?.[1] === BOUND ? [m[2]!] : [];
  });
}

function read(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** As it is now. */
export const listeningNow = (): Listening => ({
  tcp: new Set(['tcp', 'tcp6'].flatMap((name) => portsIn(read(name), LISTEN))),
  udp: new Set(['udp', 'udp6'].flatMap((name) => portsIn(read(name), UNCONNECTED))),
  unix: new Set(pathsIn(read('unix'))),
});

/** Whether somebody listens where an accepter wants to; undefined: there is nothing to see (port 0, standard input, a pty). */
export function isListening(spec: LayerSpec, now: Listening): boolean | undefined {
  if ('child' in spec) return isListening(spec.child, now);
  if (spec.type === 'tcp' || spec.type === 'udp') {
    const ports = spec.addrs.map(({ port }) => portNumber(port) ?? 0).filter((port) => port !== 0);
    return ports.length === 0 ? undefined : ports.every((port) => now[spec.type].has(port));
  }
  // A path from another directory is seen as it was given.
  if (spec.type === 'unix' || spec.type === 'unixdgram' || spec.type === 'unixseq') return now.unix.has(spec.path);
  return undefined;
}
