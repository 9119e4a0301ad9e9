// What layers need from outside, for tests: real time, a log that is kept, and a parser where one is wanted.
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { Authority, GensioEnv } from '../../src/gensio/context.ts';

export interface TestEnv extends GensioEnv {
  /** `level text`, one for each line. */
  readonly lines: string[];
}

export function testEnv(over: { clock?: Clock; auth?: Authority; parse?: NonNullable<GensioEnv['parse']> } = {}): TestEnv {
  const lines: string[] = [];
  return {
    clock: over.clock ?? systemClock,
    log: { log: (level, text) => void lines.push(`${level} ${text}`) },
    lockDir: undefined,
    ...(over.parse !== undefined && { parse: over.parse }),
    ...(over.auth !== undefined && { auth: over.auth }),
    lines,
  };
}
