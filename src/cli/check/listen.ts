// `ser2net check --listen`: whether the addresses a configuration listens on can be had. Each is listened on for a moment and let go.
import { statSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import type { Diag } from '../../base/diag.ts';
import { fromSystemError, type GensioError } from '../../base/gensio-error.ts';
import { noLog } from '../../base/log.ts';
import { type Listener, listenersOf } from '../../config/check.ts';
import type { ConfigWithOrigins } from '../../config/model.ts';
import { portNumber } from '../../gensio/net/resolve.ts';
import { bottomOf } from '../../gensio/syntax/stack.ts';
import type { LayerSpec, NetAddr } from '../../options/stack.ts';
import { readListening } from '../../system/listening.ts';
import { describeHolder, type Holder, type OpenFiles } from '../../system/open-files.ts';

/** What the check of addresses looks at. */
interface ListenCheck {
  /** Finds the processes that listen on them. */
  readonly holders: OpenFiles;
  /** The directory of the kernel's socket tables. */
  readonly net: string;
  /** The file that is checked: a daemon that serves it may have its addresses. Default: that of the service. */
  readonly file: string | undefined;
}

/** Problems of all addresses a configuration listens on, in the order the daemon opens them. */
export async function listenProblems(reading: ConfigWithOrigins, check: ListenCheck): Promise<Diag[]> {
  const out: Diag[] = [];
  for (const listener of listenersOf(reading)) {
    const bottom = bottomOf(listener.accepter.spec);
    if (bottom === undefined) continue;
    const problem = 'path' in bottom ? socketFileProblem(bottom, listener, check) : await addressProblem(bottom, listener, check);
    if (problem !== undefined) out.push(problem);
  }
  return out;
}

const busy = ({ pos }: Listener, text: string, hint?: string): Diag => ({
  code: 'port-busy',
  severity: 'error',
  pos,
  text,
  ...(hint !== undefined && { hint }),
});

async function addressProblem(bottom: LayerSpec, listener: Listener, check: ListenCheck): Promise<Diag | undefined> {
  if (bottom.type !== 'tcp' && bottom.type !== 'udp') return undefined;
  const err = await tryToListen(bottom);
  if (err === undefined) return undefined;
  const holders = bottom.addrs.flatMap((addr) => holdersOf(bottom.type as 'tcp' | 'udp', addr, check));
  if (holders.some(({ pid }) => check.holders.serves(pid, check.file))) return undefined;
  const { text } = listener.accepter;
  switch (err.code) {
    case 'addrinuse': {
      const by = holders[0] === undefined ? 'another program' : describeHolder(holders[0]);
      return busy(listener, `'${text}' of ${listener.what} is already in use by ${by}`);
    }
    case 'perm': {
      const low = bottom.addrs.some(({ port }) => (portNumber(port) ?? 1024) < 1024);
      return busy(
        listener,
        `this user cannot listen on '${text}' of ${listener.what}`,
        low ? 'ports below 1024 need root or CAP_NET_BIND_SERVICE' : undefined,
      );
    }
    default:
      return busy(listener, `cannot listen on '${text}' of ${listener.what}: ${err.detail ?? err.message}`);
  }
}

/** As the daemon does it, at the bottom of the stack, where the address is. */
async function tryToListen(bottom: LayerSpec): Promise<GensioError | undefined> {
  const { Builder } = await import('../../gensio/registry.ts');
  try {
    const accepter = new Builder({ clock: systemClock, log: noLog, lockDir: undefined }).accepter(bottom);
    accepter.up = { accepted: (gensio) => gensio.abort(), failed: () => undefined };
    return await new Promise((resolve) => {
      accepter.listen((err) => {
        if (err !== undefined) resolve(err);
        else accepter.close(() => resolve(undefined));
      });
    });
  } catch (err) {
    return fromSystemError(err);
  }
}

/** Who listens on a port, whatever the address: enough to say whom to look at. */
const holdersOf = (type: 'tcp' | 'udp', { port }: NetAddr, { holders, net }: ListenCheck): Holder[] =>
  (readListening(net)[type].get(portNumber(port) ?? 0) ?? []).flatMap((inode) => holders.findProcessesWithSocket(inode));

/** A socket file is only looked at: to listen there would make it, or take an old one away. */
function socketFileProblem(
  bottom: Extract<LayerSpec, { readonly path: string }>,
  listener: Listener,
  { holders, net, file }: ListenCheck,
): Diag | undefined {
  const { path } = bottom;
  const { delsock } = bottom.opts as { readonly delsock?: boolean };
  const inode = readListening(net).unix.get(path)?.[0];
  if (inode !== undefined) {
    const [holder] = holders.findProcessesWithSocket(inode);
    if (holder !== undefined && holders.serves(holder.pid, file)) return undefined;
    return busy(
      listener,
      `'${path}' of ${listener.what} is already in use by ${holder === undefined ? 'another program' : describeHolder(holder)}`,
    );
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && delsock !== true) {
    const hint = stat.isSocket() ? 'nothing listens on it: remove it, or use unix(delsock)' : undefined;
    return busy(listener, `'${path}' of ${listener.what} already exists`, hint);
  }
  const dir = path.slice(0, path.lastIndexOf('/')) || (path.startsWith('/') ? '/' : '.');
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) return busy(listener, `the directory of '${path}' does not exist`);
  return undefined;
}
