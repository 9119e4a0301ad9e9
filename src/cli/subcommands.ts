// The table of sub-commands: name, arguments, options, and how to get at the code. A new one is one file here and one row.
import { ATTACH } from '../options/attach.ts';
import type { Row, Rows } from '../options/row.ts';
import type { SubcommandOptions, SubcommandRow } from './subcommand.ts';

const text = (value: SubcommandOptions[string]): string | undefined => (typeof value === 'string' ? value : undefined);

/** The rows of a table as options: `--mode <octal>`, `--hangup`. */
const optionsOf = (rows: Rows): { readonly flags: string; readonly doc: string }[] =>
  Object.values(rows).map(({ yaml, kind, doc }: Row<unknown>) => ({
    flags: kind.bare === true ? `--${yaml}` : `--${yaml} <${kind.name.replaceAll('|', '/')}>`,
    doc: doc.replace(/\.$/, ''),
  }));

export const SUBCOMMANDS: Readonly<Record<string, SubcommandRow>> = {
  check: {
    summary: 'read configurations and report every problem of each; 0: none, 1: some, 2: one cannot be read',
    args: '[file...]',
    options: [
      { flags: '-q, --quiet', doc: 'say nothing, only give the exit code' },
      { flags: '-W, --warnings-ok', doc: 'warnings alone give 0' },
      { flags: '--json', doc: 'as JSON' },
      {
        flags: '--devices',
        doc: 'look whether the devices are there and are terminals, who holds them, and whether lock files can be made',
      },
      { flags: '--listen', doc: 'try whether the addresses to listen on are free' },
    ],
    usageStatus: 2,
    run: async (args, options, io) => (await import('./check/check.ts')).check(args, { ...options }, io),
  },
  dump: {
    summary: 'print a configuration as it was understood, with every option, as YAML that reads back to the same; 1: only in part, 2: not',
    args: '[file]',
    options: [
      { flags: '--origin', doc: 'say behind each value where it came from: file and line, a default and where it is set, or built-in' },
      { flags: '--short', doc: 'only what differs from the built-in defaults' },
    ],
    usageStatus: 2,
    run: async (args, options, io) => (await import('./check/check.ts')).dump(args[0], { ...options }, io),
  },
  convert: {
    summary: 'write a classic configuration, or a YAML one of the other version, as YAML; what differs is said there and on standard error',
    args: '<file>',
    options: [
      { flags: '--to <version>', doc: 'form of the result: v1 (default; any 4.x reads it) or v2 (from 4.6 on)', choices: ['v1', 'v2'] },
      { flags: '--v1', doc: 'short for --to v1' },
      { flags: '--v2', doc: 'short for --to v2' },
      { flags: '-o, --output <file>', doc: 'write there, not to standard output; a file that is there is replaced as a whole' },
      { flags: '--meant', doc: 'for files written for 2.x and 3.x: what they meant there, where 4.x reads it otherwise' },
      { flags: '--inline', doc: 'put files that are included in the place of their include, converted too; else they stay as they are' },
    ],
    usageStatus: 2,
    run: async (args, options, io) => (await import('./convert.ts')).convertFile(args[0]!, { ...options }, io),
  },
  devices: {
    summary: 'list the serial ports of this machine: names that stay, what is plugged in, who holds it',
    args: '[name...]',
    options: [
      { flags: '--config', doc: 'as a configuration for them, ready to use' },
      { flags: '--port <n>', doc: 'with --config: the first port to listen on' },
      { flags: '--all', doc: 'also ports that the kernel has made, but found nothing behind' },
      { flags: '--json', doc: 'as JSON' },
    ],
    run: async (args, options, io) => (await import('./devices.ts')).devices(args, { ...options }, io),
  },
  status: {
    summary: 'show the ports and attachments of a running daemon, asked of its admin port',
    args: '',
    options: [
      { flags: '-c, --config <file>', doc: 'the configuration that names the admin port' },
      { flags: '--admin <where>', doc: 'the admin port: host,port, or any connector' },
      { flags: '--json', doc: 'as JSON' },
      { flags: '--watch', doc: 'stay, and say who comes and goes; with --json a line each' },
    ],
    run: async (_, options, io) => {
      const { status } = await import('./status.ts');
      return status(
        { admin: text(options.admin), file: text(options.config), json: options.json === true, watch: options.watch === true },
        io,
      );
    },
  },
  health: {
    summary: 'say whether the daemon works: 0 if it answers and everything listens, else 1',
    args: '',
    options: [
      { flags: '-c, --config <file>', doc: 'its configuration' },
      { flags: '--admin <where>', doc: 'its admin port: host,port, or any connector' },
      { flags: '--pid-file <file>', doc: 'its file of -P' },
      { flags: '-q, --quiet', doc: 'say nothing, only give the exit code' },
    ],
    run: async (_, options, io) => {
      const { health } = await import('./health.ts');
      return health(
        { admin: text(options.admin), file: text(options.config), pidFile: text(options.pidFile), quiet: options.quiet === true },
        io,
      );
    },
  },
  gencert: {
    summary: 'make a key and a self-signed certificate',
    args: '',
    options: [
      { flags: '--use <side>', doc: 'whose certificate', choices: ['server', 'client'] },
      { flags: '--key <file>', doc: 'where the key goes' },
      { flags: '--cert <file>', doc: 'where the certificate goes' },
      { flags: '--cn <name>', doc: 'common name: the host, or the user of a client certificate' },
      { flags: '--name <name>', doc: 'a further host name or address', several: true },
      { flags: '--days <n>', doc: 'how long it is good' },
      { flags: '--force', doc: 'replace files that are there' },
    ],
    run: async (_, options, io) => {
      const { gencert } = await import('./gencert.ts');
      const use = text(options.use);
      const key = text(options.key);
      const cert = text(options.cert);
      const commonName = text(options.cn);
      const days = text(options.days);
      return gencert(
        {
          ...((use === 'server' || use === 'client') && { use }),
          ...(key !== undefined && { key }),
          ...(cert !== undefined && { cert }),
          ...(commonName !== undefined && { commonName }),
          ...(days !== undefined && { days: Number(days) }),
          ...(Array.isArray(options.name) && { names: options.name as readonly string[] }),
          ...(options.force === true && { force: true }),
        },
        (line) => io.out(`${line}\n`),
        (line) => io.err(`${line}\n`),
      );
    },
  },
  passwd: {
    summary: 'set the password of a user for accepters with certauth, asked for here or the first line of standard input',
    args: '<user>',
    options: [
      { flags: '--authdir <dir>', doc: 'the directory of the option authdir' },
      { flags: '--print', doc: 'print the line of a password file, and write none' },
      { flags: '--plain', doc: 'not as a hash but as it is, which ser2net 4.3.11 can read too' },
    ],
    usageStatus: 2,
    run: async ([user], options, io) => (await import('./passwd.ts')).passwd(user!, { ...options }, io),
  },
  attach: {
    summary: 'make a serial port elsewhere a device of this machine',
    args: '<device> [target...]',
    options: [
      { flags: '--link <device>', doc: 'the device to make; all other words are targets then' },
      { flags: '-n, --foreground', doc: 'stay in the foreground, and say on standard error what happens' },
      { flags: '-d, --debug', doc: 'the same, with every attempt' },
      { flags: '-P, --pidfile <file>', doc: 'write the process id to this file' },
      ...optionsOf(ATTACH),
      { flags: '--hold', doc: 'the opposite of --hangup, which is how it is without either' },
    ],
    run: async (args, options, io) => (await import('./attach.ts')).attachDevice(args, options, io),
  },
  console: {
    summary: 'talk to a port at this terminal: HOST:PORT, a connection of the configuration, a URL or a connector',
    args: '<where>',
    options: [
      { flags: '-c, --config <file>', doc: 'the configuration in which connections are looked for by name' },
      { flags: '--raw', doc: 'plain TCP for HOST:PORT, without telnet and RFC 2217' },
      { flags: '--escape <key>', doc: 'the key before commands: ^] when not given, or none' },
      { flags: '--speed <9600n81>', doc: 'the line to ask the far end for' },
      { flags: '--hex', doc: 'show bytes in hexadecimal' },
      { flags: '--echo', doc: 'show what is typed' },
      { flags: '--log <file>', doc: 'add what comes to a file' },
      { flags: '--reconnect', doc: 'at a terminal: connect again when the connection is lost, or cannot be made, until you quit' },
      { flags: '--wait <time>', doc: 'input that is no terminal: how long to listen on, without hearing anything, after its end (1)' },
      ...optionsOf({ tlsCert: ATTACH.tlsCert, tlsKey: ATTACH.tlsKey, tlsCa: ATTACH.tlsCa, tlsAllow: ATTACH.tlsAllow }),
    ],
    run: async (args, options, io) => (await import('./console.ts')).runConsole(args, options, io),
  },
};
