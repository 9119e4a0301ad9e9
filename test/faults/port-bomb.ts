// Loaded into a daemon ahead of it: the next call of the method whose name stands in the file BOMB fails, once.
import { readFileSync, rmSync } from 'node:fs';
import { RemoteAddresses } from '../../src/port/admission.ts';
import { FanOut } from '../../src/port/fan-out.ts';
import { Port } from '../../src/port/port.ts';

const file = process.env.BOMB ?? '';
const strikes = (name: string): boolean => {
  try {
    if (readFileSync(file, 'latin1') !== name) return false;
  } catch {
    return false;
  }
  rmSync(file);
  return true;
};

type Method = (this: unknown, ...args: unknown[]) => unknown;
function arm(prototype: object, ...names: readonly string[]): void {
  const methods = prototype as Record<string, Method>;
  for (const name of names) {
    const real = methods[name]!;
    methods[name] = function (...args) {
      if (strikes(name)) throw new Error(`injected failure at ${name}`);
      return real.apply(this, args);
    };
  }
}
arm(
  Port.prototype,
  'accepted',
  'deviceOpened',
  'fromUser',
  'fromDevice',
  'userEvent',
  'userClosed',
  'deviceClosed',
  'couldTake',
  'changeTimeout',
);
arm(RemoteAddresses.prototype, 'allows');
arm(FanOut.prototype, 'flush');
