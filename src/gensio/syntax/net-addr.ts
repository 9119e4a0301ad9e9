// Network addresses as they stand in accepters and connectors, and the addresses peers are compared with (remaddr, connback).
// Host names are not looked up here.
import { isIP } from 'node:net';
import type { GensioErrorCode } from '../../base/gensio-error.ts';
import { builtInServices, type ServiceProtocol, type Services } from '../../base/services.ts';
import type { NetAddr } from '../../options/stack.ts';

/** What could not be read: gensio's error, and what is wrong in words. */
export interface Problem {
  /** gensio's error. */
  readonly error: GensioErrorCode;
  /** What is wrong, in words. */
  readonly detail: string;
  /** The piece of the text that is wrong, where it can be told. */
  readonly part?: string;
}
/** A value that was read, or why it could not be. */
export type Result<T> = { readonly ok: T } | Problem;

/** Where an address stands, as far as its meaning depends on that. */
export interface AddrContext {
  /** In a connector a host is needed; in an accepter it may be missing. */
  readonly role: 'accepter' | 'connector';
  /** The protocol whose service names are known. */
  readonly protocol: ServiceProtocol;
  /** The service names that are known. Default: the built-in ones. */
  readonly services?: Services;
  /** From a family word before the layer's name. */
  readonly family?: 'ipv4' | 'ipv6' | undefined;
  /** Hosts may be networks, `10.0.0.0/8`. */
  readonly networks?: boolean;
}

/** More addresses than this in one string are a mistake. */
const MAX_ADDRS = 256;
const FAMILIES = ['ipv4', 'ipv6', 'ipv6n4'] as const;

/**
 * A port as getaddrinfo takes it: digits (modulo 65536, as gensio 2.6.2 does), the name of a service, `*` for 0.
 * `undefined` if there is no such service.
 */
export function portNumber(text: string, protocol: ServiceProtocol, services: Services = builtInServices): number | undefined {
  if (text === '*') return 0;
  const m = /^[ \t\n\r\f\v]*([+-]?)([0-9]+)$/.exec(text);
  if (m === null) return services(text, protocol);
  const n = m[2]!.length > 15 ? 65535 : Number(m[2]) % 65536;
  return m[1] === '-' && n !== 0 ? 65536 - n : n;
}

/**
 * `[family,][host,]port[,...]`; ports come out as decimal numbers. Errors as gensio 2.6.2 reports them: 'notfound' no address,
 * 'inval' a family word without an address or port 0 to connect to, 'unknownname' no such port, 'namenotfound' a host no name server
 * can know, 'inconsistent' port 0 next to another.
 */
export function parseAddrs(text: string, context: AddrContext): Result<readonly NetAddr[]> {
  const pieces = text.split(',', MAX_ADDRS * 4).filter((piece) => piece !== '');
  const addrs: NetAddr[] = [];
  for (let i = 0; i < pieces.length; ) {
    let family: NetAddr['family'] = context.family;
    const word = FAMILIES.find((f) => f === pieces[i]);
    if (word !== undefined) {
      if (context.family !== undefined && context.family !== word.slice(0, 4)) {
        return { error: 'inval', detail: `'${word}' contradicts '${context.family}' before it` };
      }
      family = word;
      i++;
    }
    const first = pieces[i++];
    if (first === undefined) return { error: 'inval', detail: `an address is missing after '${word}'` };
    const second = pieces[i++];
    const [host, written] = second === undefined ? [undefined, first] : [first, second];
    const port = portNumber(written, context.protocol, context.services);
    if (port === undefined) {
      const part = host === undefined ? written : `${host},${written}`;
      return { error: 'unknownname', detail: noPort(written, host), part };
    }
    const wrong = host === undefined ? undefined : notHost(host, context.networks === true);
    if (wrong !== undefined) return { error: 'namenotfound', detail: wrong, ...(host !== undefined && { part: host }) };
    addrs.push({ family, host, port: String(port) });
    if (addrs.length > MAX_ADDRS) return { error: 'toobig', detail: `more than ${MAX_ADDRS} addresses` };
  }
  if (addrs.length === 0) return { error: 'notfound', detail: 'an address or port is missing' };
  const zeros = addrs.filter((a) => a.port === '0').length;
  if (zeros !== 0 && zeros !== addrs.length) return { error: 'inconsistent', detail: 'port 0 stands next to another port' };
  if (zeros !== 0 && context.role === 'connector') return { error: 'inval', detail: 'port 0 cannot be connected to' };
  return { ok: addrs };
}

/** Why a text can be no host, without asking anybody. */
function notHost(host: string, networks: boolean): string | undefined {
  if (host === '*' || isIP(host) !== 0 || /^[A-Za-z0-9._-]+$/.test(host)) return undefined;
  if (networks && /^[0-9a-fA-F.:]+\/[0-9]{1,3}$/.test(host)) return undefined;
  if (/^\[.*\]$/.test(host)) return `'${host}' is no host: IPv6 addresses are written without brackets`;
  return /\s/.test(host) ? `there is a space in the host '${host}'` : `'${host}' is no host`;
}

function noPort(port: string, host: string | undefined): string {
  if (port !== port.trim()) return `there is a space in the port '${port}'`;
  if (host === undefined && (isIP(port) !== 0 || port.includes('.') || port === 'localhost')) return `a port is missing after '${port}'`;
  return `'${port}' is neither a port number nor a known service`;
}

/** The text that reads back to these addresses. */
export const printAddrs = (addrs: readonly NetAddr[]): string =>
  addrs.map((a) => [a.family, a.host, a.port].filter((piece) => piece !== undefined).join(',')).join(',');

/** One host that is compared with peers. */
interface RemoteHost {
  /** The address family; `undefined` if either will do. */
  readonly family: NetAddr['family'];
  /** An address or a name; `undefined` for this machine. */
  readonly host: string | undefined;
  /** Bits of host that count, of a network; `undefined` for all. */
  readonly prefix: number | undefined;
  /** 0: any. */
  readonly port: number;
}

/** One element of remaddr or connback. */
export interface RemoteAddr {
  /** As written, without the exclamation mark. */
  readonly text: string;
  /** The hosts it names, one at least. */
  readonly hosts: readonly RemoteHost[];
}

/** `[!][tcp,|udp,|sctp,][family,]host[/bits],port`. Names are left for the one who compares. */
export function parseRemaddr(text: string, services: Services = builtInServices): Result<RemoteAddr> {
  let rest = text.startsWith('!') ? text.slice(1) : text;
  const plain = rest;
  const family = /^(ipv4|ipv6),/.exec(rest)?.[1] as 'ipv4' | 'ipv6' | undefined;
  if (family !== undefined) rest = rest.slice(5);
  const protocol = /^(tcp|udp|sctp|unix),/.exec(rest)?.[1];
  if (protocol === 'unix') return { error: 'inval', detail: 'a Unix socket has no address to compare with' };
  if (protocol !== undefined) rest = rest.slice(protocol.length + 1);
  // As an accepter, because port 0 is fine here.
  const got = parseAddrs(rest, { role: 'accepter', protocol: protocol === 'udp' ? 'udp' : 'tcp', services, family, networks: true });
  if ('error' in got) return got;
  const hosts: RemoteHost[] = [];
  for (const { host, port, ...addr } of got.ok) {
    const m = /^(.*)\/([0-9]{1,3})$/.exec(host ?? '');
    if (m === null) {
      hosts.push({ family: addr.family, host, prefix: undefined, port: Number(port) });
      continue;
    }
    const kind = isIP(m[1]!);
    if (kind === 0 || Number(m[2]) > (kind === 4 ? 32 : 128)) {
      return { error: 'namenotfound', detail: `'${host}' is not a network such as 10.0.0.0/8` };
    }
    hosts.push({ family: addr.family, host: m[1]!, prefix: Number(m[2]), port: Number(port) });
  }
  return { ok: { text: plain, hosts } };
}

/** The names in it that have to be looked up before comparing. */
export const namesIn = (remote: RemoteAddr): readonly string[] =>
  remote.hosts.flatMap((h) => (h.host !== undefined && h.host !== '*' && isIP(h.host) === 0 ? [h.host] : []));

/** 16 bytes of an address, IPv4 as IPv4-mapped; `undefined` if it is not an address. */
function bytesOf(ip: string): Uint8Array | undefined {
  const zone = ip.indexOf('%');
  const plain = zone < 0 ? ip : ip.slice(0, zone);
  const out = new Uint8Array(16);
  const v4 = (text: string): void => out.set(text.split('.').map(Number), 12);
  if (isIP(plain) === 4) {
    out.set([0xff, 0xff], 10);
    v4(plain);
    return out;
  }
  if (isIP(plain) !== 6) return undefined;
  const tail = plain.includes('.') ? plain.slice(plain.lastIndexOf(':') + 1) : undefined;
  const groups = (tail === undefined ? plain : plain.slice(0, -tail.length).replace(/([^:]):$/, '$1')).split('::');
  const numbers = groups.map((half) => (half === '' ? [] : half.split(':').map((g) => Number.parseInt(g, 16))));
  const last = numbers.length > 1 ? numbers[1]! : [];
  const end = tail === undefined ? 16 : 12;
  for (const [i, n] of numbers[0]!.entries()) out.set([n >> 8, n & 0xff], i * 2);
  for (const [i, n] of last.entries()) out.set([n >> 8, n & 0xff], end - (last.length - i) * 2);
  if (tail !== undefined) v4(tail);
  return out;
}

function sameBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i < 16 && bits > 0; i++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff00 >> bits) & 0xff;
    if ((a[i]! & mask) !== (b[i]! & mask)) return false;
  }
  return true;
}

/**
 * Whether a peer is meant. IPv4 and IPv4-mapped IPv6 addresses are the same. lookup gives the addresses of a name from namesIn(),
 * looked up beforehand; a name it does not know matches nobody.
 */
export function matches(remote: RemoteAddr, ip: string, port: number, lookup: (name: string) => readonly string[] = () => []): boolean {
  const peer = bytesOf(ip);
  if (peer === undefined) return false;
  return remote.hosts.some((h) => {
    if (h.port !== 0 && h.port !== port) return false;
    const wanted =
      h.host === undefined || h.host === '*'
        ? ['::1', ...(h.family === 'ipv6' ? [] : ['127.0.0.1'])]
        : isIP(h.host) !== 0
          ? [h.host]
          : lookup(h.host).filter((a) => h.family === undefined || (h.family === 'ipv6') === (isIP(a) === 6));
    return wanted.some((text) => {
      const address = bytesOf(text);
      if (address === undefined) return false;
      return sameBits(address, peer, h.prefix === undefined ? 128 : h.prefix + (isIP(text) === 4 ? 96 : 0));
    });
  });
}
