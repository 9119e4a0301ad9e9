// Options of the telnet layer for tests, from their text.

import type { TelnetOptions } from '../../../src/gensio/telnet/telnet.ts';
import { defaults } from '../../../src/options/row.ts';
import { TELNET } from '../../../src/options/telnet.ts';

/** `rfc2217,mode=client`: the flags and the mode that the tests use. */
export function telnetOptions(text = ''): TelnetOptions {
  const words = text.split(',');
  const mode = words.find((w) => w.startsWith('mode='))?.slice(5);
  return {
    ...defaults(TELNET),
    rfc2217: words.includes('rfc2217') || words.includes('rfc2217=true'),
    winsize: words.includes('winsize'),
    ...(mode !== undefined && { mode: mode as 'client' | 'server' }),
  };
}
