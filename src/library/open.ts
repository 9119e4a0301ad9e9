// openGensio: a stack named by its string, opened as a stream.

import { type Clock, systemClock } from '../base/clock.ts';
import { LOCK_DIR } from '../base/devices.ts';
import { GensioError } from '../base/gensio-error.ts';
import { type Log, noLog } from '../base/log.ts';
import type { GensioEnv } from '../gensio/context.ts';
import { Builder } from '../gensio/registry.ts';
import { parseStack } from '../gensio/syntax/gensio-str.ts';
import type { LayerSpec } from '../options/stack.ts';
import { type GensioStream, openStream } from './stream.ts';

/** Options of `openGensio()`; servers share some of them. */
export interface OpenOptions {
  /** Gives up while connecting: `AbortSignal.timeout(3000)`. The promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** What layers have to say. Default: nobody hears it. */
  readonly log?: Log;
  /** Where UUCP lock files of devices go. Default `/var/lock`, as the daemon; false: none are made. */
  readonly lockDir?: string | false;
  /** Where timers come from. Default: the system's clock. */
  readonly clock?: Clock;
}

/** What layers get of options that servers and streams have in common. */
export function layerEnv({ lockDir = LOCK_DIR, log = noLog, clock = systemClock }: OpenOptions): GensioEnv {
  return {
    clock,
    log,
    lockDir: lockDir === false ? undefined : lockDir,
  };
}

/** A closed connector. @throws GensioError inval: the string means nothing; notsup: it cannot run here */
function makeConnector(what: string | LayerSpec, env: GensioEnv) {
  if (typeof what !== 'string') return new Builder(env).connector(what);
  const { spec, error, detail } = parseStack(what, 'connector');
  if (spec === undefined) throw new GensioError(error ?? 'inval', `'${what}': ${detail ?? 'not a connector'}`);
  return new Builder(env).connector(spec);
}

/**
 * Opens a connector: `serialdev,/dev/ttyUSB0,115200n81,local`, `tcp,host,2000`, `telnet(rfc2217),ssl(CA=ca.pem),tcp,host,2000`, or
 * any other stack of ser2net.yaml(5). The promise is settled when every layer is open.
 * @throws GensioError: its code says what went wrong, its detail says it in words
 */
export async function openGensio(what: string | LayerSpec, options: OpenOptions = {}): Promise<GensioStream> {
  const env = layerEnv(options);
  return openStream(makeConnector(what, env), { signal: options.signal, clock: env.clock });
}
