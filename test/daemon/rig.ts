// A daemon whose parts are all in hand: what it logs, prints and asks of the engine is written down in order.
import type { Config, Reading } from '../../src/config/model.ts';
import { Origins } from '../../src/config/origin.ts';
import type { ConfigReader, Outcome } from '../../src/daemon/configuration.ts';
import type { DaemonEngine, DaemonEnv, EngineHooks } from '../../src/daemon/daemon.ts';
import { DaemonLog } from '../../src/daemon/log.ts';
import { noFlags, type RunOptions } from '../../src/daemon/run-options.ts';
import { ServiceManager } from '../../src/daemon/service-manager.ts';
import { FakeClock } from '../rig/fake-clock.ts';

export const emptyConfig: Config = { format: 'yaml', connections: [], rotators: [], leds: [], admin: undefined };
export const reading = (changes: Partial<Reading> = {}): Reading => ({
  config: emptyConfig,
  diags: [],
  complete: true,
  origins: new Origins(),
  ...changes,
});

export interface Rig {
  readonly parts: DaemonEnv;
  readonly clock: FakeClock;
  /** `engine: apply`, `syslog: <30>...`, `stderr: ...`, `stdout: ...` */
  readonly events: string[];
  hooks(): EngineHooks;
  /** What the next readings give; the last one stays. */
  outcomes: Outcome[];
}

export interface RigOptions {
  readonly options?: Partial<RunOptions>;
  readonly engine?: Partial<DaemonEngine>;
  readonly reloadable?: boolean;
  readonly syslogGone?: boolean;
  readonly parts?: Partial<DaemonEnv>;
}

export function makeRig(rigOptions: RigOptions = {}): Rig {
  const events: string[] = [];
  const clock = new FakeClock();
  const options = { ...noFlags('ser2net'), foreground: true, ...rigOptions.options };
  let hooks: EngineHooks | undefined;
  const rig: Rig = { parts: {} as DaemonEnv, clock, events, outcomes: [{ kind: 'read', reading: reading() }], hooks: () => hooks! };
  const reader: ConfigReader = {
    reloadable: rigOptions.reloadable ?? true,
    read: () => (rig.outcomes.length > 1 ? rig.outcomes.shift()! : rig.outcomes[0]!),
  };
  const stderr = (text: string): void => void events.push(`stderr: ${text.trimEnd()}`);
  const log = new DaemonLog({
    clock,
    pid: 77,
    level: options.level,
    syslog: {
      send: (line) => {
        if (rigOptions.syslogGone === true) return 'gone';
        events.push(`syslog: ${line.toString().replace(/>.{15} /, '> ')}`);
        return 'sent';
      },
      close: () => undefined,
    },
    ...(options.debug && { copy: stderr }),
    fallback: stderr,
  });
  const manager = new ServiceManager({
    socket: undefined,
    watchdogUsec: undefined,
    watchdogPid: undefined,
    handedIn: { count: undefined, pid: undefined, names: undefined },
    keeps: undefined,
    pid: 77,
    clock,
    libc: () => undefined,
    monotonicUsec: () => 0n,
  });
  const parts: DaemonEnv = {
    options,
    reader,
    makeEngine: (given) => {
      hooks = given;
      events.push('engine: made');
      return {
        apply: async () => void events.push('engine: apply'),
        stop: async () => void events.push('engine: stop'),
        ...rigOptions.engine,
      };
    },
    log,
    clock,
    manager,
    stderr,
    stdout: (text) => void events.push(`stdout: ${text.trimEnd()}`),
    pidFile: undefined,
    background: undefined,
    ...rigOptions.parts,
  };
  return Object.assign(rig, { parts });
}

/** Waits until the condition holds: a few turns of the event loop. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 1000) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
