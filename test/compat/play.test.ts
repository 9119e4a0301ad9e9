import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseCase, printCase } from '../../compat/case-file.ts';
import { compare } from '../../compat/compare.ts';
import { play, playCuts, splitArgs } from '../../compat/play.ts';
import { recorded, withOurs } from '../../compat/record.ts';
import { Rig, settingsText, whyNot } from '../../compat/rig.ts';
import { every } from '../rig/wait.ts';

/** A program that greets on the port named in its configuration and gives everything back; `?` is answered with its pid. */
const PROGRAM = `
const fs = require('node:fs');
const path = process.argv.at(-1);
const port = Number(/%?(\\d+)/.exec(fs.readFileSync(path, 'utf8'))[1]);
const sockets = new Set();
const server = require('node:net').createServer({ allowHalfOpen: false }, (s) => {
  sockets.add(s);
  s.write('hi ');
  s.on('data', (d) => s.write(d.toString('latin1') === '?' ? 'I am ' + process.pid : d));
  s.on('close', () => sockets.delete(s));
  s.on('error', () => undefined);
});
server.listen(port, '127.0.0.1', () => process.stdout.write('Ready\\n'));
process.on('SIGTERM', () => {
  for (const s of sockets) s.destroy();
  process.stderr.write('ser2net[' + process.pid + ']: the end\\n');
  process.exit(0);
});
`;
const command = { file: process.execPath, args: ['-e', PROGRAM, 'x'] };
const base = { command, ours: false, shim: undefined } as const;
const skip = whyNot() ?? false;

// The waits of the rig do not keep the test alive on their own.
after(every(1000, () => undefined));

const scripted = (wire: string, more = ''): string =>
  `# t\n<!-- limit: 3 -->\n\n\`\`\`yaml\nport %PORT\n\`\`\`\n\n\`\`\`wire\n${wire}\n\`\`\`\n${more}`;

test('a recorded case holds what happened, with the placeholders put back, and passes', { skip }, async () => {
  const c = parseCase(scripted('net> "abc"\nnet> "?"\nnet= half'));
  const got = recorded(c, await play(c, { ...base, mode: 'record' }));
  const text = printCase(got);
  assert.equal(
    text.slice(text.indexOf('```wire')),
    '```wire\nnet= connect\nnet< "hi "\nnet> "abc"\nnet< "abc"\nnet> "?"\nnet< "I am %PID"\nnet= half\nnet= eof\n```\n\n```stderr\nser2net[%PID]: the end\n```\n',
  );
  const again = parseCase(text);
  assert.deepEqual(compare(again, false, await play(again, { ...base, mode: 'check' })), []);
});

test('bytes that are wrong, missing or too many fail', { skip }, async () => {
  const end = '\n\n```stderr\nser2net[%PID]: the end\n```\n';
  for (const wire of ['net< "ho "', 'net< "hi there"', 'net< "hi"', 'net< "hi "\nnet= eof', 'net= refused']) {
    const c = parseCase(scripted(wire, end));
    assert.notDeepEqual(compare(c, false, await play(c, { ...base, mode: 'check' })), [], wire);
  }
});

test('a session is played once for each cut on one process', { skip }, async () => {
  const c = parseCase(scripted('net< "hi "\nnet> "abcdef"\nnet< "abcdef"'));
  let plays = 0;
  const wrong = await playCuts(c, { ...base, mode: 'check' }, (wanted, seen) => {
    plays++;
    return seen.length >= wanted.length;
  });
  assert.equal(wrong, undefined);
  assert.equal(plays, 5);
});

test('what this program does otherwise becomes blocks marked ours', { skip }, async () => {
  const c = parseCase(scripted('net= connect\nnet< "hello "\nnet> "x"\nnet< "x"', '\n```stderr\nser2net[%PID]: the end\n```\n'));
  const changed = withOurs(c, await play(c, { ...base, mode: 'record', lenient: true }), '5');
  assert.equal(changed?.settings.get('difference'), '5');
  const ours = changed?.blocks.filter((b) => b.kind !== 'prose' && b.ours) ?? [];
  assert.equal(ours.length, 1);
  assert.match(printCase(changed!), /```wire ours\nnet= connect\nnet< "hi "\n/);
});

test('placeholders are filled in and put back, whole words alone', async () => {
  const rig = new Rig(undefined);
  try {
    const filled = await rig.fill('%PORT %PORT %PORT2 %DEV %DIR/x %TIMES %YAML');
    const [one, same, two, dev, inDir, ...rest] = filled.split(' ');
    assert.equal(one, same);
    assert.notEqual(one, two);
    assert.match(one!, /^[23]\d{4}$/);
    assert.equal(dev, `${rig.dir}/dev`);
    assert.equal(inDir, `${rig.dir}/x`);
    assert.deepEqual(rest, ['%TIMES', '%YAML']);
    assert.equal(rig.putBack(filled), '%PORT %PORT %PORT2 %DEV %DIR/x %TIMES %YAML');
    assert.equal(rig.putBack(`1${one} ${one}1 ${dev}2 ${dev}ice`), `1${one} ${one}1 %DIR/dev2 %DIR/device`);
    assert.equal(rig.putBack('2026/01/02 03:04:05 OPEN'), '%TIME OPEN');
  } finally {
    await rig.close();
  }
});

test('settings are shown in the words of stty', () => {
  const t = { iflag: 1, oflag: 0, cflag: 0o60 | 0o200 | 0o4000, lflag: 0, line: 0, cc: new Uint8Array(19), ispeed: 9600, ospeed: 9600 };
  assert.equal(settingsText(t), '9600 cs8 cread clocal ignbrk');
  assert.equal(
    settingsText({ ...t, cflag: 0o40 | 0o400 | 0o1000 | 0o100 | 0o20000000000 }),
    '9600 cs7 parenb parodd cstopb crtscts ignbrk',
  );
});

test('arguments are split at blanks outside quotes', () => {
  assert.deepEqual(splitArgs(`-c %DIR/x -Y 'a b#c: "d"' -C "x y" ''`), ['-c', '%DIR/x', '-Y', 'a b#c: "d"', '-C', 'x y', '']);
});
