// Replaces a file as a whole: nobody ever sees half of it, and it never has more rights than it is to have.
import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes beside the target, then puts that in its place. owner: who gets it, which only root may give away. Throws what the system says. */
export function placeFile(path: string, content: string, mode: number, owner?: { readonly uid: number; readonly gid: number }): void {
  const temporary = `${path}.new-${process.pid}`;
  rmSync(temporary, { force: true });
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(fd, content);
    if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode);
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, path);
  } catch (err) {
    rmSync(temporary, { force: true });
    throw err;
  }
}
