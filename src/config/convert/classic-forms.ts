// What the classic format of ser2net 3.5 can say of a port and a device.
import { layersOf, type Stack } from '../../gensio/syntax/stack.ts';
import type { SerialLine } from '../../options/serialdev.ts';

const PARITY = { N: 'NONE', E: 'EVEN', O: 'ODD', M: 'MARK', S: 'SPACE' } as const;
/** Speeds that 3.5 has. */
const SPEEDS = [
  300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
  2500000, 3000000, 3500000, 4000000,
];

/** The network port and state of an accepter; `undefined` if 3.5 has no such thing. */
export function portOf({ spec }: Stack): { readonly port: string; readonly state: string; readonly words: readonly string[] } | undefined {
  const layers = layersOf(spec);
  const telnet = layers[0]?.type === 'telnet' ? layers[0] : undefined;
  const bottom = layers.at(-1);
  if (layers.length !== (telnet === undefined ? 1 : 2) || (bottom?.type !== 'tcp' && bottom?.type !== 'udp')) return undefined;
  const [addr, ...others] = bottom.addrs;
  if (addr === undefined || others.length > 0 || addr.family === 'ipv6n4') return undefined;
  const host = addr.host === '*' ? undefined : addr.host;
  const port = [addr.family, bottom.type === 'udp' ? 'udp' : undefined, host, addr.port].filter((each) => each !== undefined).join(',');
  return { port, state: telnet === undefined ? 'raw' : 'telnet', words: telnet?.opts.rfc2217 === true ? ['remctl'] : [] };
}

/** The device and its words; `undefined` if it is no device, or has a setting that 3.5 has not. */
export function deviceOf({ spec }: Stack): { readonly device: string; readonly words: readonly string[] } | undefined {
  if ((spec?.type !== 'serialdev' && spec?.type !== 'sdev') || !spec.device.startsWith('/') || /\s/.test(spec.device)) return undefined;
  const { line, device } = spec;
  if (!SPEEDS.includes(line.speed) || line.lines.length > 0 || line.rs485 !== undefined) return undefined;
  return { device, words: lineWords(line) };
}

function lineWords({ speed, databits, parity, stopbits, xonxoff, rtscts, local, hangupWhenDone, nobreak }: SerialLine): string[] {
  const flags = { XONXOFF: xonxoff, RTSCTS: rtscts, LOCAL: local, HANGUP_WHEN_DONE: hangupWhenDone, NOBREAK: nobreak };
  return [
    String(speed),
    `${databits}DATABITS`,
    PARITY[parity],
    `${stopbits}STOPBIT${stopbits === 2 ? 'S' : ''}`,
    ...Object.entries(flags).flatMap(([word, on]) => (on ? [word] : [])),
  ];
}
