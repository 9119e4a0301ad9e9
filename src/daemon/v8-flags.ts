// Settings of V8 for a daemon: options of node on the command line of its process, wherever this program writes that line (background.ts,
// the Debian package, the container). A daemon that is started by hand in the foreground goes without.

/** Only for the V8 they were tried with, that of Node 20: node refuses to start with an option it does not know. */
export const V8_FLAGS: readonly string[] = [
  // What lives shortly is little. Else the young generation grows to three times 16 MB with many ports, and stays there.
  '--semi-space-growth-factor=1',
  // Twice what V8 waits for before it optimizes, and small functions do not come sooner: what moves bytes is optimized within the
  // first second of load, and nothing of a start, which never runs again.
  '--interrupt-budget=270000',
  '--max-bytecode-size-for-early-opt=0',
];

/** The settings, for a version of V8 such as that of process.versions; none if they were not tried with it. */
export const v8Flags = (version: string): readonly string[] => (/^11\./.test(version) ? V8_FLAGS : []);
