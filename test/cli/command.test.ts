// The command line as data: what ser2net 4.3.11 takes and refuses, then what is this program's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Command, type CommandEnv, readCommand } from '../../src/cli/command.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import { usage } from '../../src/daemon/messages.ts';
import type { RunOptions } from '../../src/daemon/run-options.ts';

const env: CommandEnv = { isDirectory: (path) => path === '/etc/ser2net' || path === '/odd:dir:here', version: () => '9.8.7' };
const read = (...words: string[]): Promise<Command> => readCommand('ser2net', words, env);

async function run(...words: string[]): Promise<RunOptions> {
  const command = await read(...words);
  assert.equal(command.do, 'run', JSON.stringify(command));
  return (command as Extract<Command, { options: RunOptions }>).options;
}

const REFUSED: readonly (readonly [words: readonly string[], text: string, usage: boolean])[] = [
  [['-nd'], "Invalid argument: '-nd'", true],
  [['-ll'], "Invalid argument: '-ll'", true],
  [['-c/file'], "Invalid argument: '-c/file'", true],
  [['-n=1'], "Invalid argument: '-n=1'", true],
  [[''], "Invalid argument: ''", true],
  [['-'], "Invalid argument: '-'", true],
  [['--'], "Invalid option: '--'", true],
  [['-x'], "Invalid option: '-x'", true],
  [['-é'], "Invalid option: '-é'", true],
  [['--nonsense'], "Invalid argument: '--nonsense'", true],
  [['-n', 'foo', '-x'], "Invalid argument: 'foo'", true],
  [['-x', 'foo'], "Invalid option: '-x'", true],
  [['-c'], 'No config file specified with -c', true],
  [['-p'], 'No control port specified with -p', true],
  [['-n', '-P'], 'No pid file specified with -P', true],
  [['-s'], 'No signature specified', false],
  [['-t'], 'No thread count specified', false],
  [['-t', '2x'], 'Invalid thread count specified: 2x', false],
  [['-t', 'abc', '-q'], 'Invalid thread count specified: abc', false],
  [['-t', ''], 'Invalid thread count specified: ', false],
  [['-t', '0x10'], 'Invalid thread count specified: 0x10', false],
  [['-t', '5 '], 'Invalid thread count specified: 5 ', false],
  [['-C', 'x', '-Y', 'y'], 'You cannot mix yaml and old config lines.', true],
  [['-Y', 'x', '-C', 'y', 'foo'], 'You cannot mix yaml and old config lines.', true],
  [['-C', 'x', '-Y'], 'You cannot mix yaml and old config lines.', true],
  [['-Y'], 'No config line specified with -Y', true],
  [['-c', 'f', '-C'], 'No config line specified with -C', true],
];
for (const [words, text, withUsage] of REFUSED) {
  test(`refused: ${JSON.stringify(words)}`, async () => {
    assert.deepEqual(await read(...words), { do: 'refuse', text, usage: withUsage });
  });
}

test('the version is printed at once, in three words, whatever follows', async () => {
  assert.deepEqual(await read('-v'), { do: 'print', text: 'ser2net version 4.3.11\n' });
  assert.deepEqual(await read('-n', '-v', 'foo', '-x'), { do: 'print', text: 'ser2net version 4.3.11\n' });
  const called = await readCommand('/usr/sbin/ser2net', ['-v'], env);
  assert.deepEqual(called, { do: 'print', text: '/usr/sbin/ser2net version 4.3.11\n' });
});

test('a mistake before -v counts, one after it does not', async () => {
  assert.equal((await read('-q', '-v')).do, 'refuse');
});

test('the usage begins as that of ser2net and names every flag', () => {
  const lines = usage('/x/ser2net').split('\n');
  assert.equal(lines[0], '/x/ser2net: Valid parameters are:');
  const flags = lines.map((line) => /^ {2}(-\w)( <[^>]+>)? - /.exec(line)?.[1]).filter((flag) => flag !== undefined);
  assert.deepEqual(flags.sort(), [...'AbcCdlnpPrstuvYa'].map((c) => `-${c}`).sort());
});

test('every flag of ser2net is understood', async () => {
  const got = await run(
    '-n',
    '-l',
    '-u',
    '-b',
    '-r',
    '-t',
    '4',
    '-s',
    'sig',
    '-p',
    '2000',
    '-P',
    'run/x.pid',
    '-c',
    '-',
    '-a',
    '/a',
    '-A',
    '/b',
  );
  assert.deepEqual(got, {
    argv0: 'ser2net',
    file: '-',
    directory: undefined,
    strings: undefined,
    admin: '2000',
    pidFile: 'run/x.pid',
    foreground: true,
    debug: false,
    level: 'info',
    logFormat: 'text',
    uucpLocks: false,
    signature: 'sig',
    sayReady: true,
    authdir: '/a',
    authdirAdmin: '/b',
  });
});

test('the last of a repeated flag counts, texts add up, -l adds up', async () => {
  const got = await run('-c', 'a', '-c', 'b', '-Y', '1', '-Y', '', '-Y', '-n', '-l', '-l', '-l', '-d');
  assert.equal(got.file, 'b');
  assert.deepEqual(got.strings, { kind: 'yaml', texts: ['1', '', '-n'] });
  assert.equal(got.level, 'debug');
  assert.deepEqual([got.foreground, got.debug], [true, true]);
});

test('a value may look like a flag', async () => {
  assert.equal((await run('-c', '-v')).file, '-v');
});

test('the file of -c stays beside -Y in either order', async () => {
  assert.equal((await run('-c', 'f', '-Y', 'x')).file, 'f');
  assert.equal((await run('-Y', 'x', '-c', 'f')).file, 'f');
});

test('a classic line takes back the file before it', async () => {
  assert.equal((await run('-c', 'f', '-C', '1:raw:0:/dev/x')).file, undefined);
  assert.equal((await run('-C', '1:raw:0:/dev/x', '-c', 'f')).file, 'f');
});

test('-C is a directory when there is one, or when it is a path without a colon; else a classic line', async () => {
  assert.equal((await run('-C', '/etc/ser2net')).directory, '/etc/ser2net');
  assert.equal((await run('-C', '/odd:dir:here')).directory, '/odd:dir:here');
  assert.equal((await run('-c', 'f', '-C', './missing')).directory, './missing');
  assert.equal((await run('-c', 'f', '-C', './missing')).file, 'f');
  assert.deepEqual((await run('-C', '2000:raw:0:/dev/ttyS0:9600', '-C', '# x')).strings, {
    kind: 'conf',
    texts: ['2000:raw:0:/dev/ttyS0:9600', '# x'],
  });
});

test("labgrid's two command lines are understood", async () => {
  const now = await run(
    '-d',
    '-n',
    '-Y',
    'connection: &con01#  accepter: x',
    '-Y',
    '  connector: y',
    '-Y',
    '  options:',
    '-Y',
    '    max-connections: 10',
  );
  assert.equal(now.strings?.texts.length, 4);
  const old = await run('-d', '-n', '-u', '-C', '2000:telnet:0:/dev/ttyUSB0:115200 NONE 8DATABITS 1STOPBIT LOCAL');
  assert.equal(old.strings?.kind, 'conf');
});

test('long options go with flags, with their value behind = or in the next word', async () => {
  const a = await run('-n', '--log-format', 'json', '-c', 'f', '--log-level=debug');
  assert.deepEqual([a.file, a.foreground, a.logFormat, a.level], ['f', true, 'json', 'debug']);
  assert.equal((await read('-c', 'f', '--check')).do, 'check');
  assert.equal((await read('--dump', '-c', 'f')).do, 'dump');
});

test('a long option with a bad or missing value is refused with the reason', async () => {
  const bad = await read('--log-format', 'xml');
  assert.equal(bad.do, 'refuse');
  assert.match((bad as { text: string }).text, /xml.*text, json/);
  assert.equal((await read('--log-level')).do, 'refuse');
});

test('--help lists flags, options and sub-commands; --version shows both versions', async () => {
  const help = await read('--help');
  assert.equal(help.do, 'print');
  for (const word of ['-c <config file>', '--log-format', 'convert', 'gencert', '--check'])
    assert.ok((help as { text: string }).text.includes(word), `${word} in ${JSON.stringify(help)}`);
  assert.deepEqual(await read('--version'), {
    do: 'print',
    text: `ser2net 9.8.7 (compatible with ser2net 4.3.11, Node.js ${process.versions.node})\n`,
  });
});

test('a sub-command has its own arguments and options', async () => {
  assert.deepEqual(await read('check', '-q', 'x.yaml'), { do: 'subcommand', name: 'check', args: ['x.yaml'], options: { quiet: true } });
  assert.deepEqual(await read('gencert', '--name', 'a', '--name', 'b'), {
    do: 'subcommand',
    name: 'gencert',
    args: [],
    options: { name: ['a', 'b'] },
  });
  const wrong = await read('convert');
  assert.deepEqual([wrong.do, (wrong as { usage: boolean }).usage], ['refuse', false]);
  const help = await read('check', '--help');
  assert.equal(help.do, 'print');
  assert.match((help as { text: string }).text, /Usage: ser2net check/);
});

test('a sub-command is only the first word', async () => {
  assert.deepEqual(await read('-n', 'check'), { do: 'refuse', text: "Invalid argument: 'check'", usage: true });
  assert.match(String(((await read('constructor')) as { text?: string }).text), /no command 'constructor'\nCommands: check,/);
});

test('a mistyped command is told with the nearest one and the list, an unlike one with the list alone', async () => {
  const commands = Object.keys(SUBCOMMANDS).join(', ');
  const text = (word: string, hint: string): string =>
    `Invalid argument: '${word}'\nser2net: no command '${word}'${hint}\nCommands: ${commands}\nMore: ser2net --help`;
  assert.deepEqual(await read('chekc'), { do: 'refuse', text: text('chekc', "; did you mean 'check'?"), usage: false });
  assert.deepEqual(await read('foo'), { do: 'refuse', text: text('foo', ''), usage: false });
});

test('help, help COMMAND, -h and version do what --help and --version do', async () => {
  const help = await read('--help');
  assert.deepEqual(await read('help'), help);
  assert.deepEqual(await read('-h'), help);
  assert.deepEqual(await read('version'), await read('--version'));
  const check = await read('check', '--help');
  assert.match((check as { text: string }).text, /^Usage: ser2net check/);
  assert.deepEqual(await read('help', 'check'), check);
  assert.deepEqual(await read('check', '-h'), check);
});

test('help shows the default of each option that has one, and no line of it is wider than 80 columns where there is no terminal', async () => {
  const all = (await read('--help')) as { text: string };
  for (const line of all.text.split('\n')) assert.ok(line.length <= 80, line);
  for (const [name, { options }] of Object.entries(SUBCOMMANDS)) {
    const { text } = (await read(name, '--help')) as { text: string };
    const flat = text.replace(/\s+/g, ' ');
    for (const { def } of options) if (def !== undefined) assert.ok(flat.includes(`(default: ${def})`), `${name}: ${def}`);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  }
});

test('whatever is typed gives a command, never a failure', async () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('-c', '-C', '-Y', '-n', '-t', '--check', '--log-level', '--log-format=', 'check', 'gencert', '--', '-v', '1'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
      const command = await readCommand('ser2net', words, env);
      assert.ok(['run', 'check', 'dump', 'print', 'refuse', 'subcommand'].includes(command.do));
    }),
    { numRuns: 300 },
  );
});

test('a mistake in the words of a sub-command says which one it is and where to read more', async () => {
  const text = async (...words: string[]): Promise<string> => {
    const command = await read(...words);
    return command.do === 'refuse' ? command.text : command.do;
  };
  assert.equal(await text('dump', '-c', 'x'), "ser2net dump: unknown option '-c'\nMore: ser2net dump --help");
  assert.equal(await text('console'), "ser2net console: missing required argument 'where'\nMore: ser2net console --help");
  assert.match(await text('status', 'extra'), /^ser2net status: too many arguments .*\nMore: /);
});
