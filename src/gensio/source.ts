// Who a connection counts as where there is a limit for each: the host, and with IPv6 the network of the host, which has addresses
// without number.
import { isIPv6 } from 'node:net';

/** The first four groups of an IPv6 address. */
function network(host: string): string {
  const plain = host.replace(/%.*$/, '');
  if (!isIPv6(plain) || /^::ffff:[0-9.]+$/i.test(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  while (groups.length < 4 && groups.length + after < 8) groups.push('0');
  return `${[...groups, ...(tail ?? '').split(':')]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Host and port of `ipv4,192.0.2.7,1234`; `undefined` for other kinds of address. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const m = /^ipv[46],(.*),([0-9]+)$/.exec(address);
  return m === null ? undefined : { host: m[1]!, port: Number(m[2]) };
}

/** The host of `ipv4,192.0.2.7,1234`; of other kinds of address the whole without a number at its end. */
export const hostOf = (address: string): string => address.replace(/^ipv[46],/, '').replace(/,[0-9]+$/, '');

/** One source for a limit: `192.0.2.7`, `2001:db8:0:1::/64`; all that have no host are one. */
export const sourceOf = (address: string): string => (/^ipv[46],/.test(address) ? network(hostOf(address)) : hostOf(address));
