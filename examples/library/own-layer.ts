// A layer of one's own: lines get the time in front of them on their way up. Any accepter or connector can name it.
// node own-layer.js 'stamp(seconds),tcp,localhost,4001'
import { Filter, type Gensio, type LayerContext, openGensio, registerLayer } from 'ser2net';

class Stamp extends Filter {
  readonly type = 'stamp';
  readonly #context: LayerContext;
  #fresh = true;
  constructor(child: Gensio, context: LayerContext) {
    super(child);
    this.#context = context;
  }
  // From the device. data is borrowed: what is handed up is used before this returns.
  protected decode(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const end = data.indexOf(10, at);
      if (this.#fresh) this.up.read(Buffer.from(`${this.#time()} `));
      this.up.read(data.subarray(at, end < 0 ? undefined : end + 1));
      this.#fresh = end >= 0;
      at = end < 0 ? data.length : end + 1;
    }
  }
  // To the device: as it is.
  protected encode(data: Buffer): Buffer {
    return data;
  }
  #time(): string {
    const time = this.#context.clock.wall().toISOString();
    return this.#context.options.seconds === undefined ? time : time.slice(0, 19);
  }
}

registerLayer({ name: 'stamp', options: ['seconds'], filter: (child, context) => new Stamp(child, context) });
const stream = await openGensio(process.argv[2] ?? 'stamp(seconds),tcp,localhost,4001');
process.stdin.pipe(stream).pipe(process.stdout);
