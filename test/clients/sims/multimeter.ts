// A multimeter on the bench, an Agilent 34405A: asked in SCPI, set to DC volts.
import type { Line } from '../line.ts';

export const VOLTS = 12.345;

/** Returns the commands that came. */
export function scpiMeter(line: Line): string[] {
  const commands: string[] = [];
  const ANSWERS: Readonly<Record<string, string>> = {
    '*IDN?': 'Agilent Technologies,34405A,MY12345678,1.40-3.00-05-09-1',
    'SYST:ERR?': '+0,"No error"',
    'CONF?': '"VOLT +1.000000E+02,+1.500000E-06"',
    'FUNC?': '"VOLT"',
    'MEAS?': `+${VOLTS.toExponential(8)}`,
    'READ?': `+${VOLTS.toExponential(8)}`,
    'FETCH?': `+${VOLTS.toExponential(8)}`,
    '*OPC?': '1',
  };
  let got = '';
  line.onData = (data) => {
    got += data.toString('latin1');
    for (let at = got.indexOf('\n'); at >= 0; at = got.indexOf('\n')) {
      const command = got.slice(0, at).trim();
      got = got.slice(at + 1);
      commands.push(command);
      const answer = ANSWERS[command.toUpperCase()];
      if (answer !== undefined) line.send(`${answer}\n`);
    }
  };
  return commands;
}
