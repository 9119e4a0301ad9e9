// When a port listens, opens its device, serves, closes and starts over. Pure: events in, effects out; port.ts runs them.
// Bytes do not pass through here.
//
//   not-started ──(strings usable)──> closed <──────────── disable ───────────┐
//                                       │ listening                           │
//                                       ▼                                     │
//                                  unconnected ──── first user ────> opening ─┤
//                                       ▲                          failed │   │ opened
//                                       │ ◄─────────────────────── ◄──────┘   ▼
//                                       └── device closed ── closing ◄────── open
//                                                            (last user left, device lost, disable, admin, shutdown)
import { REASON, type Reason } from './messages.ts';

export type PortState =
  /** Not enabled, or the listener could not be started (it is tried again). */
  | { readonly at: 'closed' }
  /** The accepter or connector string means nothing; looked at again from time to time. */
  | { readonly at: 'not-started' }
  /** Listening; the device is closed. */
  | { readonly at: 'unconnected' }
  /** The device is being opened; users wait. */
  | { readonly at: 'opening' }
  /** The device is open. */
  | { readonly at: 'open' }
  /** Last words go out, then the device is closed. */
  | { readonly at: 'closing'; readonly why: Reason };

export type PortEvent =
  | { readonly on: 'listening' | 'not-listening' }
  /** A user was given a place. */
  | { readonly on: 'joined' }
  /** The device is to be open without a user (connect back). */
  | { readonly on: 'hold' }
  | { readonly on: 'device-open' }
  | { readonly on: 'device-failed'; readonly reason: string }
  /** users: how many are left; held: the device stays open without any. */
  | { readonly on: 'left'; readonly users: number; readonly held: boolean }
  /** Close the session: the device failed, or somebody wants it. */
  | { readonly on: 'close'; readonly why: Reason }
  /** The device is closed. listening: users may come. */
  | { readonly on: 'device-closed'; readonly listening: boolean };

export type Effect =
  | { readonly do: 'open-device' | 'begin-session' | 'close-device' | 'serve-waiting' | 'rest' }
  | { readonly do: 'fail-users'; readonly reason: string }
  | { readonly do: 'end-session'; readonly why: Reason };

export type Next = readonly [PortState, readonly Effect[]];

/** What happens next. An event that means nothing in a state changes nothing. */
export function step(state: PortState, event: PortEvent): Next {
  const stay: Next = [state, []];
  switch (state.at) {
    case 'not-started':
    case 'closed':
      if (event.on === 'listening') return [{ at: 'unconnected' }, []];
      // A rotator may hand a user to a port that does not listen itself.
      if (event.on === 'joined' || event.on === 'hold') return [{ at: 'opening' }, [{ do: 'open-device' }]];
      return stay;
    case 'unconnected':
      if (event.on === 'joined' || event.on === 'hold') return [{ at: 'opening' }, [{ do: 'open-device' }]];
      return event.on === 'not-listening' ? [{ at: 'closed' }, []] : stay;
    case 'opening':
      if (event.on === 'device-open') return [{ at: 'open' }, [{ do: 'begin-session' }]];
      if (event.on === 'device-failed') return [{ at: 'unconnected' }, [{ do: 'fail-users', reason: event.reason }, ...REST]];
      if (event.on === 'left' && event.users === 0 && !event.held) return closing(REASON.lastUserLeft);
      return event.on === 'close' ? closing(event.why) : stay;
    case 'open':
      if (event.on === 'left' && event.users === 0 && !event.held) return closing(REASON.lastUserLeft);
      return event.on === 'close' ? closing(event.why) : stay;
    case 'closing':
      if (event.on !== 'device-closed') return stay;
      return [{ at: event.listening ? 'unconnected' : 'closed' }, REST];
    default:
      return state satisfies never;
  }
}

const REST: readonly Effect[] = [{ do: 'rest' }, { do: 'serve-waiting' }];
const closing = (why: Reason): Next => [{ at: 'closing', why }, [{ do: 'end-session', why }, { do: 'close-device' }]];

/** One step as text: `unconnected, joined: opening (open-device)`. */
export function traceStep(from: PortState, event: PortEvent, to: PortState, effects: readonly Effect[]): string {
  const { on, ...rest } = event;
  const said = [on, ...Object.entries(rest).map(([name, value]) => `${name}=${value}`)].join(' ');
  const done = effects.length === 0 ? '' : ` (${effects.map((effect) => effect.do).join(', ')})`;
  return `${from.at}, ${said}: ${to.at}${done}`;
}
