// The problems of one reading, as many as anybody wants to read.
import type { Diag } from '../base/diag.ts';

/** More problems than this are not listed. */
const MAX_DIAGS = 1000;

/** Problems in the order they are found; the last one says that there are more. */
export class Diags {
  readonly list: Diag[] = [];
  /** No more are listed. */
  get full(): boolean {
    return this.list.length > MAX_DIAGS;
  }
  add(diag: Diag): void {
    if (this.list.length < MAX_DIAGS) this.list.push(diag);
    else if (this.list.length === MAX_DIAGS) {
      const { pos } = diag;
      this.list.push({ code: 'limit', severity: 'warning', pos, text: 'there are more problems, which are not listed' });
    }
  }
}
