// The packages under test, built from the compiled code that the test belongs to.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after } from 'node:test';
import type { Variant } from '../../packaging/contents.ts';
import { buildDeb, type DebOptions } from '../../packaging/deb.ts';
import { thisMachine } from '../../packaging/payload.ts';
import { readRuntime } from '../../packaging/runtime.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');
export const COMPILED = resolve(import.meta.dirname, '../../src');

/** What a package is built with here: quickly, so not compressed. */
export const debOptions = (variant: Variant, out: string): DebOptions => ({
  root: ROOT,
  compiled: COMPILED,
  variant,
  runtime: variant === 'standalone' ? readRuntime(process.execPath, thisMachine()) : undefined,
  compression: 'none',
  machine: thisMachine(),
  time: 1_700_000_000,
  out,
});

export const hasDpkg = spawnSync('dpkg-deb', ['--version'], { stdio: 'ignore' }).status === 0;

/** A folder that goes at the end. */
export function makeDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'package-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Builds the package into the folder; gives its path. */
export const build = (variant: Variant, out: string): string => buildDeb(debOptions(variant, out));
