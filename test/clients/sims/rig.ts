// A Kenwood TS-480, as far as frequency, mode and transmitter: commands and answers end in a semicolon.
import type { Line } from '../line.ts';

export interface Rig {
  /** Of VFO A, in Hz. */
  frequency: number;
  /** 1 LSB, 2 USB, 3 CW, 4 FM, 5 AM. */
  mode: number;
  /** Of the filter, in Hz. */
  width: number;
}

export function rig(line: Line): Rig {
  const seen: Rig = { frequency: 14_074_000, mode: 2, width: 2400 };
  let got = '';
  const answer = (command: string): string | undefined => {
    const [name, value] = [command.slice(0, 2), command.slice(2)];
    const frequency = String(seen.frequency).padStart(11, '0');
    switch (name) {
      case 'ID':
        return 'ID020';
      case 'PS':
        return value === '' ? 'PS1' : undefined;
      case 'AI':
        return value === '' ? 'AI0' : undefined;
      case 'FA':
      case 'FB':
        if (value === '') return `${name}${frequency}`;
        seen.frequency = Number(value);
        return undefined;
      case 'MD':
        if (value === '') return `MD${seen.mode}`;
        seen.mode = Number(value);
        return undefined;
      case 'IF':
        // Step, offset of RIT, RIT, XIT, bank and channel of the memory, transmitter; mode; VFO, scan, split, tone and its number.
        return `IF${frequency}     +0000000000${seen.mode}000000 `;
      case 'FW':
        if (value === '') return `FW${String(seen.width).padStart(4, '0')}`;
        seen.width = Number(value);
        return undefined;
      case 'FR':
      case 'FT':
      case 'TX':
      case 'RX':
        return value === '' && name < 'RX' ? `${name}0` : undefined;
      default:
        return '?';
    }
  };
  line.onData = (data) => {
    got += data.toString('latin1');
    for (let at = got.indexOf(';'); at >= 0; at = got.indexOf(';')) {
      const said = answer(got.slice(0, at));
      got = got.slice(at + 1);
      if (said !== undefined) line.send(`${said};`);
    }
  };
  return seen;
}
