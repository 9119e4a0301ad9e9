// Replaces files as wholes: nobody ever sees half of one, and none ever has more rights than it is to have.
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { pid } from 'node:process';

export interface AtomicFile {
  readonly path: string;
  readonly content: string;
  readonly mode: number;
  /** Who gets it, which only root may give away. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const beside = (path: string): string => `${path}.new-${pid}`;

/** Writes all beside their targets, and puts them in their places when all could be written. Throws what the system says. */
export function writeFilesAtomically(...files: readonly AtomicFile[]): void {
  try {
    for (const file of files) write(file);
    for (const { path } of files) renameSync(beside(path), path);
  } catch (err) {
    for (const { path } of files) rmSync(beside(path), { force: true });
    throw err;
  }
}

function write({ path, content, mode, owner }: AtomicFile): void {
  rmSync(beside(path), { force: true });
  const fd = openSync(beside(path), 'wx', 0o600);
  try {
    writeFileSync(fd, content);
    if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
