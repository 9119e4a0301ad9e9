// Calls on the files of recordings, whose disks may hang: few at once, and for one folder one after the other. Node.js has four threads for
// such calls, and what else needs them, opening a device among it, is not to wait for a disk.
import { FairQueue } from '../base/fair-queue.ts';

const FOLDERS = new FairQueue({ atOnce: 2, atOncePerSource: 1, waitingPerSource: 10_000, waiting: 20_000 });

/** Does work on a folder when it is its turn. Work must not wait for a turn itself. @throws Error if too much waits already */
export function inTurn<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return new Promise((done, failed) => {
    const queued = FOLDERS.run(folder, (finished) => void work().then(done, failed).finally(finished));
    if (queued === undefined) failed(new Error('too many files are at work'));
  });
}
