// What an accepter or connector string says, once read: a stack of layers, top first. Also the list of every layer there is.

import * as net from './net.ts';
import type { Rows, Values } from './row.ts';
import { SERIALDEV, type SerialLine } from './serialdev.ts';
import { TELNET } from './telnet.ts';
import { CERTAUTH, SSL } from './tls.ts';
import { IPMISOL, SCTP } from './unavailable.ts';

type Role = 'accepter' | 'connector';
/** What follows the comma of a layer's name. */
type Rest = 'addrs' | 'path' | 'device' | 'argv' | 'child' | 'text';

interface LayerInfo<R, K extends Rest> {
  readonly rows: R;
  readonly rest: K;
  readonly roles: readonly Role[];
  /** Why it cannot run here although its name is known. */
  readonly unsupported?: string;
  /** Clients speak its protocol. */
  readonly spoken?: boolean;
  /** It sends and gets datagrams of the network. */
  readonly datagrams?: boolean;
}
const BOTH: readonly Role[] = ['accepter', 'connector'];
const CON: readonly Role[] = ['connector'];
const ACC: readonly Role[] = ['accepter'];
const layer = <R, const K extends Rest>(rows: R, rest: K, roles: readonly Role[], unsupported?: string): LayerInfo<R, K> => ({
  rows,
  rest,
  roles,
  ...(unsupported !== undefined && { unsupported }),
});
const NO_SCTP = 'Node.js has no SCTP sockets';
const NO_RADIO = 'sound and radio devices are out of reach of this program';

/** Every layer by name: its option rows, what follows its comma, and where it may stand. */
export const LAYERS = {
  tcp: layer(net.TCP, 'addrs', BOTH),
  udp: { ...layer(net.UDP, 'addrs', BOTH), datagrams: true },
  unix: layer(net.UNIX, 'path', BOTH),
  unixdgram: layer(net.UNIXDGRAM, 'path', BOTH),
  unixseq: layer(net.UNIX, 'path', BOTH),
  stdio: layer(net.STDIO, 'argv', BOTH),
  dummy: layer({}, 'text', ACC),
  conacc: layer(net.CONACC, 'child', ACC),
  serialdev: layer(SERIALDEV, 'device', CON),
  sdev: layer(SERIALDEV, 'device', CON),
  dev: layer(SERIALDEV, 'path', CON),
  pty: layer(net.PTY, 'argv', CON),
  echo: layer(net.ECHO, 'text', CON),
  file: layer(net.FILE, 'text', CON),
  mdns: layer(net.MDNS, 'text', CON),
  telnet: { ...layer(TELNET, 'child', BOTH), spoken: true },
  ssl: layer(SSL, 'child', BOTH),
  certauth: layer(CERTAUTH, 'child', BOTH),
  mux: layer(net.MUX, 'child', BOTH),
  keepopen: layer(net.KEEPOPEN, 'child', CON),
  msgdelim: layer(net.MSGDELIM, 'child', BOTH),
  kiss: layer(net.KISS, 'child', BOTH),
  relpkt: layer(net.RELPKT, 'child', BOTH),
  trace: layer(net.TRACE, 'child', BOTH),
  perf: layer(net.PERF, 'child', BOTH),
  xlt: layer(net.XLT, 'child', BOTH),
  ratelimit: layer(net.RATELIMIT, 'child', BOTH),
  chardelay: layer(net.CHARDELAY, 'child', BOTH),
  script: layer(net.SCRIPT, 'child', BOTH),
  sctp: layer(SCTP, 'text', BOTH, NO_SCTP),
  ipmisol: layer(IPMISOL, 'text', CON, 'it needs an IPMI library'),
  sound: layer({}, 'text', CON, NO_RADIO),
  soapy: layer({}, 'text', CON, NO_RADIO),
  cm108gpio: layer({}, 'text', CON, NO_RADIO),
  afskmdm: layer({}, 'text', CON, NO_RADIO),
  fsk: layer({}, 'text', CON, NO_RADIO),
  hdlc: layer({}, 'text', CON, NO_RADIO),
  convcode: layer({}, 'text', CON, NO_RADIO),
  axfec: layer({}, 'text', CON, NO_RADIO),
  ax25: layer({}, 'text', BOTH, NO_RADIO),
} as const;

/** The name of a layer. */
export type LayerType = keyof typeof LAYERS;

/** One address of a list, as written. */
export interface NetAddr {
  /** The protocol in front of the address; `undefined` if none was written. ipv6n4 is IPv6 with IPv4 mapped into it. */
  readonly family: 'ipv4' | 'ipv6' | 'ipv6n4' | undefined;
  /** Name or address; `undefined` if none was written, which means all addresses to an accepter. */
  readonly host: string | undefined;
  /** A number or a service name, as written. */
  readonly port: string;
}

interface RestOf {
  addrs: { readonly addrs: readonly NetAddr[] };
  path: { readonly path: string };
  device: { readonly device: string; readonly line: SerialLine };
  argv: { readonly argv: readonly string[] };
  child: { readonly child: LayerSpec };
  text: { readonly rest: string };
}

/** One layer of one type: its options with defaults filled in, and what followed its comma. */
export type LayerOf<T extends LayerType> = {
  readonly type: T;
  readonly opts: (typeof LAYERS)[T]['rows'] extends infer R ? (R extends Rows ? Values<R> : never) : never;
} & RestOf[(typeof LAYERS)[T]['rest']];

/** Any layer; narrow it by type. */
export type LayerSpec = { [T in LayerType]: LayerOf<T> }[LayerType];
