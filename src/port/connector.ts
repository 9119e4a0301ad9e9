// The connector of a port: the layers its configuration has, and those that its options put on top.
import { fromSystemError, GensioError } from '../base/gensio-error.ts';
import type { Log } from '../base/log.ts';
import type { ConnectionConfig } from '../config/model.ts';
import type { Gensio } from '../gensio/gensio.ts';
import type { StackBuilder } from '../gensio/stack-builder.ts';
import type { LayerSpec } from '../options/stack.ts';
import { LOG } from './messages.ts';

/** How often a device that clients wait for is looked for. */
const HOLD_MS = 500;
/** The stack that hides the coming and going of a device from its clients. */
const held = (spec: LayerSpec, hold: 'off' | 'drop' | 'queue' | undefined): LayerSpec =>
  hold === 'drop' || hold === 'queue'
    ? { type: 'keepopen', opts: { retryTime: HOLD_MS, discardBadwrites: hold === 'drop' }, child: spec }
    : spec;

/** A new connector, closed; or why it cannot be made, which is logged. */
export function makeConnector({ name, connector, options }: ConnectionConfig, builder: StackBuilder, log: Log): Gensio | GensioError {
  if (connector.spec === undefined) return new GensioError('notsup');
  try {
    return builder.connector(held(connector.spec, options.hold));
  } catch (err) {
    const error = fromSystemError(err);
    const { message, detail } = error;
    log.log('err', LOG.enableFailed(name, detail === undefined ? message : `${message}: ${detail}`));
    return error;
  }
}
