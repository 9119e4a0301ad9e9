// Every command of the admin port in one table: name, arguments, help, and what it does. Texts are ser2net 4.3.11's.

import type { AttachmentView } from '../attach/attachment-spec.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { hostAndPort } from '../gensio/source.ts';
import { Defaults } from '../gensio/syntax/defaults.ts';
import { parseLine, printLine } from '../gensio/syntax/serial-line.ts';
import { ALL_RIGHTS, type Visitor } from '../port/door.ts';
import type { Engine } from '../port/engine.ts';
import type { UserView } from '../port/events.ts';
import { REASON } from '../port/messages.ts';
import type { Port } from '../port/port.ts';
import type { Answer } from './answer.ts';
import { ERROR, HELP, invalidMonitorType, MORE_HELP } from './messages.ts';
import { isInUse, SHORT_HEADER, showAttachment, showPort, showShortPort } from './show.ts';
import { type ProgramFacts, showPortState, showProgram, showUsers } from './show-state.ts';

/** What a reload came to. */
export interface ReloadOutcome {
  /** Whether the configuration that was read is in force; parts of it may have been left out. */
  readonly ok: boolean;
  /** What was wrong, in the order found. */
  readonly problems: readonly string[];
  /** The configuration could not be had at all: the system's words for it. */
  readonly unreadable?: string;
}

/** Takes the connection of a session over. ended: to be called once, when it is closed. */
export type HandOver = (gensio: Gensio, ended: () => void) => void;

/** What happens at ports, for a connection of its own. */
export interface Captures {
  /** Gives a connection, as pcapng, what happens at a port until it is closed, or what the port remembers. ended: called once, then. */
  capture(port: Port, what: readonly ('device' | 'client')[] | 'history', gensio: Gensio, ended: () => void): void;
}

/** What commands work on. */
export interface CommandEnv {
  /** For `capture`, which is loaded when it is asked for; absent: there is no such thing. */
  readonly captures?: () => Promise<Captures>;
  /** The ports. */
  readonly engine: Pick<Engine, 'ports' | 'port' | 'pending'>;
  /** What `version` says. */
  readonly version: string;
  /** Reads the configuration again, as SIGHUP does. */
  readonly reload: () => Promise<ReloadOutcome>;
  /** In the order of the configuration; absent: there are none. */
  readonly attachments?: () => readonly AttachmentView[];
  /** What `showstate` says of the program, and of devices that nobody has open; absent: nothing. */
  readonly program?: ProgramFacts;
}

/** What a session lends its commands. */
export interface CommandSession extends CommandEnv {
  /** The answer of the command that runs. */
  readonly out: Answer;
  /** Who is at the other end. */
  readonly visitor: Visitor;
  /** What this session watches. */
  readonly monitor: Monitor;
  /** From the next line on: answers in YAML, no echo. */
  toYaml(): void;
}

/** What a session watches: one direction of one port. */
export interface Monitor {
  /** The port watched, if any. */
  readonly port: Port | undefined;
  /** Watches a port, in place of the one before. tcp: from users; term: from the device. */
  start(port: Port, direction: 'tcp' | 'term'): void;
  /** Watches nothing any more. */
  stop(): void;
}

// biome-ignore lint/suspicious/noConfusingVoidType: most commands return nothing
type Result = Promise<HandOver | undefined> | 'exit' | undefined | void;

interface CommandRow {
  readonly args: string;
  readonly help: string;
  /** Not in the list of `help`. */
  readonly unlisted?: true;
  /** Unknown while answers are YAML. */
  readonly textOnly?: true;
  /** Takes every word of its line; others take four and leave out the rest. */
  readonly allWords?: true;
  /**
   * exit: the session ends, and nothing is said any more. A promise: the answer is complete when it resolves, or the connection is what
   * it gives does with it.
   */
  readonly run: (args: readonly string[], session: CommandSession) => Result;
}

/** By name, in the order of `help`. */
export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  exit: { args: '', help: HELP.exit, run: () => 'exit' },
  quit: { args: '', help: MORE_HELP.quit, unlisted: true, run: () => 'exit' },
  help: { args: '[command]', help: HELP.help, textOnly: true, run: help },
  version: { args: '', help: HELP.version, run: (_, { out, version }) => out.field('version', version) },
  yaml: { args: '', help: HELP.yaml, textOnly: true, run: (_, session) => session.toYaml() },
  monitor: { args: 'tcp|term name, or stop', help: HELP.monitor, textOnly: true, run: monitor },
  capture: { args: 'name [history]', help: MORE_HELP.capture, unlisted: true, run: capture },
  disconnect: { args: 'name', help: HELP.disconnect, run: disconnect },
  disconnectuser: { args: 'name user', help: MORE_HELP.disconnectuser, unlisted: true, run: disconnectuser },
  who: { args: '[name]', help: MORE_HELP.who, unlisted: true, run: who },
  takewriter: { args: 'name [user]', help: MORE_HELP.takewriter, unlisted: true, run: takewriter },
  showport: { args: '[name]', help: HELP.showport, run: showport },
  showshortport: { args: '[name]', help: HELP.showshortport, textOnly: true, run: showshortport },
  showattachment: { args: '[name]', help: MORE_HELP.showattachment, unlisted: true, run: showattachment },
  showstate: { args: '[name]', help: MORE_HELP.showstate, unlisted: true, run: showstate },
  setporttimeout: { args: 'name seconds', help: HELP.setporttimeout, run: setporttimeout },
  setportcontrol: { args: 'name control...', help: HELP.setportcontrol, run: setportcontrol },
  setportconfig: { args: 'name setting...', help: MORE_HELP.setportconfig, unlisted: true, allWords: true, run: setportconfig },
  setportenable: { args: 'name on|off|raw', help: HELP.setportenable, run: setportenable },
  reload: { args: '', help: HELP.reload, run: reload },
};

/** The row of a command as it may be given now. */
export function findCommand(name: string, yaml: boolean): CommandRow | undefined {
  const row = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  return yaml && row?.textOnly === true ? undefined : row;
}

function help([name]: readonly string[], { out }: CommandSession): void {
  const one = name === undefined ? undefined : findCommand(name, false);
  const rows = one === undefined ? Object.values(COMMANDS).filter((row) => row.unlisted !== true) : [one];
  for (const row of rows) out.raw(row.help.replaceAll('\n', '\r\n'));
}

function showport([name]: readonly string[], { engine, out }: CommandSession): void {
  if (name === undefined) {
    for (const port of engine.ports) showPort(port, engine.pending(port), out);
    return;
  }
  const port = engine.port(name);
  if (port === undefined) out.error(ERROR.invalidPort(name));
  else showPort(port, engine.pending(port), out);
}

function showshortport([name]: readonly string[], { engine, out }: CommandSession): void {
  out.raw(SHORT_HEADER);
  if (name === undefined) {
    for (const port of engine.ports) out.raw(showShortPort(port, engine.pending(port)));
    return;
  }
  const port = engine.port(name);
  if (port === undefined) out.error(ERROR.invalidPortShort(name));
  else out.raw(showShortPort(port, engine.pending(port)));
}

function showattachment([name]: readonly string[], { attachments, out }: CommandSession): void {
  const all = attachments?.() ?? [];
  const wanted = name === undefined ? all : all.filter((each) => each.name === name);
  if (name !== undefined && wanted.length === 0) return out.error(ERROR.noAttachment(name));
  for (const each of wanted) showAttachment(each, out);
}

function showstate([name]: readonly string[], { engine, out, program, version }: CommandSession): void {
  const port = name === undefined ? undefined : engine.port(name);
  if (name !== undefined && port === undefined) return out.error(ERROR.invalidPort(name));
  if (program !== undefined) showProgram(program, version, out);
  for (const each of port === undefined ? engine.ports : [port]) showPortState(each, program, out);
}

function monitor([type, name]: readonly string[], { engine, out, monitor: watch }: CommandSession): void {
  if (type === undefined) return out.error(ERROR.noMonitorType);
  if (type === 'stop') return watch.stop();
  // A port that is gone is not watched any more.
  if (watch.port !== undefined && engine.ports.includes(watch.port)) return out.error(ERROR.monitoring);
  if (name === undefined) return out.error(ERROR.noMonitorPort);
  const port = engine.port(name);
  if (port === undefined) return out.error(ERROR.invalidPort(name));
  if (type !== 'tcp' && type !== 'term') return out.raw(invalidMonitorType(type));
  watch.start(port, type);
}

/** Nothing is said any more but what happens at the port, until the connection is closed. What clients send is for those who control it. */
async function capture([name, what]: readonly string[], { engine, out, captures, visitor }: CommandSession): Promise<HandOver | undefined> {
  const port = name === undefined ? undefined : engine.port(name);
  const { read, control } = port?.access?.rightsOf(visitor) ?? ALL_RIGHTS;
  const history = what === 'history';
  if (name === undefined) out.error(ERROR.noPort);
  else if (port === undefined) out.error(ERROR.invalidPort(name));
  else if (what !== undefined && !history) out.error(ERROR.invalidCapture(what));
  else if (!read) out.error(ERROR.noRight(name));
  else if (captures === undefined) out.error(ERROR.noCaptures);
  else {
    const all = await captures();
    return (gensio, ended) => all.capture(port, history ? 'history' : control ? ['device', 'client'] : ['device'], gensio, ended);
  }
  return undefined;
}

function disconnect([name]: readonly string[], { engine, out }: CommandSession): void {
  if (name === undefined) return out.error(ERROR.noPort);
  const port = engine.port(name);
  if (port === undefined) out.error(ERROR.invalidPort(name));
  // A device that takes long to open can be given up, too: the reference makes everybody wait for it.
  else if (!port.inUse) out.error(ERROR.notConnected(name));
  else port.closeSession(REASON.adminDisconnect);
}

/** One user, by its address as showport has it, the same as `host:port`, or the name it has proved to have. */
function disconnectuser([name, who]: readonly string[], { engine, out }: CommandSession): void {
  if (name === undefined) return out.error(ERROR.noPort);
  if (who === undefined) return out.error(ERROR.noUser);
  const port = engine.port(name);
  if (port === undefined) return out.error(ERROR.invalidPort(name));
  const users = usersCalled(port, who);
  if (users.length === 0) return out.error(ERROR.noSuchUser(name, who));
  for (const user of users) port.disconnectUser(user);
}
/** Users by address as showport has it, the same as `host:port`, or the name they have proved to have. */
const usersCalled = (port: Port, called: string): readonly UserView[] =>
  port.users.filter(({ peer, user }) => [peer, user, hostColonPort(peer)].includes(called));

/** Everyone who is on a port, or on each: through which door, with which rights, and who has the right to write. */
function who([name]: readonly string[], { engine, out }: CommandSession): void {
  const port = name === undefined ? undefined : engine.port(name);
  if (name !== undefined && port === undefined) return out.error(ERROR.invalidPort(name));
  for (const each of port === undefined ? engine.ports : [port]) showUsers(each, out);
}

/** Gives the right to write to a user, or takes it away from whoever has it: the next one that sends something has it then. */
function takewriter([name, who]: readonly string[], { engine, out }: CommandSession): void {
  if (name === undefined) return out.error(ERROR.noPort);
  const port = engine.port(name);
  if (port === undefined) return out.error(ERROR.invalidPort(name));
  const { access } = port;
  if (access?.oneWriter !== true) return out.error(ERROR.allWrite(name));
  const by = 'the control port';
  if (who === undefined) return access.giveWriter(undefined, by);
  const [user] = usersCalled(port, who);
  if (user === undefined) out.error(ERROR.noSuchUser(name, who));
  else if (!user.rights.write) out.error(ERROR.mayNotWrite(who));
  else access.giveWriter(user, by);
}
/** `127.0.0.1:5000` of `ipv4,127.0.0.1,5000`, `[::1]:5000` of `ipv6,::1,5000`. */
function hostColonPort(peer: string): string | undefined {
  const { host, port } = hostAndPort(peer) ?? {};
  return host === undefined ? undefined : `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const MAX_SECONDS = 0x7fffffff;

function setporttimeout([name, text]: readonly string[], { engine, out }: CommandSession): void {
  if (name === undefined) return out.error(ERROR.noPort);
  if (text === undefined) return out.error(ERROR.noTimeout);
  const port = engine.port(name);
  if (port === undefined) return out.error(ERROR.invalidPort(name));
  const seconds = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= MAX_SECONDS)) out.error(ERROR.invalidTimeout(text));
  else port.changeTimeout(seconds);
}

/** A port that is to stay: one that a reload changes or removes is not found by commands that change how it works. */
function lastingPort(name: string, { engine }: CommandEnv): Port | undefined {
  const port = engine.port(name);
  return port !== undefined && engine.pending(port) === undefined ? port : undefined;
}

/** SET-CONTROL of RFC 2217 for each word, for connectors that can only be asked. */
const CONTROLS: Readonly<Record<string, { readonly line: 'dtr' | 'rts'; readonly on: boolean }>> = {
  RTSHI: { line: 'rts', on: true },
  RTSLO: { line: 'rts', on: false },
  DTRHI: { line: 'dtr', on: true },
  DTRLO: { line: 'dtr', on: false },
};

function setportcontrol([name, ...words]: readonly string[], session: CommandSession): void {
  const { out } = session;
  if (name === undefined) return out.error(ERROR.noPort);
  if (words.length === 0) return out.error(ERROR.noControls);
  const port = lastingPort(name, session);
  if (port === undefined) return out.error(ERROR.invalidPort(name));
  if (!isInUse(port)) return out.error(ERROR.notOpen(name));
  const serial = port.device?.serial;
  if (serial === undefined) return;
  for (const word of words) {
    const control = Object.hasOwn(CONTROLS, word) ? CONTROLS[word] : undefined;
    if (control === undefined) out.error(ERROR.invalidControl(word));
    else serial.set(control.line, control.on, () => undefined);
  }
}
/** Of ser2net 3.x; 4.x has no such command. */
function setportconfig([name, ...words]: readonly string[], session: CommandSession): void {
  const { out } = session;
  if (name === undefined) return out.error(ERROR.noPort);
  if (words.length === 0) return out.error(ERROR.noDeviceConfig);
  const port = lastingPort(name, session);
  if (port === undefined) return out.error(ERROR.invalidPort(name));
  const now = port.line;
  if (now === undefined) return out.error(ERROR.noLine(name));
  const got = parseLine(`${printLine(now)},${words.join(' ')}`, new Defaults());
  if ('ok' in got) port.changeLine(got.ok);
  else out.error(ERROR.invalidDeviceConfig(got.detail));
}

function setportenable([name, word]: readonly string[], session: CommandSession): Result {
  const { out } = session;
  if (name === undefined) return out.error(ERROR.noPort);
  if (word === undefined) return out.error(ERROR.noEnable);
  const port = lastingPort(name, session);
  if (port === undefined) return out.error(ERROR.invalidPortEnable(name));
  if (word !== 'on' && word !== 'off' && word !== 'raw') return out.error(ERROR.invalidEnable(word));
  const on = word !== 'off';
  if (port.enabled === on) return out.error(ERROR.sameEnable);
  return new Promise((resolve) => {
    port.setEnabled(on, () => {
      const failure = on ? port.failure : undefined;
      if (failure === undefined) return resolve(undefined);
      // A port that cannot listen stays off, as it was.
      out.error(failure);
      port.setEnabled(false, () => resolve(undefined));
    });
  });
}

async function reload(_: readonly string[], { out, reload: request }: CommandSession): Promise<undefined> {
  const { ok, problems, unreadable } = await request();
  for (const text of problems) out.error(text);
  out.error(ok ? ERROR.reloadDone : ERROR.reloadFailed(unreadable ?? 'Invalid argument'));
}
