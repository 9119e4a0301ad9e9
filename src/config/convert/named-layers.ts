// Accepters and connectors in the form that newer versions take, too: every layer by its name. gensio since 2.8.3 refuses `2000`,
// `localhost,2000`, `ipv4,tcp,2000`, `0` and `/dev/ttyS0,9600n81`, also below another layer (`telnet,2000`).
import { isDeepStrictEqual } from 'node:util';
import { layerInfo } from '../../gensio/syntax/custom-layers.ts';
import { Defaults } from '../../gensio/syntax/defaults.ts';
import { parseStack } from '../../gensio/syntax/gensio-str.ts';
import { printAddrs } from '../../gensio/syntax/net-addr.ts';
import { splitWords } from '../../gensio/syntax/words.ts';

type Role = 'accepter' | 'connector';

const BARE = new Defaults();

/** Where the options of a layer end, or 0: after the `)` of `(nodelay),...`. text begins after the name. */
function optionsEnd(text: string): number | undefined {
  if (!text.startsWith('(')) return 0;
  const split = splitWords(text, 'spaces and commas', 1, ')');
  return split === undefined || split.at >= text.length ? undefined : split.at + 1;
}

/** The text with a name for each layer, everything else as it is; the same text when there is none to add or it means nothing. */
export function namedLayers(text: string, role: Role): string {
  const named = name(text, role);
  if (named === text) return text;
  const [was, is] = [text, named].map((each) => parseStack(each, role, BARE).spec);
  return was !== undefined && isDeepStrictEqual(was, is) ? named : text;
}

function name(text: string, role: Role): string {
  const str = text.replace(/^[ \t\n\r\f\v]+/, '');
  const word = /^[^,(]*/.exec(str)![0];
  const info = layerInfo(word);
  if (info?.roles.includes(role) === true) {
    if (info.rest !== 'child') return text;
    const end = optionsEnd(str.slice(word.length));
    if (end === undefined) return text;
    const head = str.slice(0, word.length + end + 1);
    const below = str.slice(head.length);
    const named = name(below, word === 'conacc' ? 'connector' : role);
    return named === below ? text : head + named;
  }
  if (role === 'connector' && str.startsWith('/')) return `serialdev,${str}`;
  if (role === 'accepter' && /^0+$/.test(str)) return 'stdio';
  const { spec } = parseStack(str, role, BARE);
  if (spec === undefined || !('addrs' in spec)) return text;
  if (!/^ipv[46],/.test(str)) return `tcp,${str}`;
  // The family stands before the layer and holds for all its addresses.
  const rest = str.slice(5);
  const type = /^(?:tcp|udp)(?=[,(])/.exec(rest)?.[0];
  if (type === undefined) return `tcp,${printAddrs(spec.addrs)}`;
  return `${type}${rest.slice(type.length, type.length + (optionsEnd(rest.slice(type.length)) ?? 0))},${printAddrs(spec.addrs)}`;
}
