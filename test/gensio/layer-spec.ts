// Specs of layers for tests: defaults, and what a test says instead.

import { defaults, type Rows } from '../../src/options/row.ts';
import { LAYERS, type LayerOf, type LayerSpec, type LayerType, type NetAddr } from '../../src/options/stack.ts';

type Rest<T extends LayerType> = Omit<LayerOf<T>, 'type' | 'opts'>;

/** A layer with these options and what follows its comma. */
export function layerSpec<T extends LayerType>(type: T, opts: Partial<LayerOf<T>['opts']>, rest: Rest<T>): LayerOf<T> {
  return { type, opts: { ...defaults(LAYERS[type].rows as Rows), ...opts }, ...rest } as LayerOf<T>;
}
/** One IPv4 loopback address. */
export const loopback = (port: number): NetAddr[] => [{ family: 'ipv4', host: '127.0.0.1', port: String(port) }];
export const tcpSpec = (port: number): LayerSpec => layerSpec('tcp', {}, { addrs: loopback(port) });
