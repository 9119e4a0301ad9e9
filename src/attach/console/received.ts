// What the port sends, as the terminal shows it: line ends mapped, and the time at the beginning of each line; and what is typed, as the
// port gets it. Pure.

/** What may be mapped, by the names that stty and tio have for it. */
export const MAPPINGS = {
  icrnl: 'received CR is shown as LF',
  igncr: 'received CR is ignored',
  inlcr: 'received LF is shown as CR',
  inlcrnl: 'received LF is shown as CR LF',
  ocrnl: 'typed CR is sent as LF',
  onlcrnl: 'typed LF is sent as CR LF',
  odelbs: 'typed DEL is sent as BS',
} as const;
/** One of them. */
export type Mapping = keyof typeof MAPPINGS;

/** `icrnl,odelbs`, in any case; '' or `none` for nothing. `undefined` if a word is none of them. */
export function parseMappings(text: string): ReadonlySet<Mapping> | undefined {
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '' && word !== 'none');
  return words.every((word): word is Mapping => Object.hasOwn(MAPPINGS, word)) ? new Set(words) : undefined;
}

const [BS, LF, CR, DEL] = [8, 10, 13, 127] as const;
const NOTHING: readonly number[] = [];

/** Each byte replaced as a table says; the buffer itself if nothing is to be replaced. */
function replaced(data: Buffer, table: ReadonlyMap<number, readonly number[]>): Buffer {
  if (table.size === 0 || !data.some((byte) => table.has(byte))) return data;
  return Buffer.from([...data].flatMap((byte) => table.get(byte) ?? byte));
}

/** Received bytes with their line ends mapped. */
export function mapReceived(data: Buffer, mappings: ReadonlySet<Mapping>): Buffer {
  const table = new Map<number, readonly number[]>();
  if (mappings.has('icrnl')) table.set(CR, [LF]);
  if (mappings.has('igncr')) table.set(CR, NOTHING);
  if (mappings.has('inlcr')) table.set(LF, [CR]);
  if (mappings.has('inlcrnl')) table.set(LF, [CR, LF]);
  return replaced(data, table);
}

/** Typed bytes as they are sent. */
export function mapTyped(data: Buffer, mappings: ReadonlySet<Mapping>): Buffer {
  const table = new Map<number, readonly number[]>();
  if (mappings.has('ocrnl')) table.set(CR, [LF]);
  if (mappings.has('onlcrnl')) table.set(LF, [CR, LF]);
  if (mappings.has('odelbs')) table.set(DEL, [BS]);
  return replaced(data, table);
}

/** Puts the time before the first byte of each line. */
export class LineStamps {
  #atStart = true;
  /** now: when the bytes came. A line ends with LF. */
  stamp(data: Buffer, now: Date): Buffer {
    const time = Buffer.from(
      `[${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${String(now.getMilliseconds()).padStart(3, '0')}] `,
    );
    const out: Buffer[] = [];
    for (let from = 0; from < data.length; ) {
      // A CR before the line begins would bring the time to where it is overwritten.
      if (this.#atStart && data[from] !== CR) {
        out.push(time);
        this.#atStart = false;
      }
      const end = data.indexOf(LF, from);
      const to = this.#atStart ? from + 1 : end < 0 ? data.length : end + 1;
      out.push(data.subarray(from, to));
      if (!this.#atStart) this.#atStart = to - 1 === end;
      from = to;
    }
    return Buffer.concat(out);
  }
}
const two = (n: number): string => String(n).padStart(2, '0');
