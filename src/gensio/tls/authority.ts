// Who may use a port: the users of an authdir, their certificates and passwords, and the list of allowed users.
import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { findUser } from '../../base/accounts.ts';
import { bind, onImmediate } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import { strerror } from '../../base/strerror.ts';
import type { Authority, AuthoritySettings } from '../context.ts';
import { parseCertificates, readHashedDirectory } from './certificates.ts';
import { type AskPam, askPam, type PamAnswer } from './pam.ts';

const MAX_LINE = 4096;
/** PAM takes no longer ones. */
const MAX_PAM_PASSWORD = 511;

/** Whether a name can be that of a directory below authdir and of nothing else. */
export const isUserName = (user: string): boolean =>
  user.length > 0 && Buffer.byteLength(user) <= 255 && user !== '.' && user !== '..' && !/[/\\\0-\x1f\x7f]/.test(user);

const COST = { ln: 15, r: 8, p: 1 } as const;
const MAX_MEMORY = 256 * 1024 * 1024;
const unpadded = (data: Buffer): string => data.toString('base64').replace(/=+$/, '');

/** The line of a password file that stands for a password: `$scrypt$ln=15,r=8,p=1$salt$hash`. Takes a tenth of a second. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16);
  const { ln, r, p } = COST;
  const hash = scryptSync(password, salt, 32, { N: 2 ** ln, r, p, maxmem: MAX_MEMORY });
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** Equal or not, in a time that tells nothing about where they differ or how long they are. */
function same(a: Buffer, b: Buffer): boolean {
  const key = randomBytes(32);
  const digest = (data: Buffer): Buffer => createHmac('sha256', key).update(data).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Compares a password with the line of a file, plain or hashed. A hash that cannot be understood fits nothing. */
export function checkPassword(line: string, password: Buffer, done: (fits: boolean) => void): void {
  if (!line.startsWith('$scrypt$')) {
    const fits = same(Buffer.from(line, 'latin1'), password);
    onImmediate(() => done(fits));
    return;
  }
  const m = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,})=*\$([A-Za-z0-9+/]{22,})=*$/.exec(line);
  const [ln, r, p] = [Number(m?.[1]), Number(m?.[2]), Number(m?.[3])];
  const hash = Buffer.from(m?.[5] ?? '', 'base64');
  try {
    if (m === null || ln < 1 || r < 1 || p < 1 || hash.length < 16) throw new RangeError('not a hash');
    scrypt(
      password,
      Buffer.from(m[4]!, 'base64'),
      hash.length,
      { N: 2 ** ln, r, p, maxmem: MAX_MEMORY },
      bind((err, key) => {
        done(err === null && timingSafeEqual(key, hash));
      }),
    );
  } catch {
    onImmediate(() => done(false));
  }
}

function firstLine(path: string): string {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_LINE);
    const n = readSync(fd, buffer, 0, MAX_LINE, 0);
    return buffer.toString('latin1', 0, n).split(/\r?\n/, 1)[0]!;
  } finally {
    closeSync(fd);
  }
}

/** `~user/.gtlssh/allowed_certs`, or nothing when passwd does not have the user. */
function homeCertificates(user: string): string | undefined {
  const home = findUser(user)?.home;
  return home?.startsWith('/') ? join(home, '.gtlssh', 'allowed_certs') : undefined;
}

/** Words for the log; a refusal is always the same for the one who asked. */
function tellPam({ step, code, text }: PamAnswer, user: string, log: Log): boolean {
  const name = printable(user);
  if (code === 0) log.log('info', `Accepted password for ${name}`);
  else if (step === 'expired') log.log('err', `user ${name} password expired`);
  else if (step === 'account') log.log('err', `pam_acct_mgmt failed for ${name}: ${text}`);
  else if (step === 'load') log.log('err', `PAM authentication failed: pamauth needs libpam and koffi: ${printable(text)}`);
  else log.log('err', `PAM authentication failed: ${printable(text)}`);
  return code === 0;
}

/**
 * The authority of one port: `<authdir>/<user>/password`, `<authdir>/<user>/allowed_certs/`. With pamauth PAM has the say about
 * passwords, and certificates in `~user/.gtlssh/allowed_certs/` count, too.
 */
export function directoryAuthority({ authdir, allowedUsers, pamauth }: AuthoritySettings, log: Log, ask: AskPam = askPam): Authority {
  const service = pamauth === '' ? undefined : pamauth;
  const foldersOf = (user: string): string[] => {
    const home = service === undefined ? undefined : homeCertificates(user);
    return [join(authdir, user, 'allowed_certs'), ...(home === undefined ? [] : [home])];
  };
  return {
    userAllowed(user) {
      if (allowedUsers === undefined || allowedUsers.includes(user)) return true;
      log.log('err', `Username not allowed for this connection: ${printable(user)}`);
      return false;
    },
    certificates: (user) => (isUserName(user) ? foldersOf(user).flatMap((folder) => parseCertificates(readHashedDirectory(folder))) : []),
    password(user, password, done) {
      const rejected = new GensioError('authreject');
      if (service !== undefined) {
        if (!isUserName(user) || password.length > MAX_PAM_PASSWORD) return onImmediate(() => done(rejected));
        return ask({ service, user, password: password.toString('latin1') }, (answer) => {
          if (tellPam(answer, user, log)) return done();
          log.log('err', 'Error from application at password: Authentication tokens rejected');
          done(rejected);
        });
      }
      const path = join(authdir, isUserName(user) ? user : '-', 'password');
      let line = '';
      try {
        if (!isUserName(user)) throw Object.assign(new Error('not a user name'), { code: 'ENOENT' });
        line = firstLine(path);
      } catch (err) {
        log.log('err', `Can't open password file ${path}: ${strerror(err)}`);
        log.log('err', 'Error from application at password: Authentication tokens rejected');
      }
      // An empty line lets nobody in; a missing file takes as long as a wrong password in a plain file.
      checkPassword(line, password, (fits) => done(fits && line !== '' ? undefined : rejected));
    },
  };
}

/** A name as a log may show it. */
export const printable = (name: string): string => name.slice(0, 255).replace(/[\0-\x1f\x7f]/g, '?');
