// What a gensio string means: its text and the layers read from it, or why it cannot be read; and the only walks over the layers.
import type { GensioErrorCode } from '../../base/gensio-error.ts';
import type { LayerOf, LayerSpec, LayerType } from '../../options/stack.ts';

/** A stack as written, and what it means; or why it means nothing (the connection is kept and reported). */
export interface Stack {
  /** As written. */
  readonly text: string;
  /** The outermost layer; `undefined` if the text cannot be read. */
  readonly spec: LayerSpec | undefined;
  /** Why there is no spec: gensio's error, and what is wrong in words. */
  readonly error: GensioErrorCode | undefined;
  /** What is wrong, in words. */
  readonly detail?: string;
  /** The piece of the text that is wrong, where it can be told. */
  readonly part?: string;
}

/** The layers of a stack from top to bottom; none if there is no stack. */
export function layersOf(spec: LayerSpec | undefined): readonly LayerSpec[] {
  const out: LayerSpec[] = [];
  for (let at = spec; at !== undefined; at = 'child' in at ? at.child : undefined) out.push(at);
  return out;
}

/** The lowest layer, which opens something. */
export const bottomOf = (spec: LayerSpec | undefined): LayerSpec | undefined => layersOf(spec).at(-1);

/** The first layer, from the top, of one of these types. */
export const findLayer = <T extends LayerType>(spec: LayerSpec | undefined, ...types: readonly T[]): LayerOf<T> | undefined =>
  layersOf(spec).find(({ type }) => types.some((each) => each === type)) as LayerOf<T> | undefined;

/** The same stack with another lowest layer. */
export const mapBottom = (spec: LayerSpec, change: (bottom: LayerSpec) => LayerSpec): LayerSpec =>
  'child' in spec ? ({ ...spec, child: mapBottom(spec.child, change) } as LayerSpec) : change(spec);

/** Whether an address to listen on is every address of this machine. */
export const isWildcard = (host: string | undefined): boolean => host === undefined || ['*', '0.0.0.0', '::'].includes(host);
