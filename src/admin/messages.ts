// The sentences of this folder that scripts and logs know from ser2net 4.3.11, letter by letter. Line ends are added where they are printed.
import { type GensioError, refusedPeer } from '../base/gensio-error.ts';

/** Ends each answer in text. */
export const PROMPT = '-> ';
/** Said to a fifth session, which is closed then. */
export const TOO_MANY_SESSIONS = 'Too many controller ports\r\n';
/** Said when a line is longer than the buffer; the line is dropped. */
export const LINE_TOO_LONG = 'Input line too long\r\n';

/** What follows `error: `. */
export const ERROR = {
  unknownCommand: (word: string) => `Unknown command - ${word}`,
  invalidYaml: 'Invalid yaml command',
  noPort: 'No port given',
  invalidPort: (name: string) => `Invalid port number - ${name}`,
  /** showshortport has it with a colon. */
  invalidPortShort: (name: string) => `Invalid port number: ${name}`,
  /** setportenable has it without the number. */
  invalidPortEnable: (name: string) => `Invalid port - ${name}`,
  /** Comes with a line end of its own, and so an empty line follows. */
  noMonitorType: 'No monitor type given\r\n',
  noMonitorPort: 'No monitor port given',
  monitoring: 'Already monitoring a port',
  notConnected: (name: string) => `Port not connected - ${name}`,
  noTimeout: 'No timeout given',
  invalidTimeout: (text: string) => `Invalid timeout - ${text}`,
  noEnable: 'No enable given',
  invalidEnable: (text: string) => `Invalid enable - ${text}`,
  sameEnable: 'port was already in the given state',
  noControls: 'No device controls',
  notOpen: (name: string) => `Port is not currently connected - ${name}`,
  invalidControl: (word: string) => `Invalid device control - ${word}`,
  /** ser2net 3.x. */
  noDeviceConfig: 'No device config',
  invalidDeviceConfig: (why: string) => `Invalid device config - ${why}`,
  noLine: (name: string) => `Port has no serial line - ${name}`,
  noUser: 'No user given',
  noSuchUser: (name: string, user: string) => `No such user on ${name} - ${user}`,
  allWrite: (name: string) => `Every user may write - ${name}`,
  mayNotWrite: (user: string) => `No right to write - ${user}`,
  invalidCapture: (what: string) => `Invalid capture - ${what}`,
  noRight: (name: string) => `No right to read - ${name}`,
  noCaptures: 'Captures are not available',
  noAttachment: (name: string) => `No such attachment - ${name}`,
  reloadDone: 'reload done',
  reloadFailed: (why: string) => `reload error - ${why}`,
} as const;

/** A wrong type of monitor: not an error line, and the place for the word stays empty (ser2net 4.3.11). */
export const invalidMonitorType = (type: string): string => `invalid monitor type - %s: ${type}\r\n`;

/** Stand alone below a port whose configuration changed while it is in use. */
export const PENDING = {
  reconfigured: 'Port will be reconfigured when current session closes.\r\n',
  deleted: 'Port will be deleted when current session closes.\r\n',
} as const;

/** What the log says. */
export const LOG = {
  /** An unexpected failure of our own. */
  failed: (stack: string) => `Internal error in the admin port: ${stack}`,
  cannotAllocate: (reason: string) => `Unable to allocate controller accepter: ${reason}`,
  cannotStart: (reason: string) => `Unable to start controller accepter: ${reason}`,
  acceptError: (err: GensioError) => `Error accepting a controller connection: ${err.message}${refusedPeer(err)}`,
  readError: (reason: string) => `read error for controller port: ${reason}`,
} as const;

/** What `help` prints about each command. */
export const HELP = {
  exit: `exit - leave the program.
`,
  help: `help - display this help.
`,
  version: `version - display the version of this program.
`,
  yaml: `yaml - Go into yaml output mode.  In this mode there is no echo or
       line processing is done.  Some commands are disabled.  Output
       is yaml, beginning with --- and ending with ... for each
       response to a command.
`,
  monitor: `monitor <type> <tcp port> - display all the input for a given port on
       the calling control port.  Only one direction may be monitored
       at a time.  The type field may be 'tcp' or 'term' and specifies
       whether to monitor data from the net port or from the serial port
       Note that data monitoring is best effort, if the controller port
       cannot keep up the data will be silently dropped.  A controller
       may only monitor one thing and a port may only be monitored by
       one controller.
monitor stop - stop the current monitor.
`,
  disconnect: `disconnect <tcp port> - disconnect the tcp connection on the port.
`,
  showport: `showport [<tcp port>] - Show information about a port. If no port is
       given, all ports are displayed.
`,
  showshortport: `showshortport [<tcp port>] - Show information about a port in a one-line
       format. If no port is given, all ports are displayed.
`,
  setporttimeout: `setporttimeout <tcp port> <timeout> - Set the amount of time in seconds
       before the port connection will be shut down if no activity
       has been seen on the port.
`,
  setportcontrol: `setportcontrol <tcp port> <controls>
       Dynamically modify the characteristics of the port.  These are
       immediate and won't live between connections.  Valid controls are
       DTRHI, DTRLO, RTSHI, and RTSLO.
`,
  setportenable: `setportenable <tcp port> <enable state> - Sets the port operation state.
       Valid states are:
         off - The port is shut down
         on - The port is up and all I/O is transferred
`,
  reload: `reload - Reload the configuration file.
`,
} as const;

/** Not in the list that `help` prints, which scripts may compare; `help <command>` shows them. */
export const MORE_HELP = {
  capture: `capture <tcp port> [history] - from here on this connection gets what
       happens at the port, as pcapng, until it is closed; with history
       what the port remembers, and then the end.
`,
  quit: `quit - the same as exit.
`,
  disconnectuser: `disconnectuser <port> <user> - disconnect one user of a port: by its address
       as showport has it, or the name in its certificate.
`,
  who: `who [<port>] - Show who is on a port, or on each: address, name, the door each
       came through, what it may do, and whether it has the right to write.
`,
  takewriter: `takewriter <port> [<user>] - give a user the right to write to a port with
       one writer: by its address as who has it, or its name. Without a user
       the right is free, and the next one that sends something has it.
`,
  showattachment: `showattachment [<name>] - Show information about an attachment. If no name
       is given, all attachments are displayed.
`,
  showstate: `showstate [<port>] - Show what works: the program and since when it
       runs, and of each port its device, the last error, and the bytes of all
       its sessions.
`,
  setportconfig: `setportconfig <port> <settings> - change the serial line of a port:
       the words that may stand behind the device of a connector, such as
       19200n81 or 9600e71 rtscts.  Words not given stay as they are.  It
       holds at once and until the configuration is read again.
`,
} as const;
