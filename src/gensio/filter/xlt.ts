// The filter xlt: byte for byte translation, each direction with a table of its own.
import type { LayerOf } from '../../options/stack.ts';
import { Filter, type Gensio } from '../gensio.ts';

const CR = 13;
const LF = 10;

/** The byte for each byte; `undefined` if nothing is changed. Later pairs win. */
function table(pairs: readonly (readonly [number, number])[]): Uint8Array | undefined {
  if (pairs.every(([from, to]) => from === to)) return undefined;
  const out = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const [from, to] of pairs) out[from] = to;
  return out;
}

function translate(data: Buffer, to: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(data.length);
  for (let i = 0; i < data.length; i++) out[i] = to[data[i]!]!;
  return out;
}

class Xlt extends Filter {
  readonly type = 'xlt';
  readonly #in: Uint8Array | undefined;
  readonly #out: Uint8Array | undefined;

  constructor({ opts }: LayerOf<'xlt'>, child: Gensio) {
    super(child);
    const crlf = opts.crlf || opts.crnl;
    const lfcr = opts.lfcr || opts.nlcr;
    this.#in = table([...(crlf ? ([[CR, LF]] as const) : []), ...(lfcr ? ([[LF, CR]] as const) : []), ...(opts.in ?? [])]);
    this.#out = table([...(crlf ? ([[LF, CR]] as const) : []), ...(lfcr ? ([[CR, LF]] as const) : []), ...(opts.out ?? [])]);
  }
  protected decode(data: Buffer): void {
    this.up.read(this.#in === undefined ? data : translate(data, this.#in));
  }
  protected encode(data: Buffer): Buffer {
    return this.#out === undefined ? data : translate(data, this.#out);
  }
}

/** Makes the layer `xlt` on a child. */
export const xltFilter = (spec: LayerOf<'xlt'>, child: Gensio): Gensio => new Xlt(spec, child);
