// `ser2net health`: status 0 if the daemon works, otherwise 1; for containers and monitors. It asks the control port if there is one, and
// otherwise looks at the pid file and the listening sockets. It connects to no port: that would open its device.
import { existsSync, readFileSync } from 'node:fs';
import { readSmallFile } from '../base/safe-file.ts';
import { strerror } from '../base/strerror.ts';
import { plural } from '../base/text.ts';
import type { Config } from '../config/model.ts';
import { bottomOf } from '../gensio/syntax/stack.ts';
import { isListening, type Listening, readListening } from '../system/listening.ts';
import { connectAdmin } from './admin-client.ts';
import { askAttachments } from './attachment-status.ts';
import { askPorts, isUnhealthy, lacksDevice } from './port-status.ts';
import { readConfiguration } from './read-configuration.ts';
import type { SubcommandIo } from './subcommand.ts';

interface HealthFlags {
  readonly admin?: string | undefined;
  readonly file?: string | undefined;
  /** The file of -P. */
  readonly pidFile?: string | undefined;
  readonly quiet?: boolean | undefined;
  /** A device that is missing, or could not be opened, is a problem, too. */
  readonly devices?: boolean | undefined;
}

/** What was found: its problems, or a summary where there are none. */
type Health = { readonly problems: readonly string[] } | { readonly summary: string };

/** The exit code. Says what it found unless quiet. */
export async function health(flags: HealthFlags, io: SubcommandIo): Promise<number> {
  const found = await examine(flags);
  if (flags.quiet !== true) {
    if ('summary' in found) io.out(`${found.summary}\n`);
    else for (const problem of found.problems) io.err(`${problem}\n`);
  }
  return 'summary' in found ? 0 : 1;
}

async function examine(flags: HealthFlags): Promise<Health> {
  const found = flags.pidFile === undefined ? undefined : runningProcess(flags.pidFile);
  if (found !== undefined && 'trouble' in found) return { problems: [found.trouble] };
  const reached = await connectAdmin(flags);
  if ('failed' in reached) return { problems: [reached.failed] };
  if ('none' in reached) return examineSockets(flags);
  const { client, at } = reached;
  try {
    const { version, program, ports } = await askPorts(client);
    const attachments = await askAttachments(client);
    // An unreachable target is not a fault of the daemon.
    const unhealthy = [...ports.filter(isUnhealthy), ...attachments.filter(({ terminal }) => terminal === undefined)];
    const problems = unhealthy.map(({ name, state }) => `${name}: ${state}`);
    if (flags.devices === true) {
      const lacking = ports.filter((port) => lacksDevice(port) && !isUnhealthy(port));
      problems.push(...lacking.map(({ name, state, more }) => `${name}: ${more?.lastError?.text ?? `${state} (${more?.path ?? ''})`}`));
    }
    if (problems.length > 0) return { problems };
    const more = attachments.length === 0 ? '' : `, ${plural(attachments.length, 'attachment')}`;
    return { summary: `ser2net ${program?.program ?? version} at ${at}: ${plural(ports.length, 'port')}${more}` };
  } catch (err) {
    return { problems: [`${at}: ${(err as Error).message}`] };
  } finally {
    client.close();
  }
}

/** The process of a pid file, or why it does not count as running. */
export function runningProcess(file: string): { readonly pid: number } | { readonly trouble: string } {
  let text: string;
  try {
    text = readSmallFile(file, { links: true, maxBytes: 4096 }).toString('latin1').slice(0, 64).trim();
  } catch (err) {
    return { trouble: `${file}: ${strerror(err)}` };
  }
  if (!/^[1-9][0-9]{0,9}$/.test(text)) return { trouble: `${file}: contains no process id` };
  try {
    process.kill(Number(text), 0);
  } catch (err) {
    // EPERM: it exists, and belongs to another user.
    if ((err as NodeJS.ErrnoException).code !== 'EPERM') return { trouble: `${file}: process ${text} is not running` };
  }
  return isZombie(text) ? { trouble: `${file}: process ${text} has ended` } : { pid: Number(text) };
}
/** Ended, but its parent has not waited for it: common in containers. */
function isZombie(pid: string): boolean {
  try {
    return /^\d+ \(.*\) Z /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

async function examineSockets({ file, devices }: HealthFlags): Promise<Health> {
  const outcome = await readConfiguration(file);
  if (outcome.kind !== 'read') return { problems: [outcome.text] };
  const { config } = outcome.reading;
  const found = judge(config, readListening());
  const missing = devices === true ? missingDevices(config) : [];
  if (missing.length === 0) return found;
  return { problems: [...('problems' in found ? found.problems : []), ...missing] };
}

/** Devices of a configuration that are not there, as problems. */
export const missingDevices = ({ connections }: Config): string[] =>
  connections.flatMap(({ name, enable, connector }) => {
    const bottom = bottomOf(connector.spec);
    if (!enable || bottom === undefined || !('device' in bottom) || existsSync(bottom.device)) return [];
    return [`${name}: device missing (${bottom.device})`];
  });

/** Whether anything listens on every address of a configuration. */
export function judge({ connections, rotators }: Config, now: Listening): Health {
  const problems: string[] = [];
  let seen = 0;
  for (const { name, accepter } of [...connections.filter((c) => c.enable), ...rotators]) {
    const listens = accepter.spec === undefined ? undefined : isListening(accepter.spec, now);
    if (listens === false) problems.push(`${name}: not listening`);
    if (listens === true) seen++;
  }
  if (problems.length > 0) return { problems };
  return { summary: `${plural(seen, 'port')} listening` };
}
