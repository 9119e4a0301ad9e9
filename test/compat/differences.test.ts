import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Block, parseCase } from '../../compat/case-file.ts';
import { blocksFor } from '../../compat/play.ts';
import { differenceProblems, findCases } from '../../compat/suite.ts';

test('every difference is listed and every listed one has a case', () => {
  assert.deepEqual(differenceProblems(findCases([])), []);
});

/** The name the reference shows for a state, and the state's own name. */
const STATES: Readonly<Record<string, string>> = {
  'waiting output': 'waiting input',
  'waiting input': 'unconnected',
  unconnected: 'closed',
  closed: 'not started',
};
const COLUMN = '(waiting output|waiting input |unconnected   |closed        )';
const rightNames = (text: string): string =>
  text
    .replace(/( to (?:device|tcp) state: (?:!!str ')?)([a-z ]+)/g, (_, before: string, state: string) => before + (STATES[state] ?? state))
    .replace(new RegExp(`${COLUMN} ${COLUMN}`, 'g'), (_, a: string, b: string) =>
      [a, b].map((state) => STATES[state.trim()]!.padEnd(14)).join(' '),
    );

const seen = (blocks: readonly Block[]): string =>
  blocks
    .flatMap((b) =>
      b.kind === 'steps' ? b.steps.flatMap((s) => (s.kind === 'bytes' ? [`${s.who} ${s.bytes?.toString('latin1')}`] : [])) : [],
    )
    .join('\n');

test('difference 2 is nothing but the names of the states', () => {
  for (const { name, text } of findCases([])) {
    const c = parseCase(text);
    if (c.settings.get('difference') !== '2') continue;
    assert.equal(seen(blocksFor(c, true)), rightNames(seen(blocksFor(c, false))), name);
  }
});
