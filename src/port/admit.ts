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
  /** Ask again when the port is closed. */
  | 'wait';

export function admit(door: Door): Verdict {
  if (door.closing && !door.enabled) return { say: REFUSAL.closing };
  if (!door.enabled) return { say: REFUSAL.disabled };
  if (!door.allowed) return { say: REFUSAL.address };
  if (door.closing) return 'wait';
  if (door.deviceMissing) return { say: REFUSAL.deviceFailed };
  const free = door.places.indexOf('free');
  const last = door.places.lastIndexOf('taken');
  if (free < 0 && !(door.kickolduser && last >= 0)) return { say: REFUSAL.inUse };
  if (door.deviceInUse) return { say: REFUSAL.deviceInUse };
  return free >= 0 ? { take: free } : { kick: last };
}
