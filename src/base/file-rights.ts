// The mode and owner that options give a file: a socket, a pseudo-terminal, an output file.
import { chmodSync, chownSync } from 'node:fs';
import { groupId, userId } from './accounts.ts';
import { fromSystemError } from './gensio-error.ts';

/** What options ask for; `undefined`: not given. */
interface FileRights {
  /** Permission bits for the owner, the group and the others, 0 to 7. */
  readonly umode: number | undefined;
  /** Permission bits for the group, 0 to 7. */
  readonly gmode: number | undefined;
  /** Permission bits for the others, 0 to 7. */
  readonly omode: number | undefined;
  /** All of them as one number; it stands before the three others. */
  readonly perm: number | undefined;
  /** A user's and a group's name or number. */
  readonly owner: string | undefined;
  /** A group's name or number. */
  readonly group: string | undefined;
}
const UNCHANGED = 0xffffffff;

/**
 * The mode the options ask for; `undefined` if none of them was given. Parts not given are open to reading and writing once one is, as
 * gensio does; the umask plays no part.
 */
export function modeOf({ perm, umode, gmode, omode }: Omit<FileRights, 'owner' | 'group'>): number | undefined {
  if (perm !== undefined) return perm;
  if (umode === undefined && gmode === undefined && omode === undefined) return undefined;
  return ((umode ?? 6) << 6) | ((gmode ?? 6) << 3) | (omode ?? 6);
}

/** Gives a file the mode and the owner asked for. @throws GensioError what the system says, or notfound: no such user or group */
export function applyRights(path: string, rights: FileRights): void {
  const mode = modeOf(rights);
  try {
    const uid = rights.owner === undefined ? UNCHANGED : userId(rights.owner);
    const gid = rights.group === undefined ? UNCHANGED : groupId(rights.group);
    if (mode !== undefined) chmodSync(path, mode);
    if (uid !== UNCHANGED || gid !== UNCHANGED) chownSync(path, uid, gid);
  } catch (err) {
    throw fromSystemError(err);
  }
}
