// OpenWrt's /etc/config/ser2net, which people take for a configuration of ser2net: what it is, and which command converts it.
import type { Diag } from '../../base/diag.ts';
import type { ConfTree } from './tree.ts';

const SECTION = /^\s*config\s+['"]?(ser2net|global|controlport|default|proxy|led)\b/;
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
    hint: `convert it: ser2net convert --from uci ${file}`,
    classic: `No state given on line ${first.classicLine}`,
  };
}
