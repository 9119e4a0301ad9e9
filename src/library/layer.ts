// Layers of one's own: a program makes their names known, and they may stand in any accepter or connector from then on.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { GensioEnv } from '../gensio/context.ts';
import type { Accepter, Gensio } from '../gensio/gensio.ts';
import { addLayerFactory } from '../gensio/registry.ts';
import type { LayerFactory } from '../gensio/stack-builder.ts';
import { addLayer, layerInfo } from '../gensio/syntax/custom-layers.ts';
import type { LayerType } from '../options/stack.ts';

/** What a layer gets to work with. */
export interface LayerContext {
  /** As written in parentheses after its name; a bare word is the empty text, one that is not there is undefined. */
  readonly options: Readonly<Record<string, string | undefined>>;
  /** Timers go through it, so that tests can hold time. */
  readonly clock: Clock;
  /** The log of the server or stream that the layer belongs to. */
  readonly log: Log;
}

interface Named {
  /** Letters, digits, `-` and `_`; not that of a built-in layer. */
  readonly name: string;
  /** Names of its options. Another one in a stack is an error with a hint. */
  readonly options?: readonly string[];
}

/** On top of another layer: `name(options),child`. On an accepted connection server is true. */
export interface FilterDefinition extends Named {
  /** Makes the layer on `child`, which it owns; server: true on an accepted connection, where `open()` is to finish any handshake. */
  readonly filter: (child: Gensio, context: LayerContext & { readonly server: boolean }) => Gensio;
}

/** At the bottom of a stack: `name(options),rest`. */
export interface EndDefinition extends Named {
  /** Makes what dials out; `rest` is the text after the comma. Without it the layer cannot be a connector. */
  readonly connector?: (rest: string, context: LayerContext) => Gensio;
  /** Makes what listens; `rest` is the text after the comma. Without it the layer cannot be an accepter. */
  readonly accepter?: (rest: string, context: LayerContext) => Accepter;
}

/** What `registerLayer()` takes: a layer on a child, or one at the bottom of a stack. */
export type LayerDefinition = FilterDefinition | EndDefinition;

interface OwnSpec {
  readonly opts: Readonly<Record<string, string | undefined>>;
  readonly rest: string;
}
const context = (spec: unknown, { clock, log }: GensioEnv): LayerContext => ({ options: (spec as OwnSpec).opts, clock, log });
const restOf = (spec: unknown): string => (spec as OwnSpec).rest;

function makerFor(definition: LayerDefinition): LayerFactory<LayerType> {
  if ('filter' in definition) {
    return { filter: (spec, child, server, env) => definition.filter(child, { ...context(spec, env), server }) };
  }
  const { connector, accepter } = definition;
  return {
    ...(connector !== undefined && { connector: (spec, env) => connector(restOf(spec), context(spec, env)) }),
    ...(accepter !== undefined && { accepter: (spec, env) => accepter(restOf(spec), context(spec, env)) }),
  };
}

/**
 * Makes a layer known to the whole process, before the stacks that name it are read. Returns how to end that.
 * A filter best extends the class Filter. @throws TypeError: a name that cannot be, or is taken; a definition that makes nothing
 */
export function registerLayer(definition: LayerDefinition): () => void {
  const { name, options = [] } = definition;
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) throw new TypeError(`'${name}' cannot be the name of a layer`);
  if (layerInfo(name) !== undefined) throw new TypeError(`there is a layer '${name}' already`);
  const maker = makerFor(definition);
  const filter = maker.filter !== undefined;
  const roles = (['accepter', 'connector'] as const).filter((role) => filter || maker[role] !== undefined);
  if (roles.length === 0) throw new TypeError(`the layer '${name}' makes nothing`);
  const removals = [addLayerFactory(name, maker), addLayer(name, filter ? 'child' : 'text', roles, options)];
  return () => {
    for (const remove of removals) remove();
  };
}
