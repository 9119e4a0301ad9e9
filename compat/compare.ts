// What was wanted against what happened, both as text. A difference is shown line by line.
import { type Block, type Case, printSteps, type Step } from './case-file.ts';
import { blocksFor, type Played } from './play.ts';

/** One block as it is compared: its heading and its lines. Notes do not count. */
function canonical(block: Block): { readonly key: string; readonly lines: readonly string[] } | undefined {
  if (block.kind === 'prose') return undefined;
  if (block.kind === 'steps') {
    const text = printSteps('wire', canonicalSteps(block.steps)).text;
    return { key: 'wire', lines: text === '' ? [] : text.split('\n') };
  }
  return { key: [block.type, block.name].join(' ').trim(), lines: block.text === '' ? [] : block.text.split('\n') };
}

/** Without notes; what came between two actions sorted by channel, because channels have no order among each other. */
export function canonicalSteps(steps: readonly Step[]): Step[] {
  const out: Step[] = [];
  let seen: Step[] = [];
  const flush = (): void => {
    const names = [...new Set(seen.map((s) => (s.kind === 'note' ? '' : s.who)))].sort();
    for (const name of names) {
      for (const step of seen) {
        if (step.kind === 'note' || step.who !== name) continue;
        const before = out.at(-1);
        if (step.kind === 'bytes' && before?.kind === 'bytes' && before.who === name)
          out[out.length - 1] = { ...step, bytes: Buffer.concat([before.bytes ?? Buffer.alloc(0), step.bytes ?? Buffer.alloc(0)]) };
        else out.push(step);
      }
    }
    seen = [];
  };
  for (const step of steps) {
    if (step.kind === 'note') continue;
    if (step.kind === 'bytes' || step.kind === 'state') {
      seen.push(step);
      continue;
    }
    flush();
    out.push(step);
  }
  flush();
  return out;
}

/** All that is compared, as lines under headings; empty blocks are as good as none. */
export function canonicalText(blocks: readonly Block[]): string[] {
  const texts = new Map<string, string[]>();
  for (const block of blocks) {
    const one = canonical(block);
    if (one === undefined || one.lines.length === 0) continue;
    texts.set(one.key, [...(texts.get(one.key) ?? []), ...one.lines]);
  }
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([key, lines]) => [`[${key}]`, ...lines]);
}

/** Longer texts are compared by their ends alone. */
const MAX_LINES = 1500;
const CONTEXT = 2;

/** The lines that differ, wanted with `-` and seen with `+`, with two lines around; empty when there are none. */
export function diffLines(wanted: readonly string[], seen: readonly string[]): string[] {
  const all = wanted.length * seen.length > MAX_LINES ** 2 ? [...mark('  - ', wanted), ...mark('  + ', seen)] : fullDiff(wanted, seen);
  const near = new Set<number>();
  all.forEach((line, i) => {
    if (!line.startsWith('    ')) for (let at = i - CONTEXT; at <= i + CONTEXT; at++) near.add(at);
  });
  return all.filter((_, i) => near.has(i));
}

const mark = (sign: string, lines: readonly string[]): string[] => lines.map((line) => sign + line);

/** All lines with their sign, by the longest common subsequence. */
function fullDiff(a: readonly string[], b: readonly string[]): string[] {
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i]![j] = a[i] === b[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
  const out: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push(`    ${a[i++]}`);
      j++;
    } else if (longest[i + 1]![j]! >= longest[i]![j + 1]!) out.push(`  - ${a[i++]}`);
    else out.push(`  + ${b[j++]}`);
  }
  return [...out, ...mark('  - ', a.slice(i)), ...mark('  + ', b.slice(j))];
}

/** What is wrong with a play, as lines; none when all is as wanted. */
export function compare(c: Case, ours: boolean, played: Played): string[] {
  if (played.blocks.length === 0) return [`  ${played.problem ?? 'nothing was played'}`];
  const lines = diffLines(canonicalText(blocksFor(c, ours)), canonicalText(played.blocks));
  return [...lines, ...(played.problem === undefined ? [] : [`  ${played.problem}`])];
}

/** True when the reference's blocks were seen although ours are to differ: the difference is gone. */
export function isLikeReference(c: Case, played: Played): boolean {
  return diffLines(canonicalText(blocksFor(c, false)), canonicalText(played.blocks)).length === 0;
}
