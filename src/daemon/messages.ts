// What the command says: ser2net 4.3.11's error texts, and the usage.

/** By what is wrong. */
export const MESSAGES = {
  invalidArgument: (word: string) => `Invalid argument: '${word}'`,
  invalidOption: (word: string) => `Invalid option: '${word}'`,
  noFile: 'No config file specified with -c',
  noAdmin: 'No control port specified with -p',
  noPidFile: 'No pid file specified with -P',
  noSignature: 'No signature specified',
  noThreads: 'No thread count specified',
  badThreads: (text: string) => `Invalid thread count specified: ${text}`,
  noLine: (flag: string) => `No config line specified with ${flag}`,
  noDirectory: (flag: string) => `No directory specified with ${flag}`,
  mixedLines: 'You cannot mix yaml and old config lines.',
  oldFormat: 'ser2net:WARNING: Using old config file format, this will go away\nsoon.  Please switch to the yaml-based format.',
  cannotOpen: (file: string, why: string) => `Unable to open config file '${file}': ${why}`,
  startup: 'ser2net startup',
  reload: { SIGHUP: 'Got SIGHUP, re-reading configuration', admin: 'Got admin request, re-reading configuration' },
  pidFile: (file: string, why: string) => `Error opening pidfile '${file}': ${why}, pidfile not created`,
} as const;

/** The version whose behaviour this program has; `-v` prints it, and programs such as labgrid decide by it. */
export const COMPATIBLE = '4.3.11';

/** The flags of ser2net, with what they do. */
export const FLAGS: readonly (readonly [flag: string, doc: string])[] = [
  ['-c <config file>', 'read this configuration; - is standard input (YAML).\nDefault: /etc/ser2net/ser2net.yaml, else /etc/ser2net.conf'],
  [
    '-C <config line>',
    'one line of a classic configuration; can be repeated.\nThen no default file is read, and -c must follow the last -C.\nIf it is a directory: look up ser2net.yaml and the keys there',
  ],
  ['-p <controller port>', 'open the control port on this port or accepter'],
  ['-P <file>', 'write the process id to this file'],
  ['-n', 'stay in the foreground'],
  ['-d', 'stay in the foreground and also log to standard error'],
  ['-l', 'log more; twice: log everything'],
  ['-u', 'do not use UUCP lock files'],
  ['-t <num threads>', 'accepted for compatibility; has no effect'],
  ['-b', 'accepted for compatibility; has no effect'],
  ['-v', 'print the version and exit'],
  ['-s <signature>', 'default RFC 2217 signature'],
  ['-r', 'print Ready on standard output once everything listens'],
  [
    '-Y <text>',
    "a piece of YAML; can be repeated, the pieces form one text.\n'#' outside quotes starts a new line. Read after the -c file;\nwithout -c no file is read",
  ],
  ['-a <dir>', 'default for the option authdir'],
  ['-A <dir>', 'default for the option authdir of the control port'],
];

/** What follows an error in the arguments. */
export function usage(argv0: string): string {
  const lines = FLAGS.map(([flag, doc]) => `  ${flag} - ${doc.replaceAll('\n', '\n     ')}`);
  return `${argv0}: Valid parameters are:\n${lines.join('\n')}\nMore: ${argv0} --help\n`;
}

/** Where the texts of --help begin. */
const HELP_COLUMN = 25;

/** The flags as one block of text for --help, in lines of at most width columns. */
export function flagHelp(width: number): string {
  const lines = FLAGS.flatMap(([flag, doc]) => {
    const [first = '', ...more] = wrapped(doc.replaceAll('\n', ' '), width - HELP_COLUMN);
    return [`  ${flag}`.padEnd(HELP_COLUMN) + first, ...more.map((line) => ' '.repeat(HELP_COLUMN) + line)];
  });
  return lines.join('\n');
}

/** The words of a text in lines of at most width columns; a longer word has a line of its own. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
