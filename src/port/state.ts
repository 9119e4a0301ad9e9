// What is true of a port, and what follows from each event: when it listens, opens its device, serves, closes and starts over.
// Pure: events in, effects out; port.ts runs the effects and decides nothing. Bytes do not pass through here.
//
//   not-started ──(strings usable)──> closed <──────── stopped listening ─────┐
//                                       │ listening                           │
//                                       ▼                                     │
//                                  unconnected ──── first user ────> opening ─┤
//                                       ▲                          failed │   │ opened
//                                       │ ◄─────────────────────── ◄──────┘   ▼
//                                       └── device closed ── closing ◄────── open
//                                                            (last user left, device lost, disabled, admin, shutdown)
import { REASON, type Reason } from './messages.ts';

/** Everything about a port that decides what happens next. */
export interface PortState {
  /**
   * - `closed`: the device is closed and the port does not listen (the listener may be tried again).
   * - `not-started`: the same, because the accepter or connector string cannot be parsed.
   * - `unconnected`: listening; the device is closed.
   * - `opening`: the device is being opened; users wait.
   * - `open`: the device is open.
   * - `closing`: the last bytes go out, then the device is closed.
   */
  readonly at: 'closed' | 'not-started' | 'unconnected' | 'opening' | 'open' | 'closing';
  /** In service. A disabled port neither listens nor admits anybody. */
  readonly enabled: boolean;
  /** Both strings of its configuration could be parsed. */
  readonly usable: boolean;
  /** Its accepter listens. */
  readonly listening: boolean;
  /** The device is kept open although there is no user: for connect back, or for something that was added to the port. */
  readonly held: boolean;
  /** It is no longer configured, and closes with its last user. */
  readonly removing: boolean;
}

/** What happened to a port. */
export type PortEvent =
  /** A configuration was put in force. Never while the port is in use. */
  | { readonly on: 'configured'; readonly enabled: boolean; readonly usable: boolean; readonly held: boolean }
  /** Whether the device is to be open also without users. users: how many have a place. */
  | { readonly on: 'hold'; readonly held: boolean; readonly users: number }
  /** It is to listen; that it was to be removed is taken back. */
  | { readonly on: 'start' }
  | { readonly on: 'enable' | 'disable' }
  | { readonly on: 'listening' | 'not-listening' }
  /** A user was given a place. */
  | { readonly on: 'joined' }
  /** A held device was closed a while ago: time to open it again. */
  | { readonly on: 'reopen' }
  | { readonly on: 'device-open' }
  /** reason: gensio's text. */
  | { readonly on: 'device-failed'; readonly reason: string }
  /** The open device went away by itself; device-closed follows. */
  | { readonly on: 'device-lost' }
  | { readonly on: 'device-closed' }
  /** A user has left. users: how many still have a place. */
  | { readonly on: 'left'; readonly users: number }
  /** The configuration has it no longer. users: how many have a place. */
  | { readonly on: 'remove-when-idle'; readonly users: number }
  /** The session is to end. */
  | { readonly on: 'close'; readonly why: Reason }
  /** Its code failed: everything is cut off, and it is not used again. */
  | { readonly on: 'destroy' };

/** What is to be done about it, in the order of the list that step() returns. */
export type Effect =
  /** open-accepter: and keep trying. report-lost: the device cannot be sent its last bytes. idle: the session is over. */
  | { readonly do: 'open-accepter' | 'open-device' | 'begin-session' | 'close-device' | 'report-lost' | 'idle' | 'serve-waiting' }
  /** reopen-later: a reopen event after connector-retry-time. stop-calls: connect back calls nobody, and reopens nothing. */
  | { readonly do: 'reopen-later' | 'stop-calls' | 'cut-off' }
  | { readonly do: 'fail-users'; readonly reason: string }
  | { readonly do: 'end-session'; readonly why: Reason };

/** The state after an event, and what is to be done. */
type Next = readonly [PortState, readonly Effect[]];

/** A port that was just made, before its configuration is put in force. */
export const INITIAL: PortState = { at: 'closed', enabled: false, usable: false, listening: false, held: false, removing: false };

/** Somebody or something has the device: it is open, or on its way there or back. */
export const inUse = ({ at }: PortState): boolean => at === 'opening' || at === 'open' || at === 'closing';

/** What happens next. An event that means nothing in a state changes nothing. */
export function step(state: PortState, event: PortEvent): Next {
  switch (event.on) {
    case 'configured': {
      const { on: _, ...config } = event;
      return openHeld({ ...state, ...config });
    }
    case 'hold': {
      const next = { ...state, held: event.held };
      return event.held ? openHeld(next) : closeUnused(next, event.users);
    }
    case 'start': {
      const at = !inUse(state) && !state.listening && state.enabled ? (state.usable ? 'closed' : 'not-started') : state.at;
      return [{ ...state, at, removing: false }, state.enabled && state.usable ? [{ do: 'open-accepter' }] : []];
    }
    case 'enable':
      return [{ ...state, enabled: true }, []];
    case 'disable':
      return [{ ...state, enabled: false }, [{ do: 'stop-calls' }]];
    case 'listening':
      return openHeld({ ...state, at: inUse(state) ? state.at : 'unconnected', listening: true });
    case 'not-listening':
      return [{ ...state, at: state.at === 'unconnected' ? 'closed' : state.at, listening: false }, []];
    // A rotator may give a user to a port that does not listen itself.
    case 'joined':
      return openDevice(state);
    case 'reopen':
      return keepsOpen(state) ? openDevice(state) : [state, []];
    case 'device-open':
      return state.at === 'opening' ? [{ ...state, at: 'open' }, [{ do: 'begin-session' }]] : [state, []];
    case 'device-failed':
      return state.at === 'opening' ? idle(state, { do: 'fail-users', reason: event.reason }) : [state, []];
    case 'device-lost':
      return state.at === 'open' ? closing(state, REASON.devReadError, 'report-lost') : [state, []];
    case 'device-closed':
      return state.at === 'closing' ? idle(state) : [state, []];
    case 'left':
      return closeUnused(state, event.users);
    case 'remove-when-idle':
      return closeUnused({ ...state, removing: true }, event.users);
    case 'close':
      return state.at === 'opening' || state.at === 'open' ? closing(state, event.why, 'close-device') : [state, []];
    case 'destroy':
      return [{ ...INITIAL }, [{ do: 'cut-off' }]];
    default:
      return event satisfies never;
  }
}

const openDevice = (state: PortState): Next => (inUse(state) ? [state, []] : [{ ...state, at: 'opening' }, [{ do: 'open-device' }]]);

/** Its device is to be open also without users. */
const keepsOpen = ({ enabled, held, removing }: PortState): boolean => enabled && held && !removing;
const openHeld = (state: PortState): Next => (keepsOpen(state) && state.listening ? openDevice(state) : [state, []]);

function closeUnused(state: PortState, users: number): Next {
  const unused = users === 0 && !keepsOpen(state) && (state.at === 'opening' || state.at === 'open');
  return unused ? closing(state, REASON.lastUserLeft, 'close-device') : [state, []];
}

const closing = (state: PortState, why: Reason, last: 'close-device' | 'report-lost'): Next => [
  { ...state, at: 'closing' },
  [{ do: 'end-session', why }, { do: last }],
];

/** The device is closed. */
function idle(state: PortState, ...first: Effect[]): Next {
  const reopen: Effect[] = keepsOpen(state) ? [{ do: 'reopen-later' }] : [];
  return [{ ...state, at: state.listening ? 'unconnected' : 'closed' }, [...first, ...reopen, { do: 'idle' }, { do: 'serve-waiting' }]];
}

/** One step as text: `unconnected, joined: opening (open-device)`. */
export function traceStep(from: PortState, event: PortEvent, to: PortState, effects: readonly Effect[]): string {
  const { on, ...rest } = event;
  const said = [on, ...Object.entries(rest).map(([name, value]) => `${name}=${value}`)].join(' ');
  const done = effects.length === 0 ? '' : ` (${effects.map((effect) => effect.do).join(', ')})`;
  return `${from.at}, ${said}: ${to.at}${done}`;
}
