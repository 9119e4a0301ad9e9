// What an attachment is to be, what it needs, and what can be seen of it.
import type { GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { StackBuilder } from '../gensio/stack-builder.ts';
import type { Target } from '../gensio/syntax/target.ts';
import type { AttachOptions } from '../options/attach.ts';
import type { LinkEnv } from './device-link.ts';
import type { PtyEnv } from './pty-master.ts';

export interface AttachEnv extends PtyEnv {
  readonly log: Log;
  readonly builder: StackBuilder;
  readonly link: LinkEnv;
  /** From 0 up to, not including, 1: for the waits. */
  readonly random: () => number;
}

/** What an attachment is to be. */
export interface AttachmentSpec {
  /** In the log. */
  readonly name: string;
  /** The link applications open; absolute. */
  readonly device: string;
  /** In the order they are tried; one at least. */
  readonly targets: readonly Target[];
  readonly options: AttachOptions;
}

/** idle: nobody has asked for a connection. waiting: for the next attempt. */
export type AttachmentState = 'stopped' | 'idle' | 'connecting' | 'connected' | 'waiting';

/** How an attachment fares. */
export interface AttachmentView {
  readonly name: string;
  readonly device: string;
  /** `/dev/pts/5`; undefined: there is no pty now. */
  readonly slave: string | undefined;
  readonly state: AttachmentState;
  /** The target connected to, or tried. */
  readonly target: string;
  readonly used: boolean;
  /** From applications to the network, and back. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Kept for the next connection. */
  readonly queued: number;
  /** What applications wrote and nobody got: thrown away during an outage, or known not to be sent when a connection was lost. */
  readonly discardedOut: number;
  /** What came and was thrown away, because nobody had the device open or for a flush. */
  readonly discardedIn: number;
  /** Connections made so far. */
  readonly connections: number;
}

/** gensio's words, and ours where there are some. */
export const describe = (err: GensioError): string => (err.detail === undefined ? err.message : `${err.message} (${err.detail})`);
