// From the arguments of the command to its exit code: decides what runs, and loads only that.
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { callsPending } from '../base/blocking-calls.ts';
import { libc } from '../base/libc.ts';
import { traceTo } from '../base/trace-points.ts';
import { usage } from '../daemon/messages.ts';
import type { RunOptions } from '../daemon/run-options.ts';
import { textSink } from '../system/text-sink.ts';
import { takeName } from '../system/this-process.ts';
import { ownVersion } from '../system/version.ts';
import { type Command, type CommandEnv, readCommand } from './command.ts';
import type { SubcommandIo } from './subcommand.ts';

/** The name to show: as called, but for a space in it (`-v` must be three words) or the bare script. */
function shownName(script: string | undefined): string {
  if (script === undefined || /\s/.test(script) || basename(script) === 'main.js') return 'ser2net';
  return script;
}

const commandEnv: CommandEnv = {
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  version: ownVersion,
};

/** Runs the command of this process, and ends it. */
export async function main(): Promise<never> {
  // Or Node would open its debugger.
  process.on('SIGUSR1', () => undefined);
  const { TRACE } = process.env;
  if (TRACE !== undefined) traceTo(TRACE, textSink(2));
  leave(await run(process.argv));
}

/** Requests at work that Node.js would wait for at its end, however long they take: files, names, passwords. */
const WAITED_FOR = /^(?:FSReq|GetAddrInfo|GetNameInfo|S[Cc][Rr][Yy][Pp][Tt])/;

/** Ends the process; at once where a device or a file system does not answer. */
function leave(status: number): never {
  if (callsPending() > 0 || process.getActiveResourcesInfo().some((name) => WAITED_FOR.test(name))) libc()?.exitNow(status);
  process.exit(status);
}

/** argv is that of the process: node, script, arguments. */
async function run(argv: readonly string[]): Promise<number> {
  const argv0 = shownName(argv[1]);
  const command = await readCommand(argv0, argv.slice(2), commandEnv);
  if (command.do === 'run') return startDaemon(argv, command.options);
  const out = new Output(process.stdout);
  const err = new Output(process.stderr);
  const code = await carryOut(command, argv0, { out: (text) => out.write(text), err: (text) => err.write(text) });
  await Promise.all([out.flush(), err.flush()]);
  return code;
}

/**
 * Where commands that end write to. The daemon itself never touches these streams: they change the mode of descriptors that others
 * have, too.
 */
class Output {
  readonly #stream: NodeJS.WriteStream;
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    // Nobody reads on: no reason to fail.
    stream.on('error', () => undefined);
  }
  write(text: string | Buffer): void {
    this.#stream.write(text);
  }
  /** Resolves when everything is out, or cannot be had out. */
  flush(): Promise<void> {
    return new Promise((resolve) => this.#stream.write('', () => resolve()));
  }
}

async function carryOut(command: Exclude<Command, { do: 'run' }>, argv0: string, io: SubcommandIo): Promise<number> {
  switch (command.do) {
    case 'print':
      io.out(command.text);
      return 0;
    case 'refuse':
      io.err(`${command.text}\n${command.usage ? usage(argv0) : ''}`);
      return command.status ?? 1;
    case 'subcommand': {
      const { SUBCOMMANDS } = await import('./subcommands.ts');
      return SUBCOMMANDS[command.name]!.run(command.args, command.options, io);
    }
    case 'check':
      return (await import('./check/check.ts')).checkOptions(command.options, {}, io);
    case 'dump':
      return (await import('./check/check.ts')).dumpOptions(command.options, {}, io);
    default:
      return command satisfies never;
  }
}

async function startDaemon(argv: readonly string[], options: RunOptions): Promise<number> {
  const { joinBackground, startInBackground } = await import('../daemon/background.ts');
  const background = joinBackground(process.env, process.ppid);
  if (!options.foreground && background === undefined) {
    return startInBackground({ words: argv.slice(1), needsStdin: options.file === '-', stderr: textSink(2) });
  }
  takeName(argv.slice(2));
  try {
    const [{ composeDaemon }, { runDaemon }] = await Promise.all([import('../daemon/compose.ts'), import('../daemon/daemon.ts')]);
    return await runDaemon(await composeDaemon(options, background));
  } catch (err) {
    // The process that waits for this one must hear of it.
    if (background === undefined) throw err;
    background.stderr(`ser2net: ${(err as Error).stack}\n`);
    background.finish(1);
    return 1;
  }
}
