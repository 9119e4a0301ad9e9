// `ser2net attach`: one remote serial port as a local device, in a process of its own. A section `attachment` of the configuration does
// the same, where one daemon serves many.
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { Attachment } from '../attach/attachment.ts';
import { describe } from '../attach/attachment-spec.ts';
import { attachEnv } from '../attach/attachments.ts';
import { systemClock } from '../base/clock.ts';
import { LOCK_DIR } from '../base/devices.ts';
import { fromSystemError } from '../base/gensio-error.ts';
import { libc } from '../base/libc.ts';
import { strerror } from '../base/strerror.ts';
import { type Background, joinBackground, startInBackground } from '../daemon/background.ts';
import { DaemonLog, DatagramTarget } from '../daemon/log.ts';
import { PidFile } from '../daemon/pid-file.ts';
import { systemdManager } from '../daemon/service-manager.ts';
import { parseTarget, type Target } from '../gensio/syntax/target.ts';
import { ATTACH, type AttachOptions } from '../options/attach.ts';
import { defaults as builtIn, type MutableValues, type Row } from '../options/row.ts';
import { textSink } from '../system/text-sink.ts';
import { crashLines, keepAlive, linkEnv, onCrash, takeName } from '../system/this-process.ts';
import type { SubcommandIo, SubcommandOptions } from './subcommand.ts';

interface AttachRequest {
  readonly device: string;
  readonly targets: readonly Target[];
  readonly options: AttachOptions;
}

/** What the arguments mean, or what is wrong with them. */
export function parseAttachArgs(args: readonly string[], given: SubcommandOptions): AttachRequest | string {
  const [device = '', ...texts] = typeof given.link === 'string' ? [given.link, ...args] : args;
  if (texts.length === 0) return `no target given for ${device}, for example rfc2217://HOST:PORT`;
  const options: MutableValues<typeof ATTACH> = builtIn(ATTACH);
  for (const [key, row] of Object.entries(ATTACH) as [keyof typeof ATTACH, Row<unknown>][]) {
    const value = given[key];
    if (value === undefined || value === false) continue;
    const got = row.kind.parse(String(value));
    if ('expected' in got) return `--${row.yaml}: '${String(value)}' is not ${got.expected}`;
    (options as Record<string, unknown>)[key] = got.ok;
  }
  for (const key of ['tlsCert', 'tlsKey', 'tlsCa'] as const) {
    const file = options[key];
    // The process in the background has another working directory. A slash at the end says that it is a directory.
    if (file !== undefined) options[key] = `${resolve(file)}${file.endsWith('/') ? '/' : ''}`;
  }
  if (options.hangup && given.hold === true) return '--hangup and --hold exclude each other';
  const targets: Target[] = [];
  for (const text of texts) {
    const got = parseTarget(text, options);
    if ('problem' in got) return got.problem;
    targets.push(got.ok);
  }
  return { device: resolve(device), targets, options };
}

/** A file that is named and cannot be read. */
function missingFile({ options }: AttachRequest): string | undefined {
  for (const key of ['tlsCert', 'tlsKey', 'tlsCa'] as const) {
    const file = options[key];
    try {
      if (file !== undefined) accessSync(file, constants.R_OK);
    } catch (err) {
      return `--${ATTACH[key].yaml}: ${file}: ${strerror(err)}`;
    }
  }
  return undefined;
}

/** Gives the exit code: 0 after TERM or INT, or when the process in the background has made the device. */
export async function attachDevice(args: readonly string[], given: SubcommandOptions, io: SubcommandIo): Promise<number> {
  const request = parseAttachArgs(args, given);
  const problem = typeof request === 'string' ? request : missingFile(request);
  if (typeof request === 'string' || problem !== undefined) {
    io.err(`ser2net attach: ${problem}\n`);
    return 1;
  }
  const foreground = given.foreground === true || given.debug === true;
  const background = joinBackground(process.env, process.ppid);
  if (background === undefined) {
    for (const { text, notes } of request.targets) for (const note of notes) io.err(`ser2net attach: ${text}: ${note}\n`);
  }
  if (!foreground && background === undefined) {
    return startInBackground({ words: process.argv.slice(1), needsStdin: false, stderr: textSink(2) });
  }
  takeName(['attach', ...args]);
  const pidFile = typeof given.pidfile === 'string' ? new PidFile(resolve(given.pidfile), process.pid) : undefined;
  return new AttachProcess(request, given.debug === true, background, pidFile).run();
}

class AttachProcess {
  readonly #request: AttachRequest;
  readonly #background: Background | undefined;
  readonly #pidFile: PidFile | undefined;
  readonly #log: DaemonLog;
  readonly #ended: Promise<number>;
  #end!: (code: number) => void;

  constructor(request: AttachRequest, debug: boolean, background: Background | undefined, pidFile: PidFile | undefined) {
    this.#request = request;
    this.#background = background;
    this.#pidFile = pidFile;
    this.#ended = new Promise((done) => {
      this.#end = done;
    });
    this.#log = new DaemonLog({
      clock: systemClock,
      pid: process.pid,
      level: debug ? 'debug' : 'info',
      syslog: new DatagramTarget(libc),
      ...(background === undefined && { copy: textSink(2) }),
    });
    this.#log.identify();
  }

  async run(): Promise<number> {
    const letEnd = keepAlive();
    const env = attachEnv({
      clock: systemClock,
      log: this.#log,
      link: linkEnv(),
      random: Math.random,
      optionStyle: '--',
      gensio: { lockDir: LOCK_DIR },
    });
    if (env === undefined) return this.#fail('needs the package koffi, which is not installed');
    const { device, targets, options } = this.#request;
    const attachment = new Attachment({ name: device, device, targets, options }, env);
    this.#catch(attachment);
    try {
      attachment.start();
    } catch (err) {
      return this.#fail(`cannot create ${device}: ${describe(fromSystemError(err))}`);
    }
    const manager = systemdManager(process.env);
    const warning = this.#pidFile?.write();
    if (warning !== undefined) this.#log.announce('warning', warning);
    this.#background?.finish(0);
    if (this.#background !== undefined) this.#log.detach();
    manager.ready(`${device} is ready`);
    const code = await this.#ended;
    manager.stopping();
    await new Promise<void>((done) => attachment.stop(done));
    this.#pidFile?.remove();
    this.#log.close();
    letEnd();
    return code;
  }

  #fail(text: string): number {
    if (this.#background === undefined) this.#log.announce('err', text);
    else {
      this.#background.stderr(`ser2net attach: ${text}\n`);
      this.#background.finish(1);
    }
    return 1;
  }

  /** TERM, INT and QUIT end it, and HUP in the foreground; otherwise HUP reconnects. USR1 logs the status. A failure of our own removes the link. */
  #catch(attachment: Attachment): void {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.once(signal, () => this.#end(0));
    process.on('SIGHUP', () => {
      if (this.#background === undefined) this.#end(0);
      else attachment.reconnect('asked to reconnect');
    });
    process.on('SIGUSR1', () => attachment.report());
    onCrash((err) => {
      for (const line of crashLines(err)) this.#log.announce('err', line);
      this.#end(1);
    });
  }
}
