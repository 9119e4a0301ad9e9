// The file of -P. Written again at each start, removed at an orderly end if it is still ours.
import { rmSync } from 'node:fs';
import { readSmallFile, writeSmallFile } from '../base/safe-file.ts';
import { strerror } from '../base/strerror.ts';
import { MESSAGES } from './messages.ts';

/** A file with the number of this process. */
export class PidFile {
  readonly #path: string;
  readonly #content: string;
  #written = false;
  constructor(path: string, pid: number) {
    this.#path = path;
    this.#content = `${pid}\n`;
  }

  /**
   * Replaces what a regular file of that name holds; a new one is for nobody else to write, whatever the umask: others send signals
   * by it. Gives the text of the warning if it cannot be written, also because it is a link or a pipe; `undefined` if it was. The
   * daemon runs on in any case, as ser2net 4.3.11 does.
   */
  write(): string | undefined {
    try {
      writeSmallFile(this.#path, 'replace', this.#content, { mode: 0o644 });
    } catch (err) {
      return MESSAGES.pidFile(this.#path, strerror(err));
    }
    this.#written = true;
    return undefined;
  }

  /** Leaves a file alone that another instance has written since. */
  remove(): void {
    if (!this.#written) return;
    this.#written = false;
    try {
      if (readSmallFile(this.#path, { maxBytes: this.#content.length }).toString('latin1') === this.#content) rmSync(this.#path);
    } catch {
      // Gone already, or its directory may not be written: nothing to do about it at the end.
    }
  }
}
