// A board's console: `login:` on Enter, then a prompt; echoes what is typed. `spam N` prints N lines, `bytes` all 256 values, `exit` logs
// out. A break prints a line of SysRq where the line has modem lines.
import type { Line } from '../line.ts';

export const LOGIN = 'board login: ';
export const PROMPT = 'root@board:~# ';

export function board(line: Line): void {
  let user = '';
  let typed = '';
  let afterCr = false;
  const prompt = (): void => line.send(user === '' ? `\r\n${LOGIN}` : PROMPT);
  const command = (text: string): void => {
    const spam = /^spam (\d+)$/.exec(text);
    if (user === '') user = text;
    else if (text === 'exit') user = '';
    else if (text === 'speed') line.send(`${line.speed}\r\n`);
    else if (text === 'bytes') line.send(Buffer.from([...Array(256).keys(), 13, 10]));
    else if (spam !== null) line.send(Array.from({ length: Number(spam[1]) }, (_, i) => `line ${i} of the log\r\n`).join(''));
    else if (text !== '') line.send(`sh: ${text}: not found\r\n`);
    prompt();
  };
  const key = (byte: number): void => {
    const newline = byte === 10 && afterCr;
    afterCr = byte === 13;
    if (newline) return;
    if (byte === 13 || byte === 10) {
      const text = typed;
      typed = '';
      line.send('\r\n');
      command(text);
    } else if (byte === 8 || byte === 127) {
      typed = typed.slice(0, -1);
      line.send('\b \b');
    } else if (byte >= 32) {
      typed += String.fromCharCode(byte);
      line.send(Buffer.from([byte]));
    }
  };
  line.onData = (data) => data.forEach(key);
  line.onSignal = (event) => event.includes('break') && event !== 'break off' && line.send('\r\nsysrq: HELP\r\n');
}
