// Replaces whole files: no reader ever sees half of one, and none ever has more permissions than it is to have.
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { pid } from 'node:process';

/** One file to write. */
interface AtomicFile {
  /** Where it goes; the directory must exist. */
  readonly path: string;
  /** All of it; text is written as UTF-8. */
  readonly content: string | Buffer;
  /** Permission bits. Default: those of the file it replaces, or 0644. */
  readonly mode?: number;
  /** The owner, which only root can change. Default: the current user. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const beside = (path: string): string => `${path}.new-${pid}`;

/**
 * Writes all files beside their targets, and moves them there once all could be written. What is no regular file, such as a pipe, is
 * written to directly. @throws the error of the system call that failed; nothing has been replaced then
 */
export function writeFilesAtomically(...files: readonly AtomicFile[]): void {
  const replaced = files.filter((file) => {
    const before = statSync(file.path, { throwIfNoEntry: false });
    return before === undefined || before.isFile();
  });
  try {
    for (const file of replaced) write(file);
    for (const { path } of replaced) renameSync(beside(path), path);
  } catch (err) {
    for (const { path } of replaced) rmSync(beside(path), { force: true });
    throw err;
  }
  for (const { path, content } of files.filter((file) => !replaced.includes(file))) writeFileSync(path, content);
}

function write({ path, content, mode, owner }: AtomicFile): void {
  rmSync(beside(path), { force: true });
  const fd = openSync(beside(path), 'wx', 0o600);
  try {
    writeFileSync(fd, content);
    if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode ?? (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o7777);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
