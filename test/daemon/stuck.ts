// A daemon for tests of what happens when things go wrong: its engine never stops, or fails where nobody catches.
// Arguments: stuck | throw | reject , then the pid file.
import { systemClock } from '../../src/base/clock.ts';
import { type DaemonEnv, runDaemon } from '../../src/daemon/daemon.ts';
import { DaemonLog } from '../../src/daemon/log.ts';
import { PidFile } from '../../src/daemon/pid-file.ts';
import { noFlags } from '../../src/daemon/run-options.ts';
import { ServiceManager } from '../../src/daemon/service-manager.ts';
import { textSink } from '../../src/system/text-sink.ts';
import { reading } from './rig.ts';

const [, , how = '', pidFile = ''] = process.argv;
const never = new Promise<void>(() => undefined);
const stderr = textSink(2);
const stdout = textSink(1);
const fail = (): void => {
  if (how === 'reject') void Promise.reject(new Error('bang'));
  else if (how !== 'stuck') throw new Error('bang');
};
const parts: DaemonEnv = {
  options: { ...noFlags('ser2net'), foreground: true, debug: true, sayReady: true },
  reader: { reloadable: true, read: () => ({ kind: 'read', reading: reading() }) },
  makeEngine: () => ({
    apply: async () => void setImmediate(fail),
    stop: () => {
      stdout('stopping\n');
      return how === 'stuck' ? never : Promise.resolve();
    },
  }),
  log: new DaemonLog({
    clock: systemClock,
    pid: process.pid,
    level: 'notice',
    syslog: { send: () => 'gone', close: () => undefined },
    copy: stderr,
  }),
  clock: systemClock,
  manager: new ServiceManager({
    socket: undefined,
    watchdogUsec: undefined,
    watchdogPid: undefined,
    handedIn: { count: undefined, pid: undefined, names: undefined },
    keeps: undefined,
    pid: process.pid,
    clock: systemClock,
    libc: () => undefined,
    monotonicUsec: () => 0n,
  }),
  stderr,
  stdout,
  pidFile: new PidFile(pidFile, process.pid),
  background: undefined,
};
process.exit(await runDaemon(parts));
