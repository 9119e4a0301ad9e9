// OpenWrt's /etc/config/ser2net, which people take for a configuration of ser2net: what it is, and how it is written as one.
import type { Diag } from '../../base/diag.ts';
import type { ConfTree } from './tree.ts';

const SECTION = /^\s*config\s+['"]?(ser2net|controlport|default|proxy|led)\b/;
const OPTION = /^\s*option\s+(\S+)\s+['"]?(.*?)['"]?\s*$/;
/** Lines looked at. */
const MOST = 1000;

/** What to say in place of each of its lines; `undefined` if the file is not one of those. */
export function uciProblem(tree: ConfTree, file: string): Diag | undefined {
  const lines = tree.slice(0, MOST).filter(({ kind }) => kind === 'line' || kind === 'lost');
  const [first] = lines;
  if (first === undefined || !SECTION.test(first.text.slice(0, 200)) || !lines.some(({ text }) => OPTION.test(text.slice(0, 200))))
    return undefined;
  return {
    code: 'bad-line',
    severity: 'error',
    pos: { file, line: first.line, col: 1, len: first.text.length },
    text: 'this is a configuration of OpenWrt (UCI), not of ser2net; nothing in it was read',
    hint: `write each 'config proxy' as a line, as in '${firstProxy(lines.map(({ text }) => text.slice(0, 200)))}'`,
    classic: `No state given on line ${first.classicLine}`,
  };
}

/** The first proxy as a port line, with what OpenWrt takes where an option is missing. */
function firstProxy(lines: readonly string[]): string {
  const from = lines.findIndex((line) => /^\s*config\s+['"]?proxy\b/.test(line)) + 1;
  const end = lines.findIndex((line, i) => i >= from && /^\s*config\s/.test(line));
  const options = new Map(
    (from === 0 ? [] : lines.slice(from, end < 0 ? undefined : end)).flatMap((line) => {
      const m = OPTION.exec(line);
      return m === null ? [] : [[m[1]!, m[2]!] as const];
    }),
  );
  const get = (name: string, otherwise: string): string => options.get(name) ?? otherwise;
  const parity = get('parity', 'none').charAt(0).toLowerCase();
  const speed = `${get('baudrate', '9600')}${parity}${get('databits', '8')}${get('stopbits', '1')}`;
  return `${get('port', '5000')}:${get('protocol', 'telnet')}:${get('timeout', '0')}:${get('device', '/dev/ttyUSB0')}:${speed}`;
}
