// The command line. Single-dash words are read as ser2net 4.3.11 reads them: two characters each, values in the next word, in
// order, ending at the first mistake. Long options and sub-commands are this program's own and go through commander, which is
// loaded only for them. Nothing here does anything: a command is a value.
import type { LogLevel } from '../base/log.ts';
import { nearest } from '../base/text.ts';
import { COMPATIBLE, flagHelp, MESSAGES } from '../daemon/messages.ts';
import { noFlags, type RunOptions } from '../daemon/run-options.ts';
import type { SubcommandOptions } from './subcommand.ts';
import { SUBCOMMANDS } from './subcommands.ts';

/** What the arguments ask for. */
export type Command =
  | { readonly do: 'run'; readonly options: RunOptions }
  | { readonly do: 'check' | 'dump'; readonly options: RunOptions }
  | { readonly do: 'print'; readonly text: string }
  /** status: the exit code, 1 when not given. */
  | { readonly do: 'refuse'; readonly text: string; readonly usage: boolean; readonly status?: number }
  | { readonly do: 'subcommand'; readonly name: string; readonly args: readonly string[]; readonly options: SubcommandOptions };

type Draft = { -readonly [K in keyof RunOptions]: RunOptions[K] };
type Refusal = Extract<Command, { do: 'refuse' }>;

/** What the scan asks about the world. */
export interface CommandEnv {
  /** Whether -C names a directory. */
  readonly isDirectory: (path: string) => boolean;
  /** This program's own version, for --version. */
  readonly version: () => string;
}

const LOG_LEVELS: readonly LogLevel[] = ['err', 'warning', 'notice', 'info', 'debug'];

/** Long options of the daemon: flags as commander writes them. A value may follow as the next word or after `=`. */
export const LONG: readonly { readonly flags: string; readonly doc: string; readonly choices?: readonly string[] }[] = [
  { flags: '--check', doc: 'check the configuration, report every problem, and exit (status 0 if there is none)' },
  { flags: '--dump', doc: 'print the configuration as it was understood, as YAML, and exit' },
  { flags: '--log-format <format>', doc: 'write the log to standard error as text or as JSON lines', choices: ['text', 'json'] },
  { flags: '--log-level <level>', doc: 'lowest severity to log', choices: LOG_LEVELS },
  { flags: '--version', doc: 'print the versions and exit' },
  { flags: '--help', doc: 'print this help and exit' },
];
/** Columns of help: that of a terminal, 40 to 100; 80 where there is none. */
const HELP_WIDTH = Math.min(100, Math.max(40, process.stdout.columns ?? 80));
const nameOf = (flags: string): string => flags.split(' ')[0]!;

const refuse = (text: string, usage: boolean): Refusal => ({ do: 'refuse', text, usage });

/** `-C` with two colons is a line of a classic file, unless there is a directory of that name; a bare path is a directory, too. */
function meansDirectory(text: string, env: CommandEnv): boolean {
  return env.isDirectory(text) || (/^[./]/.test(text) && !text.includes(':'));
}

/** What a flag changes, or why the command is refused. */
type Effect = Partial<Draft> | Refusal;
const isRefusal = (effect: Effect): effect is Refusal => 'do' in effect;

/** Flags without a value. */
const PLAIN: Readonly<Record<string, (now: Draft) => Effect>> = {
  '-n': () => ({ foreground: true }),
  '-d': () => ({ foreground: true, debug: true }),
  '-l': ({ level }) => ({ level: level === 'notice' ? 'info' : 'debug' }),
  '-u': () => ({ uucpLocks: false }),
  '-b': () => ({}),
  '-r': () => ({ sayReady: true }),
};

interface Valued {
  /** What to say when the value is missing. */
  readonly missing: Refusal;
  readonly take: (text: string, now: Draft, env: CommandEnv) => Effect;
}

/** Flags whose value is the next word. */
const VALUED: Readonly<Record<string, Valued>> = {
  '-c': { missing: refuse(MESSAGES.noFile, true), take: (file) => ({ file }) },
  '-p': { missing: refuse(MESSAGES.noAdmin, true), take: (admin) => ({ admin }) },
  '-P': { missing: refuse(MESSAGES.noPidFile, true), take: (pidFile) => ({ pidFile }) },
  '-s': { missing: refuse(MESSAGES.noSignature, false), take: (signature) => ({ signature }) },
  '-a': { missing: refuse(MESSAGES.noDirectory('-a'), true), take: (authdir) => ({ authdir }) },
  '-A': { missing: refuse(MESSAGES.noDirectory('-A'), true), take: (authdirAdmin) => ({ authdirAdmin }) },
  '-t': {
    missing: refuse(MESSAGES.noThreads, false),
    take: (text) => (/^\s*[+-]?\d+$/.test(text) ? {} : refuse(MESSAGES.badThreads(text), false)),
  },
  '-Y': { missing: refuse(MESSAGES.noLine('-Y'), true), take: (text, now) => withText(now, 'yaml', text) },
  '-C': {
    missing: refuse(MESSAGES.noLine('-C'), true),
    take(text, now, env) {
      if (meansDirectory(text, env)) return { directory: text };
      const effect = withText(now, 'conf', text);
      // ser2net 4.3.11: a file must be named after the last line.
      return isRefusal(effect) ? effect : { ...effect, file: undefined };
    },
  },
};

function withText({ strings }: Draft, kind: 'yaml' | 'conf', text: string): Effect {
  if (strings !== undefined && strings.kind !== kind) return refuse(MESSAGES.mixedLines, true);
  return { strings: { kind, texts: [...(strings?.texts ?? []), text] } };
}

/** Takes what a long option means; commander has checked its value. */
function applyLong(draft: Draft, values: Readonly<Record<string, unknown>>): void {
  if (values.logFormat === 'json') draft.logFormat = 'json';
  const level = LOG_LEVELS.find((name) => name === values.logLevel);
  if (level !== undefined) draft.level = level;
}

/** Reads the words after the program's name. Never throws for what the user wrote. */
export async function readCommand(argv0: string, words: readonly string[], env: CommandEnv): Promise<Command> {
  const [first = '', second] = words;
  if (Object.hasOwn(SUBCOMMANDS, first)) return readSubcommand(argv0, words);
  if (first === 'help' && second !== undefined && Object.hasOwn(SUBCOMMANDS, second)) return readSubcommand(argv0, [second, '--help']);
  if (first === 'help' || first === '-h') return readLong(argv0, { ...noFlags(argv0) }, ['--help'], env);
  if (first === 'version') return readLong(argv0, { ...noFlags(argv0) }, ['--version'], env);
  if (/^[a-z]/i.test(first)) return noSuchCommand(first);
  const draft: Draft = { ...noFlags(argv0) };
  const long: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const known = word.startsWith('--') ? LONG.find(({ flags }) => nameOf(flags) === word.split('=')[0]) : undefined;
    if (known !== undefined) {
      long.push(word);
      if (known.flags.includes('<') && !word.includes('=') && i + 1 < words.length) long.push(words[++i]!);
      continue;
    }
    if (word.length !== 2 || word[0] !== '-') return refuse(MESSAGES.invalidArgument(word), true);
    if (word === '-v') return { do: 'print', text: `${argv0} version ${COMPATIBLE}\n` };
    const plain = PLAIN[word];
    const valued = VALUED[word];
    if (plain === undefined && valued === undefined) return refuse(MESSAGES.invalidOption(word), true);
    // ser2net 4.3.11 notices a mixture at the flag, before it misses a value.
    const mixed = word === '-Y' && draft.strings?.kind === 'conf';
    if (mixed) return refuse(MESSAGES.mixedLines, true);
    const value = valued === undefined ? '' : words[++i];
    if (value === undefined) return valued!.missing;
    const effect = plain?.(draft) ?? valued!.take(value, draft, env);
    if (isRefusal(effect)) return effect;
    Object.assign(draft, effect);
  }
  return long.length === 0 ? { do: 'run', options: draft } : readLong(argv0, draft, long, env);
}

/** What --version prints: this program, what it stands in for, and what it runs on. */
const versions = (own: string): string => `ser2net ${own} (compatible with ser2net ${COMPATIBLE}, Node.js ${process.versions.node})\n`;

/** A mistyped command: the words of ser2net 4.3.11, then what can be typed instead of its flags. */
function noSuchCommand(word: string): Refusal {
  const names = Object.keys(SUBCOMMANDS);
  const near = nearest(word, names);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  const text = `${MESSAGES.invalidArgument(word)}\nser2net: no command '${word}'${hint}\nCommands: ${names.join(', ')}\nMore: ser2net --help`;
  return refuse(text, false);
}

async function readLong(argv0: string, draft: Draft, long: readonly string[], env: CommandEnv): Promise<Command> {
  const { program } = await declare(argv0);
  try {
    program.parse([...long], { from: 'user' });
  } catch (err) {
    return refuse(commanderText(err), false);
  }
  const values = program.opts();
  if (values.help === true) return { do: 'print', text: program.helpInformation() };
  if (values.version === true) return { do: 'print', text: versions(env.version()) };
  applyLong(draft, values);
  return { do: values.check === true ? 'check' : values.dump === true ? 'dump' : 'run', options: draft };
}

async function readSubcommand(argv0: string, words: readonly string[]): Promise<Command> {
  const { program, chosen } = await declare(argv0);
  try {
    program.parse([...words], { from: 'user' });
  } catch (err) {
    const { code } = err as { code?: string };
    const name = words[0]!;
    // The help goes to standard output, as one asked for it.
    if (code === 'commander.helpDisplayed') {
      return { do: 'print', text: program.commands.find((c) => c.name() === name)?.helpInformation() ?? program.helpInformation() };
    }
    const { usageStatus } = SUBCOMMANDS[name]!;
    const text = `ser2net ${name}: ${commanderText(err)}\nMore: ser2net ${name} --help`;
    return { ...refuse(text, false), ...(usageStatus !== undefined && { status: usageStatus }) };
  }
  return chosen() ?? refuse(MESSAGES.invalidArgument(words[0] ?? ''), true);
}

const commanderText = (err: unknown): string => (err as Error).message.replace(/^error: /, '');

/** All long options and sub-commands as commander wants them. */
async function declare(argv0: string) {
  const { Command: Program, Option } = await import('commander');
  let chosen: Command | undefined;
  const quiet = { writeOut: () => undefined, writeErr: () => undefined };
  const program = new Program('ser2net')
    .description('Serial ports on the network.')
    // Not their arguments: a column for these leaves no room for the text.
    .configureHelp({ helpWidth: HELP_WIDTH, subcommandTerm: (command) => command.name() })
    .usage('[flags] [options]\n       ser2net <command> [arguments]\n       ser2net help <command>')
    .helpOption(false)
    .helpCommand(false)
    .enablePositionalOptions()
    .action(() => undefined)
    .exitOverride()
    .configureOutput(quiet);
  for (const { flags, doc, choices } of LONG) {
    const option = new Option(flags, doc);
    if (choices !== undefined) option.choices([...choices]);
    program.addOption(option);
  }
  const help = program.helpInformation.bind(program);
  program.helpInformation = () => `${help()}\nOptions shared with the original ser2net (${argv0} -n -c FILE):\n${flagHelp(HELP_WIDTH)}\n`;
  for (const [name, row] of Object.entries(SUBCOMMANDS)) {
    const sub = program
      .command(`${name}${row.args === '' ? '' : ` ${row.args}`}`)
      .description(row.summary)
      .helpOption('-h, --help', 'print this help')
      // Not their arguments: a column for these leaves no room for the text.
      .configureHelp({ helpWidth: HELP_WIDTH, subcommandTerm: (command) => command.name() });
    for (const { flags, doc, choices, several, def } of row.options) {
      const option = new Option(flags, def === undefined ? doc : `${doc} (default: ${def})`);
      if (choices !== undefined) option.choices([...choices]);
      if (several === true) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
      sub.addOption(option);
    }
    sub.exitOverride().configureOutput(quiet);
    sub.action(() => {
      chosen = { do: 'subcommand', name, args: sub.args, options: sub.opts() };
    });
  }
  return { program, chosen: () => chosen };
}
