// Who may come in, in the order ser2net 4.3.11 asks. Pure.
import { REFUSAL } from './messages.ts';

export interface Door {
  readonly enabled: boolean;
  readonly closing: boolean;
  /** The peer passes the remaddr list. */
  readonly allowed: boolean;
  readonly kickolduser: boolean;
  /** Places in order: who has each; reserved ones are for connect back. */
  readonly places: readonly ('free' | 'taken' | 'reserved')[];
  /** The far end of a user has closed, and that was not read yet; asked only when there is no place. */
  leaving(): boolean;
  /** Another port has the same device open. */
  readonly deviceInUse: boolean;
  /** A connect-back port whose device is not open. */
  readonly deviceMissing: boolean;
}

export type Verdict =
  | { readonly say: string }
  | { readonly take: number }
  /** The user in this place goes, the newcomer gets it. */
  | { readonly kick: number }
  /** Ask again when the port is closed, or a user has left. */
  | 'wait';

export function admit(door: Door): Verdict {
  if (door.closing && !door.enabled) return { say: REFUSAL.closing };
  if (!door.enabled) return { say: REFUSAL.disabled };
  if (!door.allowed) return { say: REFUSAL.address };
  if (door.closing) return 'wait';
  if (door.deviceMissing) return { say: REFUSAL.deviceFailed };
  const free = door.places.indexOf('free');
  const last = door.places.lastIndexOf('taken');
  // Who closes and connects again at once may be seen in the other order: the end of a connection and a new one are two events.
  if (free < 0 && !(door.kickolduser && last >= 0)) return door.leaving() ? 'wait' : { say: REFUSAL.inUse };
  if (door.deviceInUse) return { say: REFUSAL.deviceInUse };
  return free >= 0 ? { take: free } : { kick: last };
}
