// The list of addresses that may connect. Names in it are looked up when the list is made.
import { lookup } from 'node:dns';
import { matches, namesIn, parseRemaddr, type RemoteAddr } from '../gensio/syntax/net-addr.ts';

export class RemoteAddresses {
  readonly #list: readonly RemoteAddr[];
  readonly #names = new Map<string, readonly string[]>();

  /** texts: as the configuration has them, already checked; what cannot be read admits nobody. */
  constructor(texts: readonly string[]) {
    this.#list = texts.flatMap((text) => {
      const got = parseRemaddr(text);
      return 'ok' in got ? [got.ok] : [];
    });
    for (const name of this.#list.flatMap(namesIn)) {
      lookup(name, { all: true }, (_err, found) => this.#names.set(name, found?.map((f) => f.address) ?? []));
    }
  }

  /** peer: as gensio prints it, `ipv4,127.0.0.1,1234`. An empty list admits everybody; a peer without address passes no other. */
  allows(peer: string): boolean {
    if (this.#list.length === 0) return true;
    const m = /^ipv[46],(.*),([0-9]+)$/.exec(peer);
    return m !== null && this.#list.some((remote) => matches(remote, m[1]!, Number(m[2]), (name) => this.#names.get(name) ?? []));
  }
}
