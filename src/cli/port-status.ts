// What the admin port says of one port, as values: for JSON, tables and the judgement whether it works.
import { type Field, fieldsOf, numberOf, textOf } from '../admin/document.ts';
import type { AdminClient } from './admin-client.ts';

interface UserStatus {
  readonly address: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

type PlainState = 'off' | 'not started' | 'not listening' | 'idle' | 'opening' | 'in use' | 'blocked' | 'closing';

/** What `showstate` adds. */
interface MoreStatus {
  /** The path of the device; `undefined` if the port has none. */
  readonly path: string | undefined;
  /** Whether the device is open, and if not, whether it is there. */
  readonly deviceState: 'open' | 'there' | 'missing' | 'unknown';
  /** The last attempt to open the device failed. */
  readonly openFailed: boolean;
  /** What failed last, as the log has it, and when; also if it works again since. */
  readonly lastError: { readonly at: string; readonly text: string } | undefined;
  /** Who has the right to write, by its address, or `nobody`; `undefined` if every user may write. */
  readonly writer: string | undefined;
  /** How often the device was opened since the daemon started. */
  readonly sessions: number;
  /** Bytes read from the device since the daemon started. */
  readonly totalFromDevice: number;
  /** Bytes written to the device since the daemon started. */
  readonly totalToDevice: number;
}

/** The daemon itself, as `showstate` tells it. */
export interface ProgramStatus {
  /** This program's version. */
  readonly program: string;
  /** Its process. */
  readonly pid: number;
  /** When it started, ISO 8601. */
  readonly since: string;
  /** For how long it has run, seconds. */
  readonly uptime: number;
}

/** One port. */
export interface PortStatus {
  /** The name of the connection. */
  readonly name: string;
  /** As in the configuration. */
  readonly accepter: string;
  /** The connector, as in the configuration. */
  readonly device: string;
  /** It is switched on. */
  readonly enabled: boolean;
  /** In few words; the two names of the console are toDevice and toTcp. An idle port whose device is not there is `device missing`. */
  readonly state: PlainState | 'device missing' | 'cannot open';
  /** `tcp to device state` of the console. */
  readonly toDevice: string;
  /** `device to tcp state` of the console. */
  readonly toTcp: string;
  /** Seconds; 0: none. */
  readonly timeout: number;
  /** Who is connected. */
  readonly users: readonly UserStatus[];
  /** `9600N81,CLOCAL`; `undefined` if nothing is known of it. */
  readonly config: string | undefined;
  /** RTSHI, DTRLO, ... while the device is open. */
  readonly controls: readonly string[];
  /** Bytes read from the device in the session now. */
  readonly bytesFromDevice: number;
  /** Bytes written to the device in the session now. */
  readonly bytesToDevice: number;
  /** What the daemon knows besides; `undefined` if it is ser2net 4.3.11. */
  readonly more: MoreStatus | undefined;
  /** What becomes of it when its last user leaves. */
  readonly closing: 'retained' | 'reconfigured' | 'deleted';
}

const known = (text: string | undefined): string | undefined => (text === '?' ? undefined : text);

/** The ports in a response to showport; state: the response to showstate, if there is one. */
export function portsOf(response: Field, state?: Field): PortStatus[] {
  const more = new Map((state === undefined ? [] : fieldsOf(state, 'port')).map((field) => [textOf(field, 'name'), moreOf(field)]));
  return fieldsOf(response, 'port').map((field) => portOf(field, more.get(textOf(field, 'name'))));
}

/** All that a daemon says of itself and of its ports. @throws Error when the connection is lost */
export async function askPorts(client: AdminClient): Promise<{
  readonly version: string;
  readonly program: ProgramStatus | undefined;
  readonly ports: readonly PortStatus[];
}> {
  const version = textOf(await client.ask('version'), 'version') ?? '';
  const response = await client.ask('showport');
  const state = await client.askIfKnown('showstate');
  return { version, program: state && programOf(state), ports: portsOf(response, state) };
}

function programOf(state: Field): ProgramStatus | undefined {
  const program = textOf(state, 'program version');
  if (program === undefined) return undefined;
  return {
    program,
    pid: numberOf(state, 'process'),
    since: textOf(state, 'running since') ?? '',
    uptime: numberOf(state, 'running for'),
  };
}

function moreOf(field: Field): MoreStatus {
  const [at, text] = [textOf(field, 'last error at'), textOf(field, 'last error')];
  return {
    path: textOf(field, 'device path'),
    deviceState: (textOf(field, 'device state') ?? 'unknown') as MoreStatus['deviceState'],
    openFailed: textOf(field, 'last open failed') === 'yes',
    lastError: at === undefined || text === undefined ? undefined : { at, text },
    writer: textOf(field, 'writer'),
    sessions: numberOf(field, 'sessions'),
    totalFromDevice: numberOf(field, 'total bytes read from device'),
    totalToDevice: numberOf(field, 'total bytes written to device'),
  };
}

function portOf(field: Field, more: MoreStatus | undefined): PortStatus {
  const text = (key: string): string => textOf(field, key) ?? '';
  const enabled = text('enable state') === 'on';
  const toDevice = text('tcp to device state');
  const toTcp = text('device to tcp state');
  const controls = known(textOf(field, 'device controls')?.replace(/^\[ (.*) \]$/, '$1'));
  const closing = text('close state');
  return {
    name: text('name'),
    accepter: text('accepter'),
    device: text('device'),
    enabled,
    state: withDevice(inOneWord(enabled, toDevice, toTcp), more),
    toDevice,
    toTcp,
    timeout: numberOf(field, 'timeout'),
    users: fieldsOf(field, 'connected').map((user) => ({
      address: textOf(user, 'name') ?? '',
      bytesIn: numberOf(user, 'bytes read from TCP'),
      bytesOut: numberOf(user, 'bytes written to TCP'),
    })),
    config: known(textOf(field, 'device config')),
    controls: controls === undefined || controls === '' ? [] : controls.split(','),
    bytesFromDevice: numberOf(field, 'bytes read from device'),
    bytesToDevice: numberOf(field, 'bytes written to device'),
    more,
    closing: closing === 'reconfigured' || closing === 'deleted' ? closing : 'retained',
  };
}

/** A port that waits for clients cannot serve any without its device. */
function withDevice(state: PlainState, more: MoreStatus | undefined): PortStatus['state'] {
  if (state !== 'idle' || more === undefined) return state;
  if (more.deviceState === 'missing') return 'device missing';
  return more.openFailed ? 'cannot open' : state;
}

function inOneWord(enabled: boolean, toDevice: string, toTcp: string): PlainState {
  const states = [toDevice, toTcp];
  if (states.includes('closing')) return 'closing';
  if (states.includes('waiting output')) return 'blocked';
  if (toDevice === 'waiting input') return 'in use';
  if (toTcp === 'waiting input') return 'opening';
  if (!enabled) return 'off';
  if (toTcp === 'not started') return 'not started';
  return toDevice === 'closed' ? 'not listening' : 'idle';
}

/** Its device is not there, or could not be opened the last time. */
export const lacksDevice = (port: PortStatus): boolean =>
  port.enabled && (port.more?.deviceState === 'missing' || (port.more?.openFailed === true && port.more.deviceState !== 'open'));

/** Switched on, and yet nobody can connect. A port that a reload changes is not listening on purpose. */
export const isUnhealthy = (port: PortStatus): boolean =>
  port.closing === 'retained' && (port.state === 'not started' || port.state === 'not listening');
