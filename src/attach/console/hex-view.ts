// Bytes as lines of hexadecimal numbers and characters, sixteen a line; every piece that comes begins a line.

export class HexView {
  #offset = 0;

  /** Lines with CR LF, for a terminal in raw mode. */
  lines(data: Buffer): string {
    let out = '';
    for (let i = 0; i < data.length; i += 16) {
      const row = data.subarray(i, i + 16);
      const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
      const text = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
      out += `${this.#offset.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${text}|\r\n`;
      this.#offset += row.length;
    }
    return out;
  }
}
