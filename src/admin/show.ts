// Ports as showport and showshortport print them: the layout is ser2net 4.3.11's, byte for byte. The names of the states are those of
// 4.6.2 and later: 4.3.11 prints each under the name of another.

import type { AttachmentView } from '../attach/attachment-spec.ts';
import { encodeRaw } from '../base/raw-text.ts';
import { bottomOf } from '../gensio/syntax/stack.ts';
import { shownStack, withoutSecrets } from '../options/secrets.ts';
import type { Pending } from '../port/engine.ts';
import type { Port } from '../port/port.ts';
import type { Answer } from './answer.ts';
import { PENDING } from './messages.ts';

type StateName = 'not started' | 'closed' | 'unconnected' | 'waiting input' | 'waiting output' | 'closing';

/** The two state variables of ser2net, out of our one. */
function stateNames(port: Port): { readonly toDevice: StateName; readonly toNet: StateName } {
  const { at } = port.state;
  switch (at) {
    case 'not-started':
      return { toDevice: 'closed', toNet: port.enabled ? 'not started' : 'closed' };
    case 'opening':
      return { toDevice: 'unconnected', toNet: 'waiting input' };
    case 'open': {
      const { toDevice, toNet } = port.blocked;
      const name = (blocked: boolean): StateName => (blocked ? 'waiting output' : 'waiting input');
      return { toDevice: name(toDevice), toNet: name(toNet) };
    }
    case 'closed':
    case 'unconnected':
    case 'closing':
      return { toDevice: at, toNet: at };
    default:
      return at satisfies never;
  }
}

/** What ser2net calls in use: the device is open, or on its way to being closed. */
export const isInUse = (port: Port): boolean => port.state.at === 'open' || port.state.at === 'closing';

/** A port on its way out counts as switched off, one to be changed does not. */
const enableState = (port: Port, pending: Pending | undefined): string => (port.enabled && pending !== 'deleted' ? 'on' : 'off');

/** A port whose accepter means nothing has no device; a terminal for other programs has no peer. */
function deviceAddress(port: Port): string {
  const { accepter, connector } = port.config;
  const bottom = bottomOf(connector.spec);
  if (accepter.spec === undefined || (bottom?.type === 'pty' && bottom.argv.length === 0)) return '';
  return withoutSecrets(port.device?.address() ?? '');
}

/** `ttyS0,9600N81,CLOCAL RTSHI DTRHI` in its two parts; `undefined` if nothing is known of the device. */
export function deviceParts(address: string): { readonly config: string; readonly controls: string } | undefined {
  if (address === '') return undefined;
  const comma = address.indexOf(',');
  const from = comma < 0 ? address : address.slice(comma + 1);
  const blank = from.indexOf(' ');
  const controls = blank < 0 ? '' : from.slice(blank + 1).replaceAll(' ', ',');
  return {
    config: comma < 0 ? '' : from.slice(0, blank < 0 ? undefined : blank),
    controls: controls === 'offline' ? '' : controls,
  };
}

/** One port in full. */
export function showPort(port: Port, pending: Pending | undefined, out: Answer): void {
  const { name, accepter, connector, device } = port.config;
  out.block({ key: 'port', title: 'port', value: name }, () => {
    out.field('accepter', shownStack(accepter));
    out.field('enable state', enableState(port, pending));
    out.field('timeout', port.timeout | 0);
    for (const user of port.users) {
      out.block({ key: 'connected', title: 'connected to', value: user.peer }, () => {
        out.field('bytes read from TCP', user.bytesIn);
        out.field('bytes written to TCP', user.bytesOut);
      });
    }
    out.field('device', device === undefined ? shownStack(connector) : `${shownStack(connector)} (${device})`);
    showDevice(port, out);
    const states = stateNames(port);
    out.field('tcp to device state', states.toDevice);
    out.field('device to tcp state', states.toNet);
    out.field('bytes read from device', port.counters.read);
    out.field('bytes written to device', port.counters.written);
    if (out.yaml) out.field('close state', pending ?? 'retained');
    else if (pending !== undefined) out.raw(PENDING[pending]);
  });
}

function showDevice(port: Port, out: Answer): void {
  const parts = deviceParts(deviceAddress(port));
  if (parts === undefined) {
    out.field('device config', '?');
    out.field('device controls', '?');
    return;
  }
  if (parts.config !== '') out.field('device config', parts.config);
  if (parts.controls !== '') out.field('device controls', out.yaml ? `[ ${parts.controls} ]` : parts.controls);
}

/** At least so wide, in bytes; nothing is cut. */
const pad = (text: string | number, width: number): string => `${text}${' '.repeat(Math.max(0, width - bytesOf(String(text))))}`;
const padLeft = (text: string | number, width: number): string => String(text).padStart(width);
const bytesOf = (text: string): number => (/^[\x00-\x7f]*$/.test(text) ? text.length : encodeRaw(text).length);

/** Room for the longest IPv6 address, a comma and a port number. */
const ADDRESS_WIDTH = 51;

type Cells = readonly [string, string, string | number, string, string, string, string, string, ...(string | number)[]];

/** `%-22s %-6s %7s %-51s %-22s %-22s %-14s %-14s %9s %9s %9s %9s %s`; an address that fills its column has no space after it. */
function shortLine([name, type, timeout, address, accepter, device, toDevice, toNet, ...rest]: Cells): string {
  const [tcpIn, tcpOut, devIn, devOut, state] = rest as [number, number, number, number, string];
  return `${[pad(name, 22), pad(type, 6), padLeft(timeout, 7), ''].join(' ')}${pad(address, ADDRESS_WIDTH + 1)}${[
    pad(accepter, 22),
    pad(device, 22),
    pad(toDevice, 14),
    pad(toNet, 14),
    padLeft(tcpIn, 9),
    padLeft(tcpOut, 9),
    padLeft(devIn, 9),
    padLeft(devOut, 9),
    state,
  ].join(' ')}\r\n`;
}

/** The first line of showshortport. */
export const SHORT_HEADER = shortLine([
  'Port name',
  'Type',
  'Timeout',
  'Remote address',
  'Accepter',
  'Device',
  'TCP to device',
  'Device to TCP',
  'TCP in',
  'TCP out',
  'Dev in',
  'Dev out',
  'State',
]);

/** One port in one line. */
export function showShortPort(port: Port, pending: Pending | undefined): string {
  const { name, accepter, connector } = port.config;
  const [user] = port.users;
  const states = stateNames(port);
  return shortLine([
    name,
    pending === undefined ? enableState(port, pending) : 'DEL',
    port.timeout | 0,
    isInUse(port) ? (user?.peer ?? '') : 'unconnected',
    shownStack(accepter),
    shownStack(connector),
    states.toDevice,
    states.toNet,
    user?.bytesIn ?? 0,
    user?.bytesOut ?? 0,
    port.counters.read,
    port.counters.written,
    deviceAddress(port),
  ]);
}

/** One attachment in full. */
export function showAttachment(view: AttachmentView, out: Answer): void {
  out.block({ key: 'attachment', title: 'attachment', value: view.name }, () => {
    out.field('device', view.device);
    out.field('terminal', view.slave ?? 'none');
    out.field('state', view.slave === undefined ? 'no device' : view.state);
    out.field('target', withoutSecrets(view.target));
    out.field('in use', view.used ? 'yes' : 'no');
    out.field('connections made', view.connections);
    out.field('bytes to target', view.bytesOut);
    out.field('bytes from target', view.bytesIn);
    out.field('bytes waiting for target', view.queued);
    out.field('bytes to target discarded', view.discardedOut);
    out.field('bytes from target discarded', view.discardedIn);
  });
}
