// The file of -P. Written anew at each start, removed at an orderly end if it is still ours.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { strerror } from '../base/strerror.ts';
import { MESSAGES } from './messages.ts';

export class PidFile {
  readonly #path: string;
  readonly #content: string;
  #written = false;
  constructor(path: string, pid: number) {
    this.#path = path;
    this.#content = `${pid}\n`;
  }

  /** Replaces what is there; a new one is for nobody else to write, whatever the umask: others send signals by it. The text of the warning when it cannot be: the daemon runs on, ser2net 4.3.11. */
  write(): string | undefined {
    try {
      writeFileSync(this.#path, this.#content, { mode: 0o644 });
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
      if (readFileSync(this.#path, 'latin1') === this.#content) rmSync(this.#path);
    } catch {
      // Gone already, or its directory may not be written: nothing to do about it at the end.
    }
  }
}
