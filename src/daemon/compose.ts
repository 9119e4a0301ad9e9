// The real parts of the daemon, put together; run.ts knows only their shapes.
import { resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { libc } from '../base/libc.ts';
import { type TextSink, textSink } from '../system/text-sink.ts';
import { type Background, dropStdin } from './background.ts';
import type { RunParts } from './daemon.ts';
import { DaemonLog, DatagramTarget, jsonSink } from './log.ts';
import { PidFile } from './pid-file.ts';
import type { RunOptions } from './run-options.ts';
import { ServiceManager } from './service-manager.ts';
import { forService } from './v8.ts';

/** Everything runDaemon() needs, for this process. */
export async function realParts(options: RunOptions, background: Background | undefined): Promise<RunParts> {
  const stderr = background?.stderr ?? textSink(2);
  const log = await makeLog(options, stderr);
  // Loaded side by side: most of the time a start takes goes there.
  const [{ makeReader }, { Assembly }] = await Promise.all([import('./load-config.ts'), import('./assembly.ts')]);
  return {
    options,
    reader: makeReader(options, { stdinDone: background === undefined ? () => undefined : dropStdin }),
    makeEngine: async (hooks) => new Assembly(hooks),
    log,
    clock: systemClock,
    manager: makeManager(process.env),
    stderr,
    stdout: textSink(1),
    pidFile: options.pidFile === undefined ? undefined : new PidFile(resolve(options.pidFile), process.pid),
    background,
    started: forService,
  };
}

async function makeLog(options: RunOptions, stderr: TextSink): Promise<DaemonLog> {
  const { pid } = process;
  return new DaemonLog({
    clock: systemClock,
    pid,
    level: options.level,
    syslog: new DatagramTarget(libc),
    ...(options.foreground && options.logFormat === 'json' && { json: await jsonSink(stderr, pid) }),
    ...(options.debug && { copy: stderr }),
    ...(options.foreground && { fallback: stderr }),
  });
}

/** Takes systemd's variables out of the environment: they are not for children. */
export function makeManager(env: NodeJS.ProcessEnv): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUsec, WATCHDOG_PID: watchdogPid } = env;
  delete env.NOTIFY_SOCKET;
  delete env.WATCHDOG_USEC;
  delete env.WATCHDOG_PID;
  return new ServiceManager({
    socket,
    watchdogUsec,
    watchdogPid,
    pid: process.pid,
    clock: systemClock,
    libc,
    monotonicUsec: () => process.hrtime.bigint() / 1000n,
  });
}
