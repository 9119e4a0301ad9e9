// What V8 is told about memory, at run time because the command cannot choose its own flags; and not before the program is loaded, as
// its cache is only taken under the flags it was made with. Only for the V8 it was tried with (Node 20): an unknown flag is
// complained about on stderr.
import { setFlagsFromString } from 'node:v8';

const TRIED = /^11\./;
const tell = (flag: string): void => {
  if (TRIED.test(process.versions.v8)) setFlagsFromString(flag);
};

/** While the configuration is read and the ports are opened. */
export function forStart(): void {
  // What lives shortly here is little. Else the young generation grows to three times 16 MB with many ports, and stays there.
  tell('--semi-space-growth-factor=1');
  // Nothing of a start runs again: the optimizing compiler would cost more than it gains, and 4 MB.
  tell('--no-opt');
}

/** From when it serves: what moves bytes is optimized within the first half second of load, what accepts some hundred clients is not. */
export function forService(): void {
  tell('--opt');
  // Twice what V8 waits for, and small functions do not come sooner.
  tell('--interrupt-budget=270000');
  tell('--max-bytecode-size-for-early-opt=0');
}
