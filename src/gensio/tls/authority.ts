// Who may use a port: the users of an authdir, their certificates and passwords, and the list of allowed users.
import { createHmac, randomBytes, scrypt, scryptSync, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { findUser } from '../../base/accounts.ts';
import { FairQueue } from '../../base/fair-queue.ts';
import { bind, onImmediate } from '../../base/fault-domain.ts';
import { GensioError } from '../../base/gensio-error.ts';
import type { Log } from '../../base/log.ts';
import { readSmallFileLater } from '../../base/safe-file.ts';
import { strerror } from '../../base/strerror.ts';
import { printable } from '../../base/text.ts';
import type { Authority, AuthoritySettings, Cancel } from '../context.ts';
import { readUserCertificates } from './certificates.ts';
import { type AskPam, askPam, type PamAnswer } from './pam.ts';

/** Largest password file, bytes. Only its first line counts. */
const MAX_PASSWORD_FILE = 4096;
/**
 * Passwords under work in this process. Hashes are made on the threads that also open devices, four as a rule: half of them at most,
 * and nothing waits there for its turn.
 */
const passwords = new FairQueue({ atOnce: 2, atOncePerSource: 1, waitingPerSource: 16, waiting: 256 });
/** Directories of certificates under work. */
const directories = new FairQueue({ atOnce: 1, atOncePerSource: 1, waitingPerSource: 16, waiting: 256 });
/** PAM takes no longer ones. */
const MAX_PAM_PASSWORD = 511;

/** Whether a name can be that of a directory below authdir and of nothing else. */
export const isUserName = (user: string): boolean =>
  user.length > 0 && Buffer.byteLength(user) <= 255 && user !== '.' && user !== '..' && !/[/\\\0-\x1f\x7f]/.test(user);

const COST = { ln: 15, r: 8, p: 1 } as const;
const MAX_MEMORY = 256 * 1024 * 1024;
/** What a hash of a file may cost at most: sixteen times ours, about two seconds. */
const MAX_COST = 16 * 2 ** COST.ln * COST.r * COST.p;
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
    if (m === null || ln < 1 || r < 1 || p < 1 || 2 ** ln * r * p > MAX_COST || hash.length < 16) throw new RangeError('not a hash');
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
      if (allowedUsers === undefined || (user !== undefined && allowedUsers.includes(user))) return true;
      log.log('err', `Username not allowed for this connection: ${user === undefined ? '(none)' : printable(user)}`);
      return false;
    },
    certificates(user, source, done) {
      let wanted = true;
      const answer = bind((certs: readonly X509Certificate[]): void => {
        if (wanted) done(certs);
      });
      const read = (finished: () => void): void => {
        void readUserCertificates(foldersOf(user)).then(
          bind((certs) => {
            finished();
            answer(certs);
          }),
        );
      };
      const drop = isUserName(user) ? directories.run(source, read) : undefined;
      if (drop === undefined) onImmediate(() => answer([]));
      return () => {
        wanted = false;
        drop?.();
      };
    },
    password(user, password, source, done) {
      let wanted = true;
      const answer = (fits: boolean): void => {
        if (wanted) done(fits ? undefined : new GensioError('authreject'));
      };
      const drop = (service === undefined ? checkFile : checkPam)(user, password, source, answer);
      return () => {
        wanted = false;
        drop?.();
      };
    },
  };

  /** Compares with the password file. An empty line lets nobody in; a missing file takes as long as a wrong password in a plain file. */
  function checkFile(user: string, password: Buffer, source: string, done: (fits: boolean) => void): Cancel | undefined {
    const valid = isUserName(user);
    const path = join(authdir, valid ? user : '-', 'password');
    const drop = passwords.run(source, (finished) => {
      readSmallFileLater(path, { links: true, maxBytes: MAX_PASSWORD_FILE }, (err, content) => {
        if (err !== null || !valid) {
          log.log('err', `Can't open password file ${path}: ${err === null ? 'not a user name' : strerror(err)}`);
          log.log('err', 'Error from application at password: Authentication tokens rejected');
        }
        const line = valid ? (content?.toString('latin1').split(/\r?\n/, 1)[0] ?? '') : '';
        checkPassword(line, password, (fits) => {
          finished();
          done(fits && line !== '');
        });
      });
    });
    if (drop === undefined) {
      log.log('err', `Too many passwords from ${source} are waiting to be checked, refusing that of ${printable(user)}`);
      onImmediate(() => done(false));
    }
    return drop;
  }
  function checkPam(user: string, password: Buffer, source: string, done: (fits: boolean) => void): Cancel | undefined {
    if (!isUserName(user) || password.length > MAX_PAM_PASSWORD) {
      onImmediate(() => done(false));
      return undefined;
    }
    return ask({ service: service ?? '', user, password: password.toString('latin1') }, source, (answer) => {
      const fits = tellPam(answer, user, log);
      if (!fits) log.log('err', 'Error from application at password: Authentication tokens rejected');
      done(fits);
    });
  }
}
