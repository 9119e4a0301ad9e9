// The address of a connect-back connection, in the form of the accepter it belongs to: `telnet,tcp,192.0.2.1,5000`.
import type { LayerSpec } from '../../options/stack.ts';
import { parseStack } from './gensio-str.ts';
import type { Result } from './net-addr.ts';
import { layersOf, type Stack } from './stack.ts';

/**
 * The stack to connect with. telnet takes rfc2217 and mode of the accepter where it is not given its own (gensio 2.6.2). The text has the layers of the accepter from the top, each with the options of a connector; only the
 * `tcp,` of an address may be left out. Errors are gensio's: 'inval' if the form is another one.
 */
export function callStack(accepter: LayerSpec, text: string): Result<LayerSpec> {
  const layers = layersOf(accepter);
  const given: string[] = [];
  let rest = text;
  for (const { type } of layers.slice(0, -1)) {
    const m = new RegExp(`^${type}(?:\\(([^()]*)\\))?(?:,|$)`).exec(rest);
    if (m === null) return { error: 'inval', detail: `'${text}' is not of the form of the accepter, which has ${type} here` };
    given.push(m[1] ?? '');
    rest = rest.slice(m[0].length);
  }
  const type = layers.at(-1)!.type;
  const { spec, error, detail = '' }: Stack = parseStack(text.slice(0, text.length - rest.length) + addressOf(rest), 'connector');
  if (spec === undefined) return { error: error ?? 'inval', detail };
  const got = layersOf(spec);
  if (got.length !== layers.length || got.some((layer, i) => layer.type !== layers[i]!.type)) {
    return { error: 'inval', detail: `'${text}' is not of the form of the accepter, whose address begins with ${type}` };
  }
  return { ok: inherit(spec, accepter, given) };
}

/** The text of the lowest layer with its name first: TCP is what an address is without any. A family may stand before the name. */
function addressOf(text: string): string {
  const [, family, named] = /^(?:(ipv4|ipv6),)?((?:tcp|udp|sctp|unix\w*)[(,])?/.exec(text)!;
  if (named === undefined) return `tcp,${text}`;
  return family === undefined ? text : text.slice(family.length + 1).replace(/^[a-z]+(\([^()]*\))?,/, `$&${family},`);
}

/** The stack with what a layer takes over from that of the accepter. given: the words each layer was given. */
function inherit(spec: LayerSpec, accepter: LayerSpec, given: readonly string[]): LayerSpec {
  if (!('child' in spec) || !('child' in accepter)) return spec;
  const child = inherit(spec.child, accepter.child, given.slice(1));
  if (spec.type !== 'telnet' || accepter.type !== 'telnet') return { ...spec, child } as LayerSpec;
  const has = (word: string): boolean => given[0]!.split(/[\s,]+/).some((each) => each.split('=')[0] === word);
  const rfc2217 = (has('rfc2217') ? spec : accepter).opts.rfc2217;
  const mode = has('mode') ? spec.opts.mode : (accepter.opts.mode ?? 'server');
  return { ...spec, opts: { ...spec.opts, rfc2217, mode }, child };
}
