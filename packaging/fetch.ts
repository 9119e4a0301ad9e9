// Packages of the npm registry that are not for the machine the build runs on, so that `npm ci` does not install them: fetched with
// npm, checked against a checksum of the repository, and unpacked once into a cache.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pinned } from './machines.ts';

/**
 * The folder of the unpacked package below `cache`.
 * @throws Error when npm cannot get it, or when it is not what the checksum says.
 */
export function fetchPackage({ name, version, integrity }: Pinned, cache: string): string {
  const folder = join(cache, `${name.replace('/', '+')}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    try {
      execFileSync('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', work], {
        cwd: work,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    } catch (err) {
      throw new Error(
        `npm cannot fetch ${name}@${version}: ${
          String((err as { stderr?: Buffer }).stderr ?? err)
            .trim()
            .split('\n')[0]
        }`,
      );
    }
    const archive = join(work, readdirSync(work).find((file) => file.endsWith('.tgz'))!);
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${name}@${version} is not what the checksum says: ${found}`);
    execFileSync('tar', ['-xzf', archive, '-C', work, '--no-same-owner']);
    renameSync(join(work, 'package'), folder);
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
