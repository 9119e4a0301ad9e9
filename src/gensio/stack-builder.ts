// How layers are made: what a factory is given, and how it asks for the stack below its own layer.
import type { LayerOf, LayerSpec, LayerType } from '../options/stack.ts';
import type { AuthoritySettings, GensioEnv } from './context.ts';
import type { Accepter, Gensio } from './gensio.ts';

/** Builds the stack below, for layers that need a say in when. */
export interface StackBuilder {
  /** A connector, not open yet. @throws GensioError: a layer cannot be made */
  connector(spec: LayerSpec): Gensio;
  /** settings: who may use it, for layers that ask. */
  accepter(spec: LayerSpec, settings?: AuthoritySettings): Accepter;
}
/** Also for connections that another accepter took. */
export interface AcceptedStackBuilder extends StackBuilder {
  /** Puts one filter on a connection that was accepted elsewhere; its open() finishes any handshake. */
  onAccepted(spec: LayerSpec, child: Gensio): Gensio;
}
/** A layer on another one. server: it stands on an accepted connection; its open() finishes any handshake. */
type FilterFactory<T extends LayerType> = (spec: LayerOf<T>, child: Gensio, server: boolean, env: GensioEnv, build: StackBuilder) => Gensio;

/** How a layer is made in each place it may stand in; it may not stand where there is none. */
export interface LayerFactory<T extends LayerType> {
  /** At the bottom of an accepter. */
  readonly accepter?: (spec: LayerOf<T>, env: GensioEnv, build: StackBuilder) => Accepter;
  /** At the bottom of a connector. */
  readonly connector?: (spec: LayerOf<T>, env: GensioEnv, build: StackBuilder) => Gensio;
  /** On a child, in either. */
  readonly filter?: FilterFactory<T>;
}

/** What a port tells the network about itself. */
export interface Announcement {
  /** The name people see. */
  readonly name: string;
  /** `_iostream._tcp` */
  readonly type: string;
  /** The port number listened on. */
  readonly port: number;
  /** `undefined` for the default of Avahi. */
  readonly domain?: string | undefined;
  /** `undefined` for this machine. */
  readonly host?: string | undefined;
  /** `key=value` */
  readonly txt: readonly string[];
}

/** Announces a service until it is withdrawn. unavailable is called at most once: it cannot be done, or has ended by itself. */
export type Announce = (what: Announcement, unavailable: (why: string) => void) => { withdraw(): void };
