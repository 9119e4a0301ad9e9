// Settings of V8 for a daemon: options of node on the command line of its process, wherever this program writes that line (background.ts,
// the Debian package, the container). A daemon that is started by hand in the foreground goes without.

/** For every Node.js from 20 on. */
const SMALL: readonly string[] = [
  // In MB. What lives shortly is little; else the young generation grows to three times 16 MB with many ports, and stays there:
  // with 1024 ports in use 98 MB became 82 on Node.js 20, and 116 became 100 on 24.
  '--max-semi-space-size=1',
];
/** Only for the V8 they were tried with, that of Node.js 20: node refuses to start with an option it does not know. */
const LATE: readonly string[] = [
  // Twice what V8 waits for before it optimizes, and small functions do not come sooner: what moves bytes is optimized within the
  // first second of load, and nothing of a start, which never runs again.
  '--interrupt-budget=270000',
  '--max-bytecode-size-for-early-opt=0',
];

/** The settings for a version of Node.js such as that of process.versions; `undefined`: one that is not known. */
export const v8Flags = (node: string | undefined): readonly string[] => (node?.startsWith('20.') ? [...SMALL, ...LATE] : SMALL);
