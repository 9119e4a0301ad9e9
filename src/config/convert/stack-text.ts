// Accepters and connectors of a classic file as they are written in YAML: every layer named, the line folded into one word.
import { isDeepStrictEqual } from 'node:util';
import type { Defaults } from '../../gensio/syntax/defaults.ts';
import { parseStack, printStack } from '../../gensio/syntax/gensio-str.ts';
import { defaultLine, printLine } from '../../gensio/syntax/serial-line.ts';
import type { Stack } from '../../gensio/syntax/stack.ts';
import { quoteWord, splitWords } from '../../gensio/syntax/words.ts';
import type { LayerSpec } from '../../options/stack.ts';
import { TELNET } from '../../options/telnet.ts';
import type { PortEntry } from '../conf/entry.ts';
import { namedLayers } from './named-layers.ts';

/** The first of the texts that means the same as the stack; `undefined` if none does. */
const sameAs = (stack: Stack, role: 'accepter' | 'connector', defaults: Defaults, texts: readonly string[]): string | undefined =>
  texts.find((text) => {
    const got = parseStack(text, role, defaults);
    return got.error === stack.error && isDeepStrictEqual(got.spec, stack.spec);
  });

/** The options of a layer as written: `(nodelay)`, or nothing. */
function parentheses(text: string): string {
  const open = text.indexOf('(');
  const end = open < 0 ? undefined : splitWords(text, 'spaces and commas', open + 1, ')')?.at;
  return end === undefined ? '' : text.slice(open, end + 1);
}

/** A network port as an accepter that names its layer. A port that cannot be read stays what it is. */
export function accepterText(stack: Stack, defaults: Defaults, telnet = ''): string {
  const text = namedLayers(stack.text.replace(/^[ \t\n\r\f\v]+/, ''), 'accepter');
  const found = sameAs(stack, 'accepter', defaults, [telnet + text]);
  if (found !== undefined) return found;
  return stack.spec === undefined ? telnet + text : printStack(stack.spec);
}

/** What a telnet state puts before the accepter. */
export function telnetPrefix({ state, remctl }: PortEntry, defaults: Defaults): string {
  if (state !== 'telnet') return '';
  if (remctl === true) return 'telnet(rfc2217),';
  return remctl === false && defaults.values(TELNET, 'telnet').rfc2217 ? 'telnet(rfc2217=false),' : 'telnet,';
}

/** A device and its words as a connector. One that cannot be read stays what it is. */
export function connectorText(stack: Stack, defaults: Defaults): string {
  const { text, spec } = stack;
  const texts: string[] = [];
  if (spec !== undefined && 'device' in spec) texts.push(...deviceTexts(text.replace(/^[ \t\n\r\f\v]+/, ''), spec, defaults));
  texts.push(namedLayers(text, 'connector'), text);
  const found = sameAs(stack, 'connector', defaults, texts);
  if (found !== undefined) return found;
  return spec === undefined ? text : printStack(spec);
}

function deviceTexts(text: string, spec: Extract<LayerSpec, { device: string }>, defaults: Defaults): string[] {
  const head = text.startsWith('/') ? 'serialdev,' : `${spec.type}${parentheses(text)},`;
  const base = defaultLine(defaults);
  const words = [printLine({ ...spec.line, rs485: undefined }).replace(/^[0-9]+[NEOMS]/, (speed) => speed.toLowerCase())];
  // printLine says what is on; what a default would switch on again has to be said too.
  if (base.xonxoff && !spec.line.xonxoff) words.push('xonxoff=false');
  if (base.rtscts && !spec.line.rtscts) words.push('rtscts=false');
  if (base.local && !spec.line.local) words.push('local=false');
  if (base.hangupWhenDone && !spec.line.hangupWhenDone) words.push('hangup-when-done=false');
  if (base.nobreak && !spec.line.nobreak) words.push('nobreak=false');
  if (spec.line.rs485 !== base.rs485 && spec.line.rs485 !== undefined) words.push(quoteWord(`rs485=${spec.line.rs485}`));
  const all = `${head}${spec.device},${words.join(',')}`;
  const bare = `${head}${spec.device}`;
  return isDeepStrictEqual(spec.line, base) && !text.includes(',') ? [bare, all] : [all, bare];
}
