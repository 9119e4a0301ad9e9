// What an attachment is to be, what it needs, and what can be seen of it.
import type { GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { StackBuilder } from '../gensio/stack-builder.ts';
import type { Target } from '../gensio/syntax/target.ts';
import type { AttachOptions } from '../options/attach.ts';
import type { LinkEnv } from './device-link.ts';
import type { PtyEnv } from './pty-master.ts';
import type { OptionStyle } from './tls-advice.ts';

/** What an attachment needs from outside. */
export interface AttachEnv extends PtyEnv {
  /** Where its state lines go. */
  readonly log: Log;
  /** Makes connectors of targets. */
  readonly builder: StackBuilder;
  /** For the link of the device. */
  readonly link: LinkEnv;
  /** How the options of an attachment are written, for advice. */
  readonly optionStyle: OptionStyle;
  /** From 0 up to, not including, 1: for the waits. */
  readonly random: () => number;
}

/** What an attachment is to be. */
export interface AttachmentSpec {
  /** Its name in the log. */
  readonly name: string;
  /** The link applications open; absolute. */
  readonly device: string;
  /** In the order they are tried; one at least. */
  readonly targets: readonly Target[];
  /** For all targets, unless a target says otherwise. */
  readonly options: AttachOptions;
}

/** `idle`: no application has asked for a connection. `waiting`: for the next attempt. */
export type AttachmentState = 'stopped' | 'idle' | 'connecting' | 'connected' | 'waiting';

/** The state of an attachment. */
export interface AttachmentView {
  /** Its name in the configuration, or in the log. */
  readonly name: string;
  /** The link applications open. */
  readonly device: string;
  /** `/dev/pts/5`; `undefined` if there is no pty now. */
  readonly slave: string | undefined;
  /** What it does about a connection. */
  readonly state: AttachmentState;
  /** The target connected to, or tried. */
  readonly target: string;
  /** Whether an application has the device open. */
  readonly used: boolean;
  /** Bytes from applications. */
  readonly bytesOut: number;
  /** Bytes from the network. */
  readonly bytesIn: number;
  /** Bytes kept for the next connection. */
  readonly queued: number;
  /** Bytes of applications that were not sent: discarded during an outage, or not sent yet when a connection was lost. */
  readonly discardedOut: number;
  /** Bytes received and discarded: no application had the device open, or one flushed its input. */
  readonly discardedIn: number;
  /** Connections made so far. */
  readonly connections: number;
}

/** gensio's words, and ours where there are some. */
export const describe = (err: GensioError): string => (err.detail === undefined ? err.message : `${err.message} (${err.detail})`);
