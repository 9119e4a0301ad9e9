// The rs485= text of a serial device as the kernel wants it.

/** Flags of struct serial_rs485, linux/serial.h. */
const FLAGS: Readonly<Record<string, number>> = { rts_on_send: 2, rts_after_send: 4, rx_during_tx: 16, terminate_bus: 32 };
const ENABLED = 1;
const MAX_DELAY = 0xffffffff;

/**
 * `before:after[:word...]`, delays in milliseconds: flags, delay before, delay after, as the first words of struct serial_rs485.
 * `off` gives all zeros. `undefined` if it is not such a text.
 */
export function parseRs485(text: string): Uint32Array | undefined {
  if (text === 'off') return new Uint32Array(3);
  const [before = '', after = '', ...words] = text.split(':');
  const delays = [before, after].map((delay) => (/^[0-9]{1,10}$/.test(delay) ? Number(delay) : Number.NaN));
  if (delays.some((delay) => !(delay <= MAX_DELAY))) return undefined;
  let flags = ENABLED;
  for (const word of words) {
    if (!Object.hasOwn(FLAGS, word)) return undefined;
    flags |= FLAGS[word]!;
  }
  return Uint32Array.of(flags, ...delays);
}
