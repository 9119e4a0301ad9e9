// The reference's own tool for talking through a stack, where it is installed.
import { missing, type Program, program } from './program.ts';

export const noGensiot = missing('gensiot');

/** Runs gensiot with its standard input and output on one side. It is killed when the test ends. */
export const gensiot = (t: { after(f: () => void): void }, ...args: string[]): Program =>
  program(t, 'gensiot', '-i', 'stdio(self)', ...args);
