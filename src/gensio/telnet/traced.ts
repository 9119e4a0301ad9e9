// TRACE=telnet: what a decoder finds is told before it is heard. Data is not.
import { tracePoints } from '../../base/trace-points.ts';
import { escapeIac, type TelnetOut } from './codec.ts';
import { IAC, SB, SE, textOf } from './names.ts';

/** The same hearer, which tells first if it is to be traced. address: where it comes from. */
export function traced(out: TelnetOut, address: () => string): TelnetOut {
  const say = tracePoints.telnet;
  if (say === undefined) return out;
  const tell = (...parts: readonly Uint8Array[]): void => say(`${address()} < ${textOf(Buffer.concat(parts))}`);
  return {
    data: (run) => out.data(run),
    command: (code) => {
      tell(Buffer.of(IAC, code));
      out.command(code);
    },
    negotiate: (verb, option) => {
      tell(Buffer.of(IAC, verb, option));
      out.negotiate(verb, option);
    },
    escaped: () => out.escaped?.(),
    suboption: (bytes) => {
      tell(Buffer.of(IAC, SB), escapeIac(bytes), Buffer.of(IAC, SE));
      out.suboption(bytes);
    },
  };
}
