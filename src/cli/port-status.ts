// What the admin port says of one port, as values: for JSON, tables and the judgement whether it works.
import { type Field, fieldsOf, numberOf, textOf } from '../admin/document.ts';

interface UserStatus {
  readonly address: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface PortStatus {
  readonly name: string;
  readonly accepter: string;
  readonly device: string;
  readonly enabled: boolean;
  /** In one word; the two names of the console stand in toDevice and toTcp. */
  readonly state: 'off' | 'not started' | 'not listening' | 'idle' | 'opening' | 'in use' | 'blocked' | 'closing';
  readonly toDevice: string;
  readonly toTcp: string;
  /** Seconds; 0: none. */
  readonly timeout: number;
  readonly users: readonly UserStatus[];
  /** `9600N81,CLOCAL`; undefined: nothing is known of it. */
  readonly config: string | undefined;
  /** RTSHI, DTRLO, ... while the device is open. */
  readonly controls: readonly string[];
  readonly bytesFromDevice: number;
  readonly bytesToDevice: number;
  /** What becomes of it when its last user leaves. */
  readonly closing: 'retained' | 'reconfigured' | 'deleted';
}

const known = (text: string | undefined): string | undefined => (text === '?' ? undefined : text);

/** The ports in a response to showport. */
export const portsOf = (response: Field): PortStatus[] => fieldsOf(response, 'port').map(portOf);

function portOf(field: Field): PortStatus {
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
    state: inOneWord(enabled, toDevice, toTcp),
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
    closing: closing === 'reconfigured' || closing === 'deleted' ? closing : 'retained',
  };
}

function inOneWord(enabled: boolean, toDevice: string, toTcp: string): PortStatus['state'] {
  const states = [toDevice, toTcp];
  if (states.includes('closing')) return 'closing';
  if (states.includes('waiting output')) return 'blocked';
  if (toDevice === 'waiting input') return 'in use';
  if (toTcp === 'waiting input') return 'opening';
  if (!enabled) return 'off';
  if (toTcp === 'not started') return 'not started';
  return toDevice === 'closed' ? 'not listening' : 'idle';
}

/** Switched on, and yet nobody can connect. A port that a reload changes is not listening on purpose. */
export const isUnhealthy = (port: PortStatus): boolean =>
  port.closing === 'retained' && (port.state === 'not started' || port.state === 'not listening');
