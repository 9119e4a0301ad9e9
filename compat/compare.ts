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

/** The lines that differ, wanted with `-` and seen with `+`, with two lines around; empty when there are none. */
export function diffLines(wanted: readonly string[], seen: readonly string[]): string[] {
  let head = 0;
  while (head < wanted.length && head < seen.length && wanted[head] === seen[head]) head++;
  let tail = 0;
  while (tail < wanted.length - head && tail < seen.length - head && wanted.at(-1 - tail) === seen.at(-1 - tail)) tail++;
  if (head === wanted.length && head === seen.length) return [];
  return [
    ...wanted.slice(Math.max(0, head - 2), head).map((l) => `    ${l}`),
    ...wanted.slice(head, wanted.length - tail).map((l) => `  - ${l}`),
    ...seen.slice(head, seen.length - tail).map((l) => `  + ${l}`),
    ...wanted.slice(wanted.length - tail, wanted.length - tail + 2).map((l) => `    ${l}`),
  ];
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
