// Users and groups of this machine, as /etc/passwd and /etc/group list them. Other databases (LDAP, sssd) are not asked.
import { GensioError } from './gensio-error.ts';
import { readSmallFile } from './safe-file.ts';

/** Largest passwd or group read, bytes. */
const MAX_BYTES = 1 << 24;

/** One user. */
interface UserEntry {
  /** The login name. */
  readonly name: string;
  /** The user's number. */
  readonly uid: number;
  /** The home directory. */
  readonly home: string;
}
/** One group. */
interface GroupEntry {
  /** The name of the group. */
  readonly name: string;
  /** The group's number. */
  readonly gid: number;
  /** Names of the users listed in it. */
  readonly members: readonly string[];
}

/** The first line with this name (a string) or id (a number), as fields; `undefined` if there is none, or no such file. */
function lineOf(file: string, key: string | number): string[] | undefined {
  let text: string;
  try {
    text = readSmallFile(file, { links: true, maxBytes: MAX_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
  const at = typeof key === 'string' ? 0 : 2;
  for (const line of text.split('\n')) {
    const fields = line.split(':');
    if (fields.length > 2 && fields[at] === String(key)) return fields;
  }
  return undefined;
}
const isId = (name: string): boolean => /^[0-9]+$/.test(name);

/** The user of a name or id; `undefined` if there is none. */
export function findUser(key: string | number): UserEntry | undefined {
  const line = lineOf('/etc/passwd', key);
  return line && { name: line[0]!, uid: Number(line[2]), home: line[5] ?? '' };
}
/** The group of a name or id; `undefined` if there is none. */
export function findGroup(key: string | number): GroupEntry | undefined {
  const line = lineOf('/etc/group', key);
  return line && { name: line[0]!, gid: Number(line[2]), members: (line[3] ?? '').split(',') };
}
/** The id of a user; a number is itself. @throws GensioError notfound */
export function userId(name: string): number {
  const id = isId(name) ? Number(name) : findUser(name)?.uid;
  if (id === undefined) throw new GensioError('notfound', `no user '${name}'`);
  return id;
}
/** The id of a group; a number is itself. @throws GensioError notfound */
export function groupId(name: string): number {
  const id = isId(name) ? Number(name) : findGroup(name)?.gid;
  if (id === undefined) throw new GensioError('notfound', `no group '${name}'`);
  return id;
}
