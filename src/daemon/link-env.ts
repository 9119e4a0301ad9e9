// Where the records of device links are kept: the runtime directory systemd gives, /run/ser2net for root, else that of the user.
import { join } from 'node:path';
import type { LinkEnv } from '../attach/device-link.ts';

/** For this process. Without a directory of its own only links to ptys that are gone are replaced. */
export function linkEnv(): LinkEnv {
  const { RUNTIME_DIRECTORY: given, XDG_RUNTIME_DIR: user } = process.env;
  const mine = process.getuid?.() === 0 ? '/run/ser2net' : user === undefined || user === '' ? undefined : join(user, 'ser2net');
  const stateDir = given === undefined || given === '' ? mine : given.split(':')[0];
  return { stateDir, pid: process.pid };
}
