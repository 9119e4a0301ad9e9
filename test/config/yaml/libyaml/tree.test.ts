import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTree } from '../../../../src/config/yaml/libyaml/tree.ts';
import { anyText as anyUnits } from '../../any-text.ts';
import { cpuMs } from '../../cpu-time.ts';

/** Events as text: what it is, its place from 0 as libyaml has it, its anchor or name, its value. */
function shown(text: string): string[] {
  const { events, mistake, place } = readTree(text);
  const out = events.map((e) => {
    const { line, col } = place(e.at);
    const at = `${line - 1}:${col - 1}`;
    if (e.is === 'scalar') return `${at} =${e.anchor === undefined ? '' : `&${e.anchor} `}${JSON.stringify(e.value)}`;
    if (e.is === 'alias') return `${at} *${e.name}`;
    return `${at} ${e.is}${'anchor' in e && e.anchor !== undefined ? ` &${e.anchor}` : ''}`;
  });
  return mistake === undefined ? out : [...out, `! ${mistake.classic}`];
}
const mistake = (text: string): string | undefined => readTree(text).mistake?.classic;
/** The value of the key k. */
const scalarOf = (text: string): unknown => {
  const { events } = readTree(text);
  const i = events.findIndex((e) => e.is === 'scalar' && e.value === 'k');
  const event = events[i + 1];
  return event?.is === 'scalar' ? event.value : undefined;
};

test('events have the places libyaml gives them: anchors first, block ends at the next token', () => {
  assert.deepEqual(shown('connection: &a\n  accepter: x\n# c\n\nfoo: [b, *c]'), [
    '0:0 document',
    '0:0 mapping-start',
    '0:0 ="connection"',
    '0:12 mapping-start &a',
    '1:2 ="accepter"',
    '1:12 ="x"',
    '4:0 mapping-end',
    '4:0 ="foo"',
    '4:5 sequence-start',
    '4:6 ="b"',
    '4:9 *c',
    '4:11 sequence-end',
    '5:0 mapping-end',
    '5:0 stream-end',
  ]);
});

test('every way to write an entry is read', () => {
  assert.deepEqual(shown('? a\n: b\nc:\n- d\n-\ne: {f: g, h}\ni: &x\nj: !!str k\n').slice(1), [
    '0:0 mapping-start',
    '0:2 ="a"',
    '1:2 ="b"',
    '2:0 ="c"',
    '3:0 sequence-start',
    '3:2 ="d"',
    '4:1 =""',
    '5:0 sequence-end',
    '5:0 ="e"',
    '5:3 mapping-start',
    '5:4 ="f"',
    '5:7 ="g"',
    '5:10 ="h"',
    '5:11 =""',
    '5:11 mapping-end',
    '6:0 ="i"',
    '6:3 =&x ""',
    '7:0 ="j"',
    '7:3 ="k"',
    '8:0 mapping-end',
    '8:0 stream-end',
  ]);
});

test('every scalar is its text, whatever it looks like', () => {
  for (const text of ['on', 'yes', 'null', '~', '010', '1:30', '=', '<<']) assert.equal(scalarOf(`k: ${text}\n`), text);
});

test('a key may have 1024 characters before its colon, and a list an entry of key and value', () => {
  assert.equal(mistake(`${'x'.repeat(1024)}: y\n`), undefined);
  assert.deepEqual(shown('[? x : b, c: d, ? e]').slice(1, -1), [
    '0:0 sequence-start',
    '0:1 mapping-start',
    '0:3 ="x"',
    '0:7 ="b"',
    '0:8 mapping-end',
    '0:10 mapping-start',
    '0:10 ="c"',
    '0:13 ="d"',
    '0:14 mapping-end',
    '0:16 mapping-start',
    '0:18 ="e"',
    '0:19 =""',
    '0:19 mapping-end',
    '0:19 sequence-end',
  ]);
  // As libyaml has it, which takes the colon for the key and then misses a comma.
  assert.deepEqual(shown('[? : b]').slice(3), ['0:4 =""', '0:5 =""', '0:5 mapping-end', "! did not find expected ',' or ']'"]);
});

test('keys may repeat, and text goes on over lines', () => {
  assert.equal(shown('a: 1\na: 2\n').length, 8);
  assert.equal(scalarOf('k: serialdev,\n   /dev/ttyS0,\n   9600n81,local\n'), 'serialdev, /dev/ttyS0, 9600n81,local');
  assert.equal(scalarOf('k: a\n\n  b # c\n'), 'a\nb');
});

test('quoted text has its escapes and folds its lines', () => {
  assert.equal(scalarOf(`k: 'it''s \\n'`), "it's \\n");
  assert.equal(scalarOf('k: "\\0\\a\\t\\x41\\u00e9\\U0001f600\\_\\N\\/\\"\\\\"'), '\0\x07\tAé😀\xa0\x85/"\\');
  assert.equal(scalarOf('k: "a\n  b\n\n  c \\\n  d"'), 'a b\nc d');
  assert.equal(scalarOf("k: ' a\n\n\n b '"), ' a\n\nb ');
});

test('block text keeps or folds lines, and its end as it is told', () => {
  assert.equal(scalarOf('k: |\n  a\n   b\n\n'), 'a\n b\n');
  assert.equal(scalarOf('k: |-\n  a\n'), 'a');
  assert.equal(scalarOf('k: |+\n  a\n\n'), 'a\n\n');
  assert.equal(scalarOf('k: >\n  a\n  b\n\n  c\n   d\n  e\n'), 'a b\nc\n d\ne\n');
  assert.equal(scalarOf('k: |2 # c\n   a\nb: c\n'), ' a\n');
  assert.equal(scalarOf('k: |\n  a'), 'a');
});

test('line ends may be CR LF or CR, and a byte order mark is nothing', () => {
  assert.deepEqual(shown('\ufeffa: b\r\nc: d\r'), shown('a: b\nc: d\n'));
});

test('columns count characters', () => {
  assert.ok(shown('"😀é": x\n').includes('0:6 ="x"'));
});

test('slips have the texts of libyaml', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a:\n\tb: c\n', 'found character that cannot start any token'],
    ['a: @x\n', 'found character that cannot start any token'],
    ['a: b: c\n', 'mapping values are not allowed in this context'],
    ['a: b\n  c: d\n', 'mapping values are not allowed in this context'],
    ['a: 1\nfoo\nb: 2\n', "could not find expected ':'"],
    ['a: "x\n', 'found unexpected end of stream'],
    ["a: 'x\n---\n", 'found unexpected document indicator'],
    ['a: [x\n', "did not find expected ',' or ']'"],
    ['a: {x\nb: c\n', "did not find expected ',' or '}'"],
    ['a: "\\d"\n', 'found unknown escape character'],
    ['a: "\\x4"\n', 'did not find expected hexdecimal number'],
    ['a: "\\ud800"\n', 'found invalid Unicode character escape code'],
    ['a: b\n...\nc: d\n', 'did not find expected <document start>'],
    ['%YAML 1.1\na: b\n', 'did not find expected <document start>'],
    ['%YAML\n---\n', 'did not find expected version number'],
    ['%YAML 1\n---\n', "did not find expected digit or '.' character"],
    ['%YAML 1.1\n%YAML 1.1\n---\n', 'found duplicate %YAML directive'],
    ['%YAML 2.0\n---\n', 'found incompatible YAML document'],
    ['%FOO\n---\n', 'found unknown directive name'],
    ['% \n', 'could not find expected directive name'],
    ['a: &x.y b\n', 'did not find expected alphabetic or numeric character'],
    ['a: & b\n', 'did not find expected alphabetic or numeric character'],
    ['a: *ä\n', 'did not find expected alphabetic or numeric character'],
    ['a: "x" y\n', 'did not find expected key'],
    ['a:\n  - b\n  ]\n', "did not find expected '-' indicator"],
    ['a: - b\n', 'block sequence entries are not allowed in this context'],
    ['a: ? b\n', 'mapping keys are not allowed in this context'],
    ['a: |x\n', 'did not find expected comment or line break'],
    ['a: |0\n', 'found an indentation indicator equal to 0'],
    ['a: |\n \tx\n', 'found a tab character where an indentation space is expected'],
    ['a: b\n\tc\n', 'found a tab character that violates indentation'],
    ['a: !x!y z\n', 'found undefined tag handle'],
    ['a: !<x z\n', "did not find the expected '>'"],
    ['a: !é\n', 'did not find expected whitespace or line break'],
    ['[a:]\n', "found unexpected ':'"],
    ['a: b\x01\n', 'control characters are not allowed'],
    ['a: \udce9x\n', 'invalid trailing UTF-8 octet'],
    ['a: \udc80\n', 'invalid leading UTF-8 octet'],
    ['a: \udce9', 'incomplete UTF-8 octet sequence'],
    ['a: \udce9\n', 'incomplete UTF-8 octet sequence'],
    ['a: \udcf0é', 'incomplete UTF-8 octet sequence'],
    ['a: \udcc3\n', 'invalid trailing UTF-8 octet'],
    ['['.repeat(100), 'exceeded maximum depth'],
    ['- '.repeat(100), 'exceeded maximum depth'],
    [`${'x'.repeat(1025)}: y\n`, 'mapping values are not allowed in this context'],
  ];
  for (const [text, want] of cases) assert.equal(mistake(text), want, JSON.stringify(text));
});

test('what stood before a mistake is there; a character that is none leaves nothing', () => {
  assert.equal(shown('a: b\nc: d: e\n').at(-2), '1:3 ="d"');
  assert.deepEqual(shown('a: b\nc: \x01\n'), ['! control characters are not allowed']);
});

test('a mistake is shown where it can be fixed, with a hint', () => {
  const at = (text: string): string => {
    const tree = readTree(text);
    const { line, col } = tree.place(tree.mistake!.at);
    return `${line}:${col} ${tree.mistake!.hint ?? ''}`;
  };
  assert.match(at('a: b\nc: "x\nd: e\n'), /^2:4 /);
  assert.match(at('a: b\naccepter:tcp\nd: e\n'), /^2:1 write 'accepter: ' with a space/);
  assert.match(at('a: & banner\n'), /^1:4 write it without a space: '&name'/);
  assert.match(at('a:\n\tb: c\n'), /^2:1 use spaces/);
  assert.match(at('a: x [b: c\n'), /quotes/);
});

test('a megabyte of anything is read in linear time', () => {
  const n = 2 ** 20;
  const parts = [
    '[',
    'a: ',
    '- ',
    '? ',
    'a: b\n',
    'a ',
    '\n',
    '#\n',
    'a: &b\n',
    ' ',
    ':',
    '---\n',
    'a\n',
    '"',
    "'a\n",
    '[a],',
    '{a: b,',
    '!a ',
    '*a ',
    '%',
    '\\',
    '|\n',
  ];
  for (const part of [...parts, '{', '&a ', '"\\x41']) {
    const text = part.repeat(Math.ceil(n / 4 / part.length));
    const work = () => void [readTree(text), readTree(`k: ${text}`)];
    assert.ok(cpuMs(work) < 3000, JSON.stringify(part));
  }
});

const anyYaml = fc
  .array(
    fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '"',
      "'",
      '&x ',
      '*x',
      '[',
      ']',
      '{',
      '}',
      ', ',
      '|',
      '>',
      '#',
      '---\n',
      '...\n',
      '%YAML 1.1\n',
      '!t ',
      '? ',
      '\\',
      '\t',
      'é',
      '😀',
      '\x85',
      '\udce9',
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

test('any text gives events that are in order, and a mistake or an end', () => {
  fc.assert(
    fc.property(fc.oneof(anyYaml, anyUnits), (text) => {
      const { events, mistake: wrong } = readTree(text);
      let last = 0;
      for (const { at } of events) {
        assert.ok(at >= last);
        last = at;
      }
      assert.equal(events.at(-1)?.is === 'stream-end', wrong === undefined);
    }),
    { numRuns: 3000 },
  );
});
