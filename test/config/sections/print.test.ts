// Sections as dump prints them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printSections, type SectionForm } from '../../../src/config/sections/print.ts';
import type { Sections } from '../../../src/options/sections/table.ts';
import { connections, read } from './reading.ts';

const TWO = connections('a', 'b');
const printed = (sections: Sections | undefined, form: Partial<SectionForm> = {}): string =>
  printSections(sections!, { full: false, origin: false, version: 1, ...form });

test('what is printed stands under the name of its connection, with the place of each value if wanted', () => {
  const text =
    'port: &a\n  rights: [read]\n  doors:\n    - accepter: tcp,localhost,3001\n      rights: [read, write]\n      behind: 1M\n  writers: one\n';
  assert.equal(
    printed(read(TWO, { 'x.yaml': text }).sections, { origin: true }),
    `
port: &a
  rights: [read]  # f.yaml.d/x.yaml:2
  doors:  # f.yaml.d/x.yaml:4
    - accepter: tcp,localhost,3001
      rights: [read, write]
      behind: 1M
  writers: one  # f.yaml.d/x.yaml:7
`,
  );
});

test('printed sections read back to the same, whatever names and texts they have', () => {
  const right = fc.subarray(['read', 'write', 'control'], { minLength: 0 });
  const name = fc.oneof(fc.constantFrom('*', 'operator', 'a b', "it's", 'x: y', '*(z)', 'a,b]'), fc.string({ minLength: 1, maxLength: 8 }));
  const door = fc.record({
    rights: fc.uniqueArray(fc.tuple(name, right), { selector: ([each]) => each, maxLength: 4 }),
    escape: name,
    behind: fc.integer({ min: 1024, max: 1 << 26 }),
    auto: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(door, { maxLength: 3 }),
      fc.constantFrom('one', 'all'),
      fc.constantFrom(1 as const, 2 as const),
      (doors, writers, version) => {
        const values = {
          ...read(`${TWO}port: &a\n  writers: one\n`).sections!.ports.get('a')!.values,
          writers: writers as 'one',
          doors: doors.map(({ rights, ...rest }, i) => ({
            ...read(`${TWO}port: &a\n  doors: [{accepter: 'certauth,tcp,localhost,${3000 + i}'}]\n`).sections!.ports.get('a')!.values
              .doors[0]!,
            ...rest,
            rights: { names: new Map(rights) as never, others: (new Map(rights).get('*') ?? []) as never },
          })),
        };
        const sections: Sections = {
          ports: new Map([['a', { values, pos: { file: '', line: 1, col: 1, len: 0 }, places: new Map() }]]),
          single: {},
        };
        const text = printed(sections, { full: true, version });
        const back = read(version === 1 ? TWO + text : `connections:\n  a:\n    accepter: tcp,1\n    connector: echo\n${text}`);
        assert.deepEqual(
          back.problems.filter((each) => each.includes('error')),
          [],
          text,
        );
        assert.deepEqual(back.sections!.ports.get('a')!.values, values, text);
      },
    ),
    { numRuns: 100 },
  );
});
