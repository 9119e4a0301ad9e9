// Bytes as lines of hexadecimal numbers and characters, sixteen a line; every piece that comes begins a line.
import { hexDump } from '../../base/text.ts';

/** The hexadecimal view of one stream of bytes. */
export class HexView {
  #offset = 0;

  /** Lines with CR LF, for a terminal in raw mode. */
  lines(data: Buffer): string {
    const from = this.#offset;
    this.#offset += data.length;
    return hexDump(data, 16, (hex, text, at) => `${(from + at).toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${text}|\r\n`);
  }
}
