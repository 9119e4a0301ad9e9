// The table of sub-commands: name, arguments, options, and how to get at the code. A new one is one file here and one row.
import { ATTACH } from '../options/attach.ts';
import { CONNECTION } from '../options/connection.ts';
import type { Row, Rows } from '../options/row.ts';
import { type SubcommandOptions, type SubcommandRow, textOption } from './subcommand.ts';

/** Versions of ser2net that `--for` knows; config/convert/for-version.ts says what is in them. */
const VERSIONS = ['3.5', '4.3.11', '4.6.7'];

/** The rows of a table as options: `--mode <octal>`, `--hangup`. */
const optionsOf = (rows: Rows): { readonly flags: string; readonly doc: string; readonly def?: string }[] =>
  Object.values(rows).map(({ yaml, kind, doc, def }: Row<unknown>) => ({
    flags: kind.bare === true ? `--${yaml}` : `--${yaml} <${kind.name.replaceAll('|', '/')}>`,
    doc: doc.replace(/\.$/, ''),
    ...(def !== undefined && kind.bare !== true && { def: kind.print(def) }),
  }));

/** Options of commands that talk to a running daemon. */
const CONTROL = [
  { flags: '-c, --config <file>', doc: 'the configuration that names the control port; default: that of the service' },
  { flags: '--admin <where>', doc: 'the control port: HOST:PORT, or any connector' },
] as const;
const controlOf = (options: SubcommandOptions): { admin: string | undefined; file: string | undefined } => ({
  admin: textOption(options.admin),
  file: textOption(options.config),
});

/** By name, in the order of --help. */
export const SUBCOMMANDS: Readonly<Record<string, SubcommandRow>> = {
  check: {
    summary: 'check configurations and report every problem; exit status 0: none, 1: some, 2: a file cannot be read',
    args: '[file...]',
    options: [
      { flags: '-q, --quiet', doc: 'print nothing; only set the exit status' },
      { flags: '-W, --warnings-ok', doc: 'exit with status 0 if there are only warnings' },
      { flags: '--json', doc: 'print JSON' },
      {
        flags: '--devices',
        doc: 'check that devices exist, are ttys and are not in use, and that lock files can be created',
      },
      { flags: '--listen', doc: 'check that the addresses to listen on are free' },
      { flags: '--for <version>', doc: 'also report what that version of ser2net would refuse or does not know', choices: VERSIONS },
    ],
    usageStatus: 2,
    run: async (args, options, io) => (await import('./check/check.ts')).check(args, { ...options }, io),
  },
  dump: {
    summary:
      'print a configuration as it was understood, with every option, as equivalent YAML; exit status 1: only in part, 2: not at all',
    args: '[file]',
    options: [
      { flags: '--origin', doc: 'add the origin of each value as a comment: file and line, a default and where it was set, or built-in' },
      { flags: '--short', doc: 'print only what differs from the built-in defaults' },
      {
        flags: '--for <version>',
        doc: 'print a form that this version of ser2net reads (3.5: a classic file); what it does not know is left out, and named on standard error',
        choices: VERSIONS,
      },
    ],
    usageStatus: 2,
    run: async (args, options, io) => (await import('./check/check.ts')).dump(args[0], { ...options }, io),
  },
  convert: {
    summary: 'convert a classic configuration, or YAML of the other version, to YAML; differences are noted in it and on standard error',
    args: '<file>',
    options: [
      { flags: '--from <format>', doc: "read another format: uci, OpenWrt's /etc/config/ser2net", choices: ['uci'] },
      {
        flags: '--to <version>',
        doc: 'version of the output: v1 (readable by any 4.x) or v2 (4.6 and later)',
        def: 'v1',
        choices: ['v1', 'v2'],
      },
      { flags: '--v1', doc: 'same as --to v1' },
      { flags: '--v2', doc: 'same as --to v2' },
      { flags: '-o, --output <file>', doc: 'write to this file, replacing it as a whole, instead of standard output' },
      { flags: '--meant', doc: 'keep the 2.x/3.x meaning where 4.x reads a line differently' },
      { flags: '--inline', doc: 'insert included files, converted, in place of their include; otherwise includes stay as they are' },
    ],
    usageStatus: 2,
    run: async (args, options, io) => (await import('./convert.ts')).convertFile(args[0]!, { ...options }, io),
  },
  devices: {
    summary: 'list the serial ports of this machine: stable names, connected hardware, and the process that has each port open',
    args: '[name...]',
    options: [
      { flags: '--config', doc: 'print a configuration for them, ready to use' },
      { flags: '--port <n>', doc: 'with --config: the first port to listen on', def: '2001' },
      { flags: '--all', doc: 'include ports with no hardware behind them' },
      { flags: '--json', doc: 'print JSON' },
    ],
    run: async (args, options, io) => (await import('./devices.ts')).devices(args, { ...options }, io),
  },
  status: {
    summary: 'show the ports and attachments of a running daemon (asked through its control port)',
    args: '',
    options: [
      { flags: '-c, --config <file>', doc: 'the configuration that names the control port; default: that of the service' },
      { flags: '--admin <where>', doc: 'the control port: HOST:PORT, or any connector' },
      { flags: '--json', doc: 'print JSON' },
      { flags: '-o, --output <form>', doc: 'fit the table to the terminal, or show all of it', choices: ['table', 'wide'], def: 'table' },
      { flags: '--watch', doc: 'keep running and report clients as they connect and disconnect; with --json one line each' },
    ],
    run: async (_, options, io) => {
      const { status } = await import('./status.ts');
      const width = options.output === 'wide' ? undefined : process.stdout.columns;
      return status(
        {
          admin: textOption(options.admin),
          file: textOption(options.config),
          json: options.json === true,
          watch: options.watch === true,
          width,
        },
        io,
      );
    },
  },
  health: {
    summary: 'check that the daemon works; exit status 0 if it answers and everything listens, otherwise 1',
    args: '',
    options: [
      { flags: '-c, --config <file>', doc: 'the configuration of the daemon; default: that of the service' },
      { flags: '--admin <where>', doc: 'the control port: HOST:PORT, or any connector' },
      { flags: '--pid-file <file>', doc: 'the pid file it was started with (-P)' },
      { flags: '--devices', doc: 'fail also while a device is missing or cannot be opened' },
      { flags: '-q, --quiet', doc: 'print nothing; only set the exit status' },
      { flags: '--self', doc: 'ask no daemon; try what this machine can do: terminals, special speeds, bytes both ways, datagrams' },
    ],
    run: async (_, options, io) => {
      if (options.self === true) return (await import('./self-test.ts')).selfTest(io);
      const { health } = await import('./health.ts');
      return health(
        {
          admin: textOption(options.admin),
          file: textOption(options.config),
          pidFile: textOption(options.pidFile),
          quiet: options.quiet === true,
          devices: options.devices === true,
        },
        io,
      );
    },
  },
  reload: {
    summary: 'make a running daemon reload its configuration, and wait for the outcome; exit status 0: in force, 1: refused, or no answer',
    args: '',
    options: [
      ...CONTROL,
      { flags: '--pid-file <file>', doc: 'the pid file it was started with (-P): asks by SIGHUP, without a control port' },
    ],
    run: async (_, options, io) => {
      const pidFile = textOption(options.pidFile);
      if (pidFile !== undefined) return (await import('./reload-by-signal.ts')).reloadBySignal(pidFile, io);
      return (await import('./control.ts')).reload(controlOf(options), io);
    },
  },
  disconnect: {
    summary: 'disconnect the users of a port, or one of them by the address that status shows or the name in its certificate',
    args: '<port> [user]',
    options: CONTROL,
    run: async ([port, user], options, io) => (await import('./control.ts')).disconnect(port!, user, controlOf(options), io),
  },
  monitor: {
    summary: 'print what passes through a port of a running daemon: what the device sends (term, the default) or what users send (tcp)',
    args: '<port> [direction]',
    options: [...CONTROL, { flags: '--hex', doc: 'print bytes in hexadecimal' }],
    run: async ([port, direction = 'term'], options, io) => {
      if (direction !== 'tcp' && direction !== 'term') {
        io.err(`ser2net monitor: '${direction}' is neither tcp nor term\n`);
        return 1;
      }
      return (await import('./control.ts')).monitor(port!, direction, { ...controlOf(options), hex: options.hex === true }, io);
    },
  },
  init: {
    summary: 'write a first configuration, with a connection for each serial port of this machine; an existing file is never changed',
    args: '[file]',
    options: [
      { flags: '--port <n>', doc: 'the first port to listen on', def: '2001' },
      { flags: '--all', doc: 'include ports with no hardware behind them' },
    ],
    usageStatus: 2,
    run: async ([file], options, io) =>
      (await import('./init.ts')).init(file, { port: textOption(options.port), all: options.all === true }, io),
  },
  gencert: {
    summary: 'create a key and a self-signed certificate',
    args: '',
    options: [
      { flags: '--use <side>', doc: 'who will use the certificate', def: 'server', choices: ['server', 'client'] },
      { flags: '--key <file>', doc: 'file for the key; default: /etc/ser2net/ser2net.key, for a client NAME.key' },
      { flags: '--cert <file>', doc: 'file for the certificate; default: /etc/ser2net/ser2net.crt, for a client NAME.crt' },
      { flags: '--cn <name>', doc: 'common name: the host (default: the name of this one), or the user of a client certificate' },
      { flags: '--name <name>', doc: 'additional host name or address of a server', several: true },
      { flags: '--days <n>', doc: 'days the certificate is valid', def: '3650' },
      { flags: '--force', doc: 'overwrite existing files' },
    ],
    run: async (_, options, io) => {
      const { gencert } = await import('./gencert.ts');
      const use = textOption(options.use);
      const key = textOption(options.key);
      const cert = textOption(options.cert);
      const commonName = textOption(options.cn);
      const days = textOption(options.days);
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
    summary: 'set the password of a user for accepters with certauth; it is prompted for, or read from standard input',
    args: '<user>',
    options: [
      { flags: '--authdir <dir>', doc: 'the directory that the option authdir names', def: CONNECTION.authdir.def! },
      { flags: '--print', doc: 'print the line for a password file instead of writing it' },
      { flags: '--plain', doc: 'store it in plain text, which ser2net 4.3.11 can read' },
    ],
    usageStatus: 2,
    run: async ([user], options, io) => (await import('./passwd.ts')).passwd(user!, { ...options }, io),
  },
  attach: {
    summary: 'make a remote serial port a local device',
    args: '<device> [target...]',
    options: [
      { flags: '--link <device>', doc: 'the device to create; all other arguments are then targets' },
      { flags: '-n, --foreground', doc: 'stay in the foreground and log to standard error' },
      { flags: '-d, --debug', doc: 'like -n, and log every attempt' },
      { flags: '-P, --pidfile <file>', doc: 'write the process id to this file' },
      ...optionsOf(ATTACH),
      { flags: '--hold', doc: 'keep programs attached while the connection is down (the default)' },
    ],
    run: async (args, options, io) => (await import('./attach.ts')).attachDevice(args, options, io),
  },
  console: {
    summary: 'connect this terminal to a port: HOST:PORT, the name of a connection, a URL or a connector',
    args: '<where>',
    options: [
      { flags: '-c, --config <file>', doc: 'the configuration that has the named connection; default: that of the service' },
      { flags: '--raw', doc: 'use plain TCP for HOST:PORT, also if the server begins with telnet' },
      { flags: '--escape <key>', doc: 'the key that starts a command, or none', def: '^]' },
      { flags: '--speed <9600n81>', doc: 'line settings to request from the server; HOST:PORT then is RFC 2217' },
      { flags: '--hex', doc: 'display bytes in hexadecimal' },
      { flags: '--echo', doc: 'display what you type' },
      { flags: '--timestamps', doc: 'begin each line with the time' },
      { flags: '--map <words>', doc: 'map line ends, separated by commas: icrnl, igncr, inlcr, inlcrnl, ocrnl, onlcrnl, odelbs' },
      { flags: '--log <file>', doc: 'append received data to a file' },
      {
        flags: '--history [lines]',
        doc: 'display first what the port said before, as far as it remembers (asked through the control port)',
      },
      { flags: '--admin <where>', doc: 'with --history: the control port, if the configuration does not say it' },
      { flags: '--reconnect', doc: 'at a terminal: reconnect when the connection is lost or cannot be made, until you quit' },
      { flags: '--wait <time>', doc: 'if standard input is not a terminal: how long to wait for further output after its end', def: '1s' },
      ...optionsOf({ tlsCert: ATTACH.tlsCert, tlsKey: ATTACH.tlsKey, tlsCa: ATTACH.tlsCa, tlsAllow: ATTACH.tlsAllow }),
    ],
    run: async (args, options, io) => (await import('./console.ts')).runConsole(args, options, io),
  },
  capture: {
    summary:
      'capture what happens at a port for Wireshark (pcapng): a connection of a running daemon by its name, or HOST:PORT as a client',
    args: '<where>',
    options: [
      ...CONTROL,
      { flags: '-w, --write <file>', doc: 'write to this file, replacing it', def: '-, standard output' },
      { flags: '--raw', doc: 'with HOST:PORT: plain TCP, also where the server begins with telnet' },
      ...optionsOf({ tlsCert: ATTACH.tlsCert, tlsKey: ATTACH.tlsKey, tlsCa: ATTACH.tlsCa, tlsAllow: ATTACH.tlsAllow }),
    ],
    run: async (args, options, io) => (await import('./capture.ts')).capture(args[0]!, options, controlOf(options), io),
  },
  replay: {
    summary: 'play a recording as a serial device: what the device said then, with its pauses, on a pseudo-terminal',
    args: '<file>',
    options: [
      { flags: '--device <link>', doc: 'the name of the device: a symbolic link to the pseudo-terminal' },
      { flags: '--full-speed', doc: 'play it without pauses, as fast as it is read; always so for a .raw file' },
    ],
    run: async (args, options, io) => (await import('./replay.ts')).replay(args[0]!, options, io),
  },
};
