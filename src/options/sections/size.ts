// Sizes with a unit: 256k, 10M.
import type { Kind } from '../kind.ts';

const UNITS: readonly (readonly [unit: string, bytes: number])[] = [
  ['G', 1024 ** 3],
  ['M', 1024 ** 2],
  ['k', 1024],
  ['', 1],
];

const print = (value: number): string => {
  const [unit, bytes] = UNITS.find(([, each]) => value % each === 0)!;
  return `${value / bytes}${unit}`;
};

/** A number of bytes from min to max, with k, M or G for 1024, 1024^2 and 1024^3. */
export const byteSize = (min: number, max: number): Kind<number> => ({
  name: 'size',
  parse: (text) => {
    const m = /^([0-9]{1,12})([kKMG]?)$/.exec(text);
    const bytes = m === null ? Number.NaN : Number(m[1]) * UNITS.find(([unit]) => unit === m[2]!.replace('K', 'k'))![1];
    return bytes >= min && bytes <= max ? { ok: bytes } : { expected: `a size from ${print(min)} to ${print(max)}, such as 256k` };
  },
  print,
});
