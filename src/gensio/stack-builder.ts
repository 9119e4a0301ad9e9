// How layers are made: what a factory is given, and how it asks for the stack below its own layer.
import type { LayerOf, LayerSpec, LayerType } from '../options/stack.ts';
import type { Authority, GensioEnv } from './context.ts';
import type { Accepter, Gensio } from './gensio.ts';

/** Builds the stack below, for layers that need a say in when. */
export interface StackBuilder {
  connector(spec: LayerSpec): Gensio;
  /** auth: who may use it, for layers that ask. */
  accepter(spec: LayerSpec, auth?: Authority): Accepter;
}
/** Also for connections that another accepter took. */
export interface AcceptedStackBuilder extends StackBuilder {
  /** Puts one filter on a connection that was accepted elsewhere; its open() finishes any handshake. */
  onAccepted(spec: LayerSpec, child: Gensio): Gensio;
}
/** A layer on another one. server: it stands on an accepted connection; its open() finishes any handshake. */
export type FilterFactory<T extends LayerType> = (
  spec: LayerOf<T>,
  child: Gensio,
  server: boolean,
  env: GensioEnv,
  build: StackBuilder,
) => Gensio;

export interface LayerFactory<T extends LayerType> {
  readonly accepter?: (spec: LayerOf<T>, env: GensioEnv, build: StackBuilder) => Accepter;
  readonly connector?: (spec: LayerOf<T>, env: GensioEnv, build: StackBuilder) => Gensio;
  readonly filter?: FilterFactory<T>;
}
