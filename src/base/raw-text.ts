// Text that keeps bytes which are not UTF-8, as Python's surrogateescape does: byte 0x80+n stands as the lone surrogate U+DC80+n.
// Old files hold Latin-1 banners; what goes out is then byte for byte what was written.

/** Bytes to text; nothing is lost. */
export function decodeRaw(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // Without replacement characters everything was UTF-8: the usual case.
  if (!text.includes('\ufffd')) return text;
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    out += length > 0 ? bytes.toString('utf8', i, i + length) : String.fromCharCode(0xdc00 + bytes[i]!);
    i += Math.max(length, 1);
  }
  return out;
}

/** A file that people write: as decodeRaw, or UTF-16 when it begins with the byte order mark of that, which libyaml takes, too. */
export function decodeFile(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le');
  if (first !== 0xfe || second !== 0xff) return decodeRaw(bytes);
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le');
}

/** Length of the UTF-8 sequence at i; 0: there is none. Surrogates and overlong forms are none (RFC 3629). */
function sequenceLength(bytes: Buffer, i: number): number {
  const lead = bytes[i]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (let k = 1; k < length; k++) if ((bytes[i + k] ?? 0) >> 6 !== 2) return 0;
  const second = bytes[i + 1]!;
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f) ? 0 : length;
}

/** Text back to bytes: the inverse of decodeRaw. */
export function encodeRaw(text: string): Buffer {
  if (!/[\udc80-\udcff]/.test(text)) return Buffer.from(text, 'utf8');
  const parts = text.split(/(?<![\ud800-\udbff])([\udc80-\udcff])/);
  return Buffer.concat(parts.map((part, i) => (i % 2 === 1 ? Buffer.from([part.charCodeAt(0) - 0xdc00]) : Buffer.from(part, 'utf8'))));
}
