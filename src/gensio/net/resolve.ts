// From addresses as written to addresses as the system wants them.
import { isIP } from 'node:net';
import { nextMicrotask } from '../../base/fault-domain.ts';
import { fromSystemError, GensioError } from '../../base/gensio-error.ts';
import { nameLookup } from '../../base/name-lookup.ts';
import { builtInServices } from '../../base/services.ts';
import type { NetAddr } from '../../options/stack.ts';

/** One address to listen on or to connect to. v6only: do not take IPv4 as well. */
export interface Endpoint {
  /** A numeric address. */
  readonly host: string;
  /** IPv4 or IPv6. */
  readonly family: 4 | 6;
  /** 0 if the system chooses. */
  readonly port: number;
  /** An IPv6 socket that does not take IPv4. */
  readonly v6only: boolean;
}

/** The number of a port as written, modulo 65536 as the reference calculates; undefined when it names no known service. */
export function portNumber(text: string): number | undefined {
  return /^[0-9]+$/.test(text) ? Number(text) % 65536 : builtInServices(text, 'tcp');
}

function lookupAll(
  host: string,
  family: 0 | 4 | 6,
  done: (err: GensioError | undefined, found: { address: string; family: 4 | 6 }[]) => void,
): void {
  const literal = isIP(host);
  if (literal !== 0) {
    const fits = family === 0 || family === literal;
    nextMicrotask(() =>
      done(fits ? undefined : new GensioError('namenotfound', host), fits ? [{ address: host, family: literal as 4 | 6 }] : []),
    );
    return;
  }
  nameLookup.addresses(host, family, (err, found) => {
    if (err !== null) return done(fromSystemError(err), []);
    const of = (f: number) => found.filter((a) => a.family === f).map((a) => ({ address: a.address, family: a.family as 4 | 6 }));
    done(undefined, [...of(6), ...of(4)]);
  });
}

/**
 * All endpoints of an address list, IPv6 before IPv4 for a name without family, duplicates removed. An accepter without host gets
 * the wildcard, one IPv6 socket that takes IPv4 as well; a connector without host the loopback addresses (ser2net 4.3.11 tries only
 * ::1). `*` is both wildcards as two sockets. Of an accepter either all ports are 0 (the system chooses), or none is.
 */
export function resolve(
  addrs: readonly NetAddr[],
  role: 'accepter' | 'connector',
  done: (err: GensioError | undefined, endpoints: Endpoint[]) => void,
): void {
  const out: Endpoint[] = [];
  const add = (host: string, family: 4 | 6, port: number, v6only: boolean) => {
    if (!out.some((e) => e.host === host && e.port === port)) out.push({ host, family, port, v6only });
  };
  const next = (i: number): void => {
    const addr = addrs[i];
    if (addr === undefined) {
      const zeros = out.filter((e) => e.port === 0).length;
      if (zeros !== 0 && zeros !== out.length) return done(new GensioError('inconsistent', 'all addresses or none may have port 0'), []);
      return done(out.length === 0 ? new GensioError('notfound') : undefined, out);
    }
    const port = portNumber(addr.port);
    if (port === undefined) return done(new GensioError('unknownname', `unknown service '${addr.port}'`), []);
    if (port === 0 && role === 'connector') return done(new GensioError('inval', 'port 0 cannot be connected to'), []);
    const { family, host } = addr;
    if (host === undefined && role === 'accepter') {
      if (family === 'ipv4') add('0.0.0.0', 4, port, false);
      else add('::', 6, port, family === 'ipv6');
      return next(i + 1);
    }
    if (host === '*') {
      if (family !== 'ipv6') add('0.0.0.0', 4, port, false);
      if (family !== 'ipv4') add('::', 6, port, true);
      return next(i + 1);
    }
    if (host === undefined) {
      if (family !== 'ipv4' && family !== 'ipv6n4') add('::1', 6, port, true);
      if (family !== 'ipv6') add('127.0.0.1', 4, port, false);
      return next(i + 1);
    }
    lookupAll(host, family === 'ipv6' ? 6 : family === undefined ? 0 : 4, (err, found) => {
      if (err !== undefined) return done(err, []);
      for (const { address, family: f } of found) {
        if (family === 'ipv6n4') add(`::ffff:${address}`, 6, port, false);
        else add(address, f, port, f === 6);
      }
      next(i + 1);
    });
  };
  next(0);
}

/** Where a connection is to come from: laddr, `host,port` with or without a family in front. Of a name its first address of this family. */
export function resolveLocal(
  laddr: string | undefined,
  family: 4 | 6,
  done: (err: GensioError | undefined, local?: { readonly host: string; readonly port: number }) => void,
): void {
  const [, host, port] = /^(?:ipv[46],)?(.*),([0-9]+)$/.exec(laddr ?? '') ?? [];
  if (host === undefined) return done(undefined);
  // An address of the other family is refused by the system.
  lookupAll(host, isIP(host) === 0 ? family : 0, (err, [first]) => {
    done(err, first && { host: first.address, port: Number(port) % 65536 });
  });
}

/** As gensio prints a peer: `ipv4,127.0.0.1,1234` or `ipv6,::1,1234`. */
export const printAddress = (host: string, port: number): string => `${isIP(host) === 6 ? 'ipv6' : 'ipv4'},${host},${port}`;
