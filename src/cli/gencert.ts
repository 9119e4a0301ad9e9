// `ser2net gencert`: writes a key and a self-signed certificate where the configuration looks for them, with the right modes.
import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { writeFilesAtomically } from '../base/atomic-write.ts';
import { systemClock } from '../base/clock.ts';
import { strerror } from '../base/strerror.ts';
import { type CertificateRequest, type CertificateUse, checkRequest, generateCertificate } from './certificate.ts';

/** The parsed options of the sub-command. */
interface GencertOptions {
  /** Default server. */
  readonly use?: CertificateUse;
  /** Where they go; the defaults are the files ser2net uses by default, or `<cn>.key` and `<cn>.crt` for a client. */
  readonly key?: string;
  readonly cert?: string;
  /** Common name. Default: the host's name for a server; a client must give its user name. */
  readonly commonName?: string;
  /** Further host names and addresses. */
  readonly names?: readonly string[];
  /** Default 3650. */
  readonly days?: number;
  readonly keyType?: NonNullable<CertificateRequest['keyType']>;
  /** Replace what is there. */
  readonly force?: boolean;
}

/** Runs the sub-command; say and complain get one line each. The exit code: 0 done, 1 could not, 2 wrong options. */
export function gencert(
  options: GencertOptions,
  say: (line: string) => void,
  complain: (line: string) => void,
  now = systemClock.wall(),
): number {
  const use = options.use ?? 'server';
  const commonName = options.commonName ?? (use === 'server' ? hostname().slice(0, 64) : undefined);
  if (commonName === undefined) {
    complain('gencert: a client certificate needs --cn, the name of its user');
    return 2;
  }
  const names = [...(use === 'server' ? [commonName, 'localhost', '127.0.0.1', '::1'] : []), ...(options.names ?? [])];
  const request: CertificateRequest = {
    use,
    commonName,
    names: [...new Set(names)],
    now,
    days: options.days ?? 3650,
    ...(options.keyType !== undefined && { keyType: options.keyType }),
  };
  const problem = checkRequest(request);
  if (problem !== undefined) {
    complain(`gencert: ${problem}`);
    return 2;
  }
  const keyPath = options.key ?? (use === 'server' ? '/etc/ser2net/ser2net.key' : `${commonName}.key`);
  const certPath = options.cert ?? (use === 'server' ? '/etc/ser2net/ser2net.crt' : `${commonName}.crt`);
  if (keyPath === certPath) {
    complain('gencert: key and certificate need different files');
    return 2;
  }
  const there = [keyPath, certPath].find((path) => existsSync(path));
  if (there !== undefined && options.force !== true) {
    complain(`gencert: ${there} already exists (--force overwrites it)`);
    return 1;
  }
  const made = generateCertificate(request);
  try {
    for (const path of [keyPath, certPath]) mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFilesAtomically({ path: keyPath, content: made.key, mode: 0o600 }, { path: certPath, content: made.cert, mode: 0o644 });
  } catch (err) {
    const { path = keyPath } = err as NodeJS.ErrnoException;
    complain(`gencert: cannot write ${path}: ${strerror(err)}`);
    return 1;
  }
  say(`key ${keyPath}`);
  say(`certificate ${certPath}`);
  say(`sha256:${made.fingerprint}`);
  return 0;
}
