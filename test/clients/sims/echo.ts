// A device that gives back every byte.
import type { Line } from '../line.ts';

export function echo(line: Line): void {
  line.onData = (data) => line.send(data);
}
