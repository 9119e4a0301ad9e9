// `ser2net check`: whether the key, certificate and CA files of a configuration are there and fit each other. The daemon starts
// without them, and then every client, or every connection to the device, fails.
import { accessSync, constants } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import type { Diag, Pos } from '../../base/diag.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import { strerror } from '../../base/strerror.ts';
import { listenersOf } from '../../config/check.ts';
import type { ConfigWithOrigins } from '../../config/model.ts';
import { layersOf, type Stack } from '../../gensio/syntax/stack.ts';
import { credentials, filesOf } from '../../gensio/tls/credentials.ts';
import type { LayerSpec } from '../../options/stack.ts';

const WHAT = { key: 'key', cert: 'certificate', ca: 'CA' } as const;

/** Problems with the files of all TLS layers, in the order of the configuration. What may not be read by this user is a warning. */
export function fileProblems(reading: ConfigWithOrigins): Diag[] {
  const { config, origins } = reading;
  const stacks: { readonly stack: Stack; readonly pos: Pos; readonly server: boolean }[] = [
    ...listenersOf(reading).map(({ accepter, pos }) => ({ stack: accepter, pos, server: true })),
    ...config.connections
      .filter(({ enable }) => enable)
      .map(({ connector, pos }) => ({ stack: connector, pos: origins.placeOf(pos, 'connector'), server: false })),
  ];
  return stacks.flatMap(({ stack, pos, server }) => layersOf(stack.spec).flatMap((layer) => layerProblems(layer, pos, server)));
}

function layerProblems(layer: LayerSpec, pos: Pos, server: boolean): Diag[] {
  if (layer.type !== 'ssl' && layer.type !== 'certauth') return [];
  const out: Diag[] = [];
  for (const [kind, path] of Object.entries(filesOf(layer.opts)) as [keyof typeof WHAT, string | undefined][]) {
    if (path === undefined) continue;
    try {
      accessSync(path, constants.R_OK);
    } catch (err) {
      out.push(unreadable(layer.type, WHAT[kind], path, err, pos));
    }
  }
  if (out.length > 0 || layer.type !== 'ssl') return out;
  const log: Log = {
    log: (level, text) => {
      if (level === 'warning') out.push({ code: 'bad-value', severity: 'warning', pos, text });
    },
  };
  const made = credentials(layer.opts, server, systemClock.now(), log);
  if (made instanceof GensioError) out.push({ code: 'bad-value', severity: 'error', pos, text: `ssl: ${made.detail ?? made.message}` });
  return out;
}

function unreadable(type: string, what: string, path: string, err: unknown, pos: Pos): Diag {
  const { code } = err as NodeJS.ErrnoException;
  if (code === 'EACCES')
    return { code: 'no-access', severity: 'warning', pos, text: `${type}: this user has no read access to the ${what} file ${path}` };
  const hint = what === 'CA' ? undefined : "'ser2net gencert' creates a key and a certificate";
  return {
    code: 'not-found',
    severity: 'error',
    pos,
    text: `${type}: cannot read the ${what} file ${path}: ${strerror(err)}`,
    ...(hint !== undefined && { hint }),
  };
}
