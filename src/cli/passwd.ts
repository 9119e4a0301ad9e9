// `ser2net passwd`: sets the password with which a user logs in where an accepter authenticates (certauth), kept as a hash.
import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { writeFilesAtomically } from '../base/atomic-write.ts';
import { strerror } from '../base/strerror.ts';
import { hashPassword, isUserName } from '../gensio/tls/authority.ts';
import { PASSWORD_BYTES } from '../gensio/tls/certauth-codec.ts';
import { CONNECTION } from '../options/connection.ts';
import type { SubcommandIo } from './subcommand.ts';

/** The parsed options of the sub-command. */
export interface PasswdOptions {
  /** Default: that of the option authdir. */
  readonly authdir?: string;
  /** The line of a password file goes to standard output, and no file is written. */
  readonly print?: boolean;
  /** Not hashed, as ser2net 4.3.11 needs it. */
  readonly plain?: boolean;
}

/** Who gives the password. */
export interface PasswordSource {
  /** It is typed by somebody, who may mistype. */
  readonly typed: boolean;
  /** `undefined` if nothing is given. */
  ask(prompt: string): Promise<string | undefined>;
  /** Asks no more, and lets the process end. */
  close(): void;
}

/** A terminal, which does not show what is typed; or the lines of standard input. */
function standardInput(io: SubcommandIo): PasswordSource {
  const { stdin } = process;
  const typed = stdin.isTTY === true;
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: silent, terminal: typed, historySize: 0 });
  reader.once('SIGINT', () => reader.close());
  const lines = reader[Symbol.asyncIterator]();
  const ask = async (prompt: string): Promise<string | undefined> => {
    if (typed) io.err(prompt);
    const { value, done } = await lines.next();
    if (typed) io.err('\n');
    return done === true || value === '' ? undefined : value;
  };
  return { typed, ask, close: () => reader.close() };
}

function problemOf(password: string): string | undefined {
  if (Buffer.byteLength(password) > PASSWORD_BYTES) return `a password can have at most ${PASSWORD_BYTES} bytes`;
  if (password.includes('\0')) return 'a password cannot contain a NUL byte';
  return password.startsWith('$scrypt$') ? 'a password cannot begin with $scrypt$' : undefined;
}

async function askPassword(user: string, source: PasswordSource): Promise<{ password: string } | { problem: string }> {
  const password = await source.ask(`New password for ${user}: `);
  if (password === undefined) return { problem: 'no password given; nothing changed' };
  if (source.typed && (await source.ask('Retype it: ')) !== password) return { problem: 'passwords do not match; nothing changed' };
  const problem = problemOf(password);
  return problem === undefined ? { password } : { problem };
}

/** What is made belongs to whom the directory of all users was given, as the daemon need not be root. */
function writePassword(authdir: string, user: string, line: string): string {
  mkdirSync(authdir, { recursive: true, mode: 0o755 });
  const owner = process.getuid?.() === 0 ? statSync(authdir) : undefined;
  const folder = join(authdir, user);
  if (!existsSync(folder)) {
    mkdirSync(folder, 0o750);
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  }
  const path = join(folder, 'password');
  writeFilesAtomically({ path, content: `${line}\n`, mode: 0o600, owner });
  return path;
}

/** Runs the sub-command. The exit code: 0 done, 1 could not, 2 not a user's name. */
export async function passwd(user: string, options: PasswdOptions, io: SubcommandIo, source?: PasswordSource): Promise<number> {
  const complain = (text: string): void => io.err(`passwd: ${text}\n`);
  if (!isUserName(user)) {
    complain(`'${user}' cannot be a user name: it must also be valid as the name of a directory`);
    return 2;
  }
  const from = source ?? standardInput(io);
  const given = await askPassword(user, from).finally(() => from.close());
  if ('problem' in given) {
    complain(given.problem);
    return 1;
  }
  const line = options.plain === true ? given.password : hashPassword(given.password);
  if (options.print === true) {
    io.out(`${line}\n`);
    return 0;
  }
  const authdir = options.authdir ?? CONNECTION.authdir.def!;
  try {
    io.out(`${writePassword(authdir, user, line)}\n`);
    return 0;
  } catch (err) {
    complain(`${join(authdir, user, 'password')}: ${strerror(err)}`);
    return 1;
  }
}
