// The two ends of a stack that the builder makes, for tests against other programs: one that listens, and one that calls until
// somebody answers.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { GensioError } from '../../src/base/gensio-error.ts';
import type { Accepter, Gensio } from '../../src/gensio/gensio.ts';
import { Builder } from '../../src/gensio/registry.ts';
import type { LayerSpec } from '../../src/options/stack.ts';
import { opened } from '../compliance/recording-up.ts';
import { type TestEnv, testEnv } from './gensio-env.ts';

export interface Listening {
  readonly port: number;
  readonly accepted: readonly Gensio[];
  readonly failed: readonly GensioError[];
  readonly env: TestEnv;
}

/** What an accepter under test does. */
export interface Accepting {
  readonly accepter: Accepter;
  /** Why it does not listen. */
  readonly err: GensioError | undefined;
  readonly accepted: Gensio[];
  readonly failed: GensioError[];
}

/** Lets an accepter listen; it and what it accepted go with the test. */
export async function accepting(t: TestContext, accepter: Accepter): Promise<Accepting> {
  const accepted: Gensio[] = [];
  const failed: GensioError[] = [];
  accepter.up = { accepted: (g) => void accepted.push(g), failed: (err) => void failed.push(err) };
  const err = await new Promise<GensioError | undefined>((resolve) => accepter.listen(resolve));
  t.after(() => {
    for (const g of accepted) g.abort();
    return new Promise<void>((resolve) => accepter.close(resolve));
  });
  return { accepter, err, accepted, failed };
}

/** An accepter of a stack, which listens. */
export async function listening(t: TestContext, spec: LayerSpec, env = testEnv()): Promise<Listening> {
  const { accepter, err, accepted, failed } = await accepting(t, new Builder(env).accepter(spec));
  assert.equal(err, undefined);
  return { port: accepter.port()!, accepted, failed, env };
}

/** An open connector. The other end may not listen yet; said is what it says, for the failure. */
export async function calling(spec: LayerSpec, said: () => string): Promise<Gensio> {
  let err: GensioError | undefined;
  for (let i = 0; i < 200; i++) {
    const gensio = new Builder(testEnv()).connector(spec);
    err = await opened(gensio);
    if (err === undefined) return gensio;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail(`${err?.message} ${said()}`);
}
