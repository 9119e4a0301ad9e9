// A case: one Markdown file that says what is given to the program and what then happens. Reading and writing it, nothing more.
// The format is described in README.md beside this file.
import { bytesOf, escapeChar, type Side, unescapeText, wordsOf, wrapWords } from './bytes.ts';

/** net: clients, dev: devices, adm: consoles, srv: peers the program calls, std: its standard input and output. */
export type Channel = 'net' | 'dev' | 'adm' | 'srv' | 'std' | 'modem';

/** One thing that is done, or that must be seen. `who` is a channel with its number (`net`, `net2`) or `sig`, `pid`, `conf`, `log`. */
export type Step =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'send'; readonly who: string; readonly bytes: Buffer }
  | { readonly kind: 'act'; readonly who: string; readonly verb: string; readonly args: readonly string[] }
  /** bytes undefined: whatever comes, to be recorded. */
  | { readonly kind: 'bytes'; readonly who: string; readonly bytes: Buffer | undefined }
  /** eof, lost, refused, settings of a device, events of modem lines, a line of the log. */
  | { readonly kind: 'state'; readonly who: string; readonly text: string };

/** A text given or wanted: yaml, conf, args, input, stdin (given); stdout, stderr, exit, file (wanted). */
export interface TextBlock {
  readonly kind: 'text';
  readonly type: string;
  /** What stands after the type: the name of a file. */
  readonly name: string;
  readonly ours: boolean;
  readonly text: string;
}
export interface StepBlock {
  readonly kind: 'steps';
  readonly type: 'wire' | 'admin';
  readonly ours: boolean;
  readonly steps: readonly Step[];
}
export interface Prose {
  readonly kind: 'prose';
  readonly text: string;
}
export type Block = TextBlock | StepBlock | Prose;

export interface Case {
  readonly title: string;
  /** reference, cut, shim, stop, order, limit, difference. */
  readonly settings: ReadonlyMap<string, string>;
  readonly blocks: readonly Block[];
}

const TEXT_TYPES = ['yaml', 'conf', 'args', 'input', 'stdin', 'stdout', 'stderr', 'exit', 'file'];
const GIVEN = ['yaml', 'conf', 'args', 'input', 'stdin'];
/** True for what is given to the program, false for what is wanted from it. */
export const isGiven = (type: string): boolean => GIVEN.includes(type);

/** The words of `net=` and its like that are done; every other word is something to see. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  net: ['connect', 'reach', 'half', 'close', 'reset', 'hold', 'resume'],
  adm: ['connect', 'reach', 'half', 'close', 'reset', 'hold', 'resume'],
  srv: ['listen', 'half', 'close', 'reset'],
  std: ['half'],
  dev: ['gone', 'back', 'hold', 'resume', 'missing'],
};

export const channelOf = (who: string): string => who.replace(/\d+$/, '');

/** Who a line's bytes come from, as telnet sees it: on srv the program is the client. */
export function sideOf(who: string, direction: '<' | '>'): Side {
  return (direction === '<') === (channelOf(who) === 'srv') ? 'client' : 'server';
}

/** A line of a text as it stands in a block: what cannot be seen is escaped. */
const showLine = (line: string): string => [...line].map((c) => (c === '"' ? c : escapeChar(c))).join('');

/** A whole text as lines of a block; a last line without an end gets a backslash. */
export function showText(text: string): string {
  // An empty line alone would be an empty block.
  if (text === '\n') return '\\n\\';
  const lines = text.split('\n').map(showLine);
  const last = lines.pop()!;
  return [...lines, ...(last === '' ? [] : [`${last}\\`])].join('\n');
}

/** The text that lines of a block stand for. */
export function readText(shown: string): string {
  if (shown === '') return '';
  const cut = /(^|[^\\])(\\\\)*\\$/.test(shown);
  const body = cut ? shown.slice(0, -1) : shown;
  return body.split('\n').map(unescapeText).join('\n') + (cut ? '' : '\n');
}

function parseWire(text: string): Step[] {
  const steps: Step[] = [];
  // What is sent at once may take several lines: a backslash at the end of each but the last.
  const whole = text.replace(/ \\\n +/g, ' ');
  for (const line of whole === '' ? [] : whole.split('\n')) {
    const found = /^([a-z]+\d*)([<>=])(?: (.*))?$/.exec(line);
    if (found === null) {
      if (line !== '' && !line.startsWith('#')) throw new Error(`not a line of a wire block: ${line}`);
      steps.push({ kind: 'note', text: line });
      continue;
    }
    const [, who = '', op, rest = ''] = found;
    const channel = channelOf(who);
    if (op === '>' && channel !== 'modem') {
      steps.push({ kind: 'send', who, bytes: bytesOf(rest, sideOf(who, '>')) });
    } else if (op === '<' && channel !== 'modem' && channel !== 'log') {
      const bytes = rest === '?' ? undefined : bytesOf(rest, sideOf(who, '<'));
      const before = steps.at(-1);
      if (bytes !== undefined && before?.kind === 'bytes' && before.who === who && before.bytes !== undefined)
        steps[steps.length - 1] = { kind: 'bytes', who, bytes: Buffer.concat([before.bytes, bytes]) };
      else steps.push({ kind: 'bytes', who, bytes });
    } else {
      const words = rest.split(/ +/);
      const acts = op === '>' || ['sig', 'pid', 'conf'].includes(channel) || VERBS[channel]?.includes(words[0]!);
      steps.push(acts ? { kind: 'act', who, verb: words[0]!, args: words.slice(1) } : { kind: 'state', who, text: rest });
    }
  }
  return steps;
}

const WIDTH = 116;

function printWire(steps: readonly Step[]): string {
  return steps
    .flatMap((step): string[] => {
      switch (step.kind) {
        case 'note':
          return [step.text];
        case 'send':
          return [
            `${step.who}> ${wrapWords(wordsOf(step.bytes, sideOf(step.who, '>')), WIDTH, false).join(` \\\n${' '.repeat(step.who.length + 2)}`)}`,
          ];
        case 'bytes':
          if (step.bytes === undefined) return [`${step.who}< ?`];
          return wrapWords(wordsOf(step.bytes, sideOf(step.who, '<')), WIDTH, true).map((line) => `${step.who}< ${line}`);
        case 'act':
          return [`${step.who}${channelOf(step.who) === 'modem' ? '>' : '='} ${[step.verb, ...step.args].join(' ')}`];
        default:
          return [`${step.who}${['modem', 'log'].includes(channelOf(step.who)) ? '<' : '='} ${step.text}`];
      }
    })
    .join('\n');
}

/** The prompt of the console, which begins each line that is typed. */
export const PROMPT = '-> ';

/** A console session as it looks on a terminal: what follows a prompt is typed (and echoed), the rest is printed. */
function parseAdmin(text: string): Step[] {
  const who = 'adm';
  const steps: Step[] = [{ kind: 'act', who, verb: 'connect', args: [] }];
  let seen = '';
  const see = (last: string): void => {
    const bytes = Buffer.from(seen + last, 'latin1');
    if (bytes.length > 0) steps.push({ kind: 'bytes', who, bytes: seen === '?\r\n' ? undefined : bytes });
    seen = '';
  };
  for (const line of text === '' ? [] : text.split('\n')) {
    if (!line.startsWith(PROMPT)) {
      seen += `${unescapeText(line)}\r\n`;
      continue;
    }
    see(PROMPT);
    const typed = unescapeText(line.slice(PROMPT.length));
    steps.push({ kind: 'send', who, bytes: Buffer.from(`${typed}\n`, 'latin1') });
    if (/^(exit|quit)\b/.test(typed)) {
      steps.push({ kind: 'state', who, text: 'eof' });
      return steps;
    }
    seen = `${typed}\r\n`;
  }
  see(PROMPT);
  steps.push({ kind: 'act', who, verb: 'close', args: [] });
  return steps;
}

/** undefined: what happened does not look like a session, and is shown as a wire block. */
function printAdmin(steps: readonly Step[]): string | undefined {
  const lines: string[] = [];
  let typed: string | undefined;
  for (const step of steps) {
    if (step.kind === 'send') {
      typed = step.bytes.toString('latin1').slice(0, -1);
      lines.push(PROMPT + showLine(typed));
    } else if (step.kind === 'bytes') {
      if (step.bytes === undefined) continue;
      const echo = typed === undefined ? '' : `${typed}\r\n`;
      const text = step.bytes.toString('latin1');
      if (!text.startsWith(echo) || !text.endsWith(PROMPT)) return undefined;
      const body = text.slice(echo.length, -PROMPT.length);
      if (body === '') continue;
      if (!body.endsWith('\r\n')) return undefined;
      const shown = body.slice(0, -2).split('\r\n');
      if (shown.some((line) => line.startsWith(PROMPT))) return undefined;
      lines.push(...shown.map(showLine));
    }
  }
  return lines.join('\n');
}

/** The lines of a block of steps, and the type it needs: a console session that looks odd becomes a wire block. */
export function printSteps(type: 'wire' | 'admin', steps: readonly Step[]): { readonly type: 'wire' | 'admin'; readonly text: string } {
  const admin = type === 'admin' ? printAdmin(steps) : undefined;
  return admin === undefined ? { type: 'wire', text: printWire(steps) } : { type: 'admin', text: admin };
}

/** Reads a case. Throws an Error that says what is wrong with it. */
export function parseCase(text: string): Case {
  const [first = '', ...rest] = text.split('\n');
  if (!first.startsWith('# ')) throw new Error('a case begins with its title');
  const settings = new Map<string, string>();
  const blocks: Block[] = [];
  let prose: string[] = [];
  const endProse = (): void => {
    const words = prose.join('\n').trim();
    if (words !== '') blocks.push({ kind: 'prose', text: words });
    prose = [];
  };
  for (let i = 0; i < rest.length; i++) {
    const line = rest[i]!;
    const comments = [...line.matchAll(/<!-- ([a-z]+): (.*?) -->/g)];
    if (comments.length > 0 && line.replace(/<!-- .*? -->| /g, '') === '') {
      for (const [, name = '', value = ''] of comments) settings.set(name, value);
      continue;
    }
    const fence = /^```(\S+)(?: (.*))?$/.exec(line);
    if (fence === null) {
      prose.push(line);
      continue;
    }
    endProse();
    const end = rest.indexOf('```', i + 1);
    if (end < 0) throw new Error(`a block of ${fence[1]} does not end`);
    const body = rest.slice(i + 1, end).join('\n');
    i = end;
    const words = (fence[2] ?? '').split(' ').filter((w) => w !== '');
    const ours = words.at(-1) === 'ours';
    if (ours) words.pop();
    const type = fence[1]!;
    if (type === 'wire') blocks.push({ kind: 'steps', type, ours, steps: parseWire(body) });
    else if (type === 'admin') blocks.push({ kind: 'steps', type, ours, steps: parseAdmin(body) });
    else if (TEXT_TYPES.includes(type)) blocks.push({ kind: 'text', type, name: words.join(' '), ours, text: body });
    else throw new Error(`no such block: ${type}`);
  }
  endProse();
  return { title: first.slice(2), settings, blocks };
}

/** Writes a case; parseCase gives the same one back. */
export function printCase(c: Case): string {
  const out = [`# ${c.title}`];
  if (c.settings.size > 0) out.push([...c.settings].map(([name, value]) => `<!-- ${name}: ${value} -->`).join(' '));
  for (const block of c.blocks) {
    if (block.kind === 'prose') {
      out.push(block.text);
      continue;
    }
    const shown = block.kind === 'steps' ? printSteps(block.type, block.steps) : { type: block.type, text: block.text };
    const info = [shown.type, ...(block.kind === 'text' && block.name !== '' ? [block.name] : []), ...(block.ours ? ['ours'] : [])];
    out.push([`\`\`\`${info.join(' ')}`, ...(shown.text === '' ? [] : [shown.text]), '```'].join('\n'));
  }
  return `${out.join('\n\n').replace('\n\n<!--', '\n<!--')}\n`;
}
