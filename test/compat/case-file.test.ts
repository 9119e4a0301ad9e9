import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Case, parseCase, printCase, readText, type Step, showText } from '../../compat/case-file.ts';
import { findCases } from '../../compat/suite.ts';

const CASE = `# What it shows
<!-- reference: ser2net 4.3.11, gensio 2.6.2 --> <!-- cut: every -->

Words about it.

\`\`\`yaml
connection: &port
  accepter: tcp,127.0.0.1,%PORT
\`\`\`

\`\`\`wire
# a note
net= connect %PORT2
net< IAC WILL ECHO "hi\\n"
net< "there"
net> IAC DO ECHO
dev= 9600 cs8 cread
modem> CTS on
modem< DTR on
log< Got SIGHUP
net= eof
sig= TERM
\`\`\`

\`\`\`admin
-> version
version: 4.3.11
-> exit
\`\`\`

\`\`\`exit ours
0
\`\`\`
`;

const steps = (c: Case, at = 0): readonly Step[] => c.blocks.filter((b) => b.kind === 'steps')[at]!.steps;

test('a case prints as it was written', () => {
  assert.equal(printCase(parseCase(CASE)), CASE);
});

test('every recorded case prints as it was written', () => {
  for (const { name, text } of findCases([])) assert.equal(printCase(parseCase(text)), text, name);
});

test('every case was recorded and wants something', () => {
  for (const { name, text } of findCases([])) {
    const c = parseCase(text);
    assert.ok(c.settings.has('reference') || c.settings.get('only') === 'ours', `${name} was not recorded`);
    for (const b of c.blocks)
      if (b.kind === 'steps')
        for (const s of b.steps) assert.ok(s.kind !== 'bytes' || s.bytes !== undefined, `${name} has an open question`);
      else if (b.kind === 'text') assert.notEqual(b.text, '?', `${name} has an open question`);
  }
});

test('lines of a wire block are actions, bytes and states', () => {
  const c = parseCase(CASE);
  assert.deepEqual(c.settings.get('cut'), 'every');
  assert.deepEqual(
    steps(c).map((s) => s.kind),
    ['note', 'act', 'bytes', 'send', 'state', 'act', 'state', 'state', 'state', 'act'],
  );
  assert.deepEqual(steps(c)[2], { kind: 'bytes', who: 'net', bytes: Buffer.from('\xff\xfb\x01hi\nthere', 'latin1') });
  assert.deepEqual(steps(c)[5], { kind: 'act', who: 'modem', verb: 'CTS', args: ['on'] });
});

test('a console session is connect, prompt, line, answer and end', () => {
  assert.deepEqual(steps(parseCase(CASE), 1), [
    { kind: 'act', who: 'adm', verb: 'connect', args: [] },
    { kind: 'bytes', who: 'adm', bytes: Buffer.from('-> ') },
    { kind: 'send', who: 'adm', bytes: Buffer.from('version\n') },
    { kind: 'bytes', who: 'adm', bytes: Buffer.from('version\r\nversion: 4.3.11\r\n-> ') },
    { kind: 'send', who: 'adm', bytes: Buffer.from('exit\n') },
    { kind: 'state', who: 'adm', text: 'eof' },
  ]);
});

test('a console session that does not look like one is printed as a wire block', () => {
  const c = parseCase('# t\n\n```admin\n-> version\n```\n');
  const [block] = c.blocks;
  assert.ok(block?.kind === 'steps');
  const odd = { ...block, steps: [...block.steps.slice(0, 3), { kind: 'bytes', who: 'adm', bytes: Buffer.from('no echo') } as const] };
  assert.match(printCase({ ...c, blocks: [odd] }), /```wire\nadm= connect\n/);
});

test('what is sent at once stays together over lines', () => {
  const c = parseCase(`# t\n\n\`\`\`wire\nnet> ${'IAC NOP '.repeat(40).trim()}\n\`\`\`\n`);
  const text = printCase(c);
  assert.match(text, / \\\n {5}IAC NOP/);
  assert.equal(steps(parseCase(text)).length, 1);
  assert.deepEqual(parseCase(text), c);
});

test('on srv the program is the client', () => {
  const [step] = steps(parseCase('# t\n\n```wire\nsrv< IAC SB COM-PORT-OPTION SET-BAUDRATE 00 IAC SE\n```\n'));
  assert.ok(step?.kind === 'bytes');
  assert.equal(step.bytes?.toString('hex'), 'fffa2c0100fff0');
});

test('any text can be shown in a block and read again', () => {
  fc.assert(fc.property(fc.string({ unit: fc.nat(255).map((n) => String.fromCharCode(n)) }), (text) => readText(showText(text)) === text));
  assert.equal(showText('a\r\nb'), 'a\\r\nb\\');
  assert.equal(showText('a\n'), 'a');
  for (const text of ['', '\n', '\n\n']) assert.equal(readText(showText(text)), text);
});

test('what is no case is an error', () => {
  for (const text of ['', 'no title', '# t\n\n```wire\nnonsense\n```\n', '# t\n\n```bogus\n```\n', '# t\n\n```wire\nnet= connect\n'])
    assert.throws(() => parseCase(text), text);
});
