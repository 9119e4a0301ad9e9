// A simulated instrument behind a real pty: a small USB I/O module that answers lines, echoes what it does not know, and tells
// how its line is set. For the demo and for trying things by hand.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Termios } from '../../src/base/termios.ts';
import { openPty, type Pty } from './pty.ts';

const HELP = 'commands: hello, id?, in1?, in2?, out1 on|off, out1?, line?, help\r\n';

/** Speed, bits, parity and stop bits as `9600 8N1`, and the flow control. */
function lineText({ cflag, iflag, ospeed }: Termios): string {
  const bits = 5 + ((cflag >> 4) & 3);
  const parity = (cflag & 0o400) === 0 ? 'N' : (cflag & 0o1000) !== 0 ? 'O' : 'E';
  const stop = (cflag & 0o100) !== 0 ? 2 : 1;
  const flow = (cflag & 0o20000000000) !== 0 ? ' rtscts' : (iflag & 0o2000) !== 0 ? ' xonxoff' : '';
  return `${ospeed} ${bits}${parity}${stop}${flow}`;
}

/** What the instrument says to one line; undefined: it does not know it. */
export class Instrument {
  readonly #settings: () => Termios;
  #out = false;
  #asked = 0;
  constructor(settings: () => Termios) {
    this.#settings = settings;
  }
  answer(line: string): string | undefined {
    const command = line.trim().toLowerCase();
    if (command === 'hello') return 'hello, I am a simulated instrument\r\n';
    if (command === 'id?') return 'SER2NET-DEMO,IO-8,0001\r\n';
    if (command === 'in1?' || command === 'in2?') return `${command.slice(0, 3)} ${this.#asked++ % 2}\r\n`;
    if (command === 'out1 on' || command === 'out1 off') this.#out = command.endsWith('on');
    if (command.startsWith('out1')) return `out1 ${this.#out ? 'on' : 'off'}\r\n`;
    if (command === 'line?') return `line ${lineText(this.#settings())}\r\n`;
    if (command === 'help') return HELP;
    return undefined;
  }
}

/** Puts an instrument behind a link; close() takes both away. */
export function startInstrument(link: string): { close(): Promise<void> } {
  const pty: Pty = openPty({ raw: true });
  const instrument = new Instrument(() => pty.settings());
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(pty.path, link);
  let open = true;
  void (async () => {
    while (open) {
      const line = (await pty.master.takeUntil('\n', 2 ** 31 - 1)).toString('latin1');
      await pty.master.write(instrument.answer(line) ?? line);
    }
  })().catch(() => undefined);
  return {
    close: async () => {
      open = false;
      rmSync(link, { force: true });
      await pty.close();
    },
  };
}
