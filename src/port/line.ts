// The serial line at the bottom of a connector: finding it, changing it, and asking an open device for the change.
import type { SerialControl } from '../gensio/gensio.ts';
import type { Parity, SerialLine } from '../options/serialdev.ts';
import type { LayerSpec } from '../options/stack.ts';

/** The settings of a stack's serial device; undefined: there is none below. */
export function lineOf(spec: LayerSpec | undefined): SerialLine | undefined {
  if (spec === undefined) return undefined;
  if (spec.type === 'serialdev' || spec.type === 'sdev') return spec.line;
  return 'child' in spec ? lineOf(spec.child) : undefined;
}

/** The same stack with another line. */
export function withLine(spec: LayerSpec, line: SerialLine): LayerSpec {
  if (spec.type === 'serialdev' || spec.type === 'sdev') return { ...spec, line };
  return 'child' in spec ? ({ ...spec, child: withLine(spec.child, line) } as LayerSpec) : spec;
}

/** RFC 2217, SET-PARITY. */
const PARITIES: Readonly<Record<Parity, number>> = { N: 1, O: 2, E: 3, M: 4, S: 5 };

/** Asks an open device for everything RFC 2217 has a word for. */
export function askLine(serial: SerialControl, line: SerialLine): void {
  const ignore = (): void => undefined;
  serial.request('baudrate', line.speed, ignore);
  serial.request('datasize', line.databits, ignore);
  serial.request('parity', PARITIES[line.parity], ignore);
  serial.request('stopsize', line.stopbits, ignore);
  serial.request('control', line.rtscts ? 3 : line.xonxoff ? 2 : 1, ignore);
  for (const { line: name, on } of line.lines) serial.setLine?.(name, on);
}
