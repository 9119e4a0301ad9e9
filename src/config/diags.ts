// The problems of one reading, as many as anybody wants to read.
import type { Diag } from '../base/diag.ts';

/** More problems than this are not listed. */
const MAX_DIAGS = 1000;

/** Problems in the order they are found; the last one says that there are more. */
export class Diags {
  /** At most one more than MAX_DIAGS. */
  readonly list: Diag[] = [];
  /** ser2net 4.3.11 would look no further here, and says nothing of what is added. */
  readingOn = false;
  /** No more are listed. */
  get full(): boolean {
    return this.list.length > MAX_DIAGS;
  }
  /** Adds a problem, unless the list is full. */
  add(diag: Diag): void {
    if (this.list.length < MAX_DIAGS) this.list.push(this.readingOn ? furtherOf(diag) : diag);
    else if (this.list.length === MAX_DIAGS) {
      const { pos } = diag;
      this.list.push({ code: 'limit', severity: 'warning', pos, text: 'there are more problems, which are not listed' });
    }
  }
}

/** The problem as one that ser2net 4.3.11 does not come to. */
export const furtherOf = ({ classic: _, placed: __, ...diag }: Diag): Diag => ({ ...diag, further: true });
