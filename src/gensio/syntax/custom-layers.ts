// Layers that a program which embeds this one brings along, and the table of all layers with them. Filled by library/layer.ts.
import { emptyStr } from '../../options/kind.ts';
import { type Rows, row } from '../../options/row.ts';
import { LAYERS, type LayerType } from '../../options/stack.ts';

type Role = 'accepter' | 'connector';

/** What a stack's reader has to know of a layer. */
interface LayerInfo {
  /** The options it takes in parentheses. */
  readonly rows: Rows;
  /** What follows the comma of its name. */
  readonly rest: (typeof LAYERS)[LayerType]['rest'];
  /** Whether it can be in accepters, in connectors, or in both. */
  readonly roles: readonly Role[];
  /** Why it cannot run here although its name is known. */
  readonly unsupported?: string;
  /** Clients speak its protocol. */
  readonly spoken?: boolean;
  /** It sends and gets datagrams of the network. */
  readonly datagrams?: boolean;
}

const customLayers = new Map<string, LayerInfo>();

/** A layer by name: built in, or registered; `undefined` if there is none. */
export const layerInfo = (name: string): LayerInfo | undefined =>
  Object.hasOwn(LAYERS, name) ? LAYERS[name as LayerType] : customLayers.get(name);

/** The names of all layers that may stand in a role. */
export const layerNames = (role: Role): string[] =>
  [...Object.keys(LAYERS), ...customLayers.keys()].filter((name) => layerInfo(name)!.roles.includes(role));

/** Makes a name known to readers of stacks; its options are texts of these names. Returns how to end that. */
export function addLayer(name: string, rest: 'child' | 'text', roles: readonly Role[], options: readonly string[]): () => void {
  const rows: Rows = Object.fromEntries(
    options.map((option) => [option, row({ conf: false, yaml: option, kind: emptyStr, def: undefined, since: 'new', doc: '' })]),
  );
  customLayers.set(name, { rows, rest, roles });
  return () => customLayers.delete(name);
}
