// Any settings of a serial line, as the fields of a fast-check record.
import fc from 'fast-check';

/** least: the lowest speed. */
export const anyLineFields = (least: number, most: number) => ({
  speed: fc.integer({ min: least, max: most }),
  parity: fc.constantFrom('N' as const, 'E' as const, 'O' as const, 'M' as const, 'S' as const),
  databits: fc.constantFrom(5 as const, 6 as const, 7 as const, 8 as const),
  stopbits: fc.constantFrom(1 as const, 2 as const),
  xonxoff: fc.boolean(),
  rtscts: fc.boolean(),
  local: fc.boolean(),
  hangupWhenDone: fc.boolean(),
});
