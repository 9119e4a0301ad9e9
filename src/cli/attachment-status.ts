// What the admin port says of one attachment, as values: for JSON, tables and the judgement whether it works.
import { type Field, fieldsOf, numberOf, textOf } from '../admin/document.ts';
import type { AdminClient } from './admin-client.ts';

/** An attachment in the form of `ser2net status --json`. */
export interface AttachmentReport {
  /** Its name in the configuration. */
  readonly name: string;
  /** The link applications open. */
  readonly device: string;
  /** Its pseudo-terminal; `undefined` if it could not be made. */
  readonly terminal: string | undefined;
  /** In words for people. */
  readonly state: 'no device' | 'idle' | 'connecting' | 'connected' | 'waiting';
  /** In use, or tried. */
  readonly target: string;
  /** Whether an application has the device open. */
  readonly inUse: boolean;
  /** Connections made since the daemon was started. */
  readonly connections: number;
  /** Bytes from applications. */
  readonly bytesToTarget: number;
  /** Bytes from the network. */
  readonly bytesFromTarget: number;
  /** Kept until there is a connection. */
  readonly bytesWaiting: number;
  /** Bytes of applications that were not sent. */
  readonly discardedToTarget: number;
  /** Bytes received while no application had the device open. */
  readonly discardedFromTarget: number;
}

/** Asks for all; none where the console does not know them (ser2net 4.3.11). @throws Error when the connection is lost */
export async function askAttachments(client: AdminClient): Promise<AttachmentReport[]> {
  const response = await client.askIfKnown('showattachment');
  if (response === undefined) return [];
  return fieldsOf(response, 'attachment').map(reportOf);
}

function reportOf(field: Field): AttachmentReport {
  const text = (key: string): string => textOf(field, key) ?? '';
  const terminal = text('terminal');
  return {
    name: text('name'),
    device: text('device'),
    terminal: terminal === 'none' ? undefined : terminal,
    state: text('state') as AttachmentReport['state'],
    target: text('target'),
    inUse: text('in use') === 'yes',
    connections: numberOf(field, 'connections made'),
    bytesToTarget: numberOf(field, 'bytes to target'),
    bytesFromTarget: numberOf(field, 'bytes from target'),
    bytesWaiting: numberOf(field, 'bytes waiting for target'),
    discardedToTarget: numberOf(field, 'bytes to target discarded'),
    discardedFromTarget: numberOf(field, 'bytes from target discarded'),
  };
}
