// Which code ran for the first time: what an input is kept for. Through the inspector of this very process.
import { type Profiler, Session } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.fresh();
  }
  /** How many stretches of the project's code ran since the last call that never had run before. */
  fresh(): number {
    let found = 0;
    this.#session.post('Profiler.takePreciseCoverage', (err, result: Profiler.TakePreciseCoverageReturnType) => {
      if (err !== null) throw err;
      for (const { url, functions } of result.result) {
        if (!url.includes('/src/')) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            if (count === 0) continue;
            // Rounded, so that running often counts as something new a few times.
            const key = `${url}:${startOffset}:${endOffset}:${Math.floor(Math.log2(count) / 3)}`;
            if (this.#seen.has(key)) continue;
            this.#seen.add(key);
            found++;
          }
        }
      }
    });
    return found;
  }
  get size(): number {
    return this.#seen.size;
  }
  stop(): void {
    this.#session.disconnect();
  }
}
