// Inputs made from inputs: bytes turned, cut out, doubled, put in from a dictionary, or joined with another input.
import type { Random } from '../torture/random.ts';

/** Biggest input made. */
export const MAX_INPUT = 8192;
const INTERESTING = [0, 1, 2, 9, 10, 13, 27, 32, 34, 35, 39, 44, 45, 58, 92, 123, 127, 128, 192, 240, 250, 251, 253, 254, 255];

function once(input: Buffer, other: Buffer, dictionary: readonly Buffer[], random: Random): Buffer {
  const at = random.below(input.length + 1);
  const length = Math.min(input.length - at, 1 << random.below(7));
  const [before, part, after] = [input.subarray(0, at), input.subarray(at, at + length), input.subarray(at + length)];
  switch (random.below(10)) {
    case 0: {
      const out = Buffer.from(input);
      if (at < out.length) out[at]! ^= 1 << random.below(8);
      return out;
    }
    case 1: {
      const out = Buffer.from(input);
      if (at < out.length) out[at] = random.pick(INTERESTING);
      return out;
    }
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, part, part, after]);
    case 4:
      return Buffer.concat([before, random.bytes(random.between(1, 8)), part, after]);
    case 5:
    case 6:
      return dictionary.length === 0 ? input : Buffer.concat([before, random.pick(dictionary), part, after]);
    case 7:
      return dictionary.length === 0 ? input : Buffer.concat([before, random.pick(dictionary), after]);
    case 8:
      return Buffer.concat([before, other.subarray(random.below(other.length + 1))]);
    default: {
      // The same many times over: for what grows.
      const times = 1 << random.below(8);
      return Buffer.concat([before, ...new Array<Buffer>(times).fill(part), after]);
    }
  }
}

/** A few changes at once. */
export function mutate(input: Buffer, other: Buffer, dictionary: readonly Buffer[], random: Random): Buffer {
  let out = input;
  for (let n = 1 << random.below(4); n > 0; n--) out = once(out, other, dictionary, random).subarray(0, MAX_INPUT);
  return out;
}

/** A shorter input that still fails: parts are left out as long as that holds. */
export async function minimize(input: Buffer, fails: (input: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
