// A 3D printer with Marlin: `ok` for each line, temperatures, numbers and checksums of lines. One line arrives damaged, and is asked for
// again.
import type { Line } from '../line.ts';

export interface Printer {
  /** Commands that were carried out, without number and checksum. */
  readonly done: string[];
  /** Numbers of lines that it asked for again. */
  readonly again: number[];
}

/** damaged: the number of the line. */
export function printer(line: Line, damaged: number): Printer {
  const seen: Printer = { done: [], again: [] };
  let last = 0;
  let got = '';
  const refuse = (why: string): void => {
    seen.again.push(last + 1);
    line.send(`Error:${why}, Last Line: ${last}\nResend: ${last + 1}\nok\n`);
  };
  const command = (text: string): void => {
    const numbered = /^(N(-?\d+) ?(.*))\*(\d+)$/.exec(text);
    if (numbered === null) return carryOut(text);
    const [, checked, number, rest, sum] = numbered;
    const n = Number(number);
    const first = n === damaged && !seen.again.includes(n);
    if (first || [...checked!].reduce((all, char) => all ^ char.charCodeAt(0), 0) !== Number(sum)) return refuse('checksum mismatch');
    if (rest !== 'M110' && n !== last + 1) return refuse('Line Number is not Last Line Number+1');
    last = n;
    carryOut(rest!);
  };
  const carryOut = (text: string): void => {
    seen.done.push(text);
    line.send(text === 'M105' ? 'ok T:20.00 /0.00 B:20.00 /0.00 @:0 B@:0\n' : 'ok\n');
  };
  line.onData = (data) => {
    got += data.toString('latin1');
    for (let at = got.indexOf('\n'); at >= 0; at = got.indexOf('\n')) {
      const text = got.slice(0, at).trim();
      got = got.slice(at + 1);
      if (text !== '') command(text);
    }
  };
  return seen;
}
