// Who has a device, or listens on an address: for the daemon's log. Looks through /proc a process at a time, so that nothing waits for it.
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { portNumber } from '../gensio/net/resolve.ts';
import type { LayerSpec } from '../options/stack.ts';
import { finalName, type HostPaths, readText } from './host.ts';
import { readListening } from './listening.ts';

/** Descriptors of one process that are looked at; more are a process with thousands of clients. */
const MAX_DESCRIPTORS = 4096;
/** At least so long, in ms, until the next look: it costs some time, and many ports may fail at once. */
const REST_MS = 1000;

/** Finds out in words who has what a layer wants, such as `picocom (process 12)`; `undefined` if nobody this user may see has. */
export function whoHas(host: HostPaths, now: () => number): (bottom: LayerSpec) => Promise<string | undefined> {
  let last = Number.NEGATIVE_INFINITY;
  return async (bottom) => {
    if (now() - last < REST_MS) return undefined;
    last = now();
    const wanted = targetsOf(host, bottom);
    if (wanted.size === 0) return undefined;
    for (const pid of await names(host.proc)) {
      if (!/^[0-9]+$/.test(pid) || !(await holds(join(host.proc, pid, 'fd'), wanted))) continue;
      const name = readText(join(host.proc, pid, 'comm')) ?? '';
      return name === '' ? `process ${pid}` : `${name} (process ${pid})`;
    }
    return undefined;
  };
}

const names = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);

async function holds(dir: string, wanted: ReadonlySet<string>): Promise<boolean> {
  const found = await Promise.all(
    (await names(dir)).slice(0, MAX_DESCRIPTORS).map((fd) =>
      readlink(join(dir, fd)).then(
        (to) => wanted.has(to),
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** What the links of /proc/PID/fd say of one who has it. */
function targetsOf(host: HostPaths, bottom: LayerSpec): ReadonlySet<string> {
  if ('device' in bottom) return new Set([finalName(host, bottom.device) ?? bottom.device]);
  const inodes = (): readonly string[] => {
    const listening = readListening(join(host.proc, 'net'));
    if (bottom.type === 'tcp' || bottom.type === 'udp') {
      return bottom.addrs.flatMap(({ port }) => listening[bottom.type].get(portNumber(port) ?? 0) ?? []);
    }
    return 'path' in bottom && bottom.type !== 'dev' ? (listening.unix.get(bottom.path) ?? []) : [];
  };
  return new Set(bottom.type === 'dev' ? [bottom.path] : inodes().map((inode) => `socket:[${inode}]`));
}
