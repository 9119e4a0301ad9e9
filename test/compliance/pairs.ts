// The suite of gensio.ts for a layer whose two ends are both ours: what one says, the other hears.
import type { TestContext } from 'node:test';
import type { Gensio } from '../../src/gensio/gensio.ts';
import { compliance, type Setup } from './gensio.ts';
import { farGensio } from './recording-up.ts';

/** pair: an accepted connection `a` and the connector `c`, both open. The rest is about the connector. */
export function pairCompliance(
  name: string,
  pair: (t: TestContext) => Promise<{ readonly a: Gensio; readonly c: Gensio }>,
  { without, ...connector }: Omit<Setup, 'make'>,
): void {
  const both = without === undefined ? {} : { without };
  compliance(`${name} accepted`, {
    ...both,
    async make(t) {
      const { a, c } = await pair(t);
      return { gensio: a, far: farGensio(c) };
    },
  });
  compliance(`${name} connector`, {
    ...both,
    ...connector,
    async make(t) {
      const { a, c } = await pair(t);
      return { gensio: c, far: farGensio(a) };
    },
  });
}
