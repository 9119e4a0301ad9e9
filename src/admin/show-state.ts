// What works and what does not, as `showstate` prints it: the program, and of each port its device, its last error and its totals.
// ser2net has no such command.
import { bottomOf } from '../gensio/syntax/stack.ts';
import type { Port } from '../port/port.ts';
import type { Answer } from './answer.ts';

/** The program, for `showstate`. */
export interface ProgramFacts {
  /** Its own version. */
  readonly program: () => string;
  /** The process. */
  readonly pid: number;
  /** When it started. */
  readonly started: Date;
  /** For how long it has run, seconds. */
  readonly uptime: () => number;
  /** Whether a device is there; `undefined` if that cannot be known without waiting. */
  readonly hasDevice: (path: string) => boolean | undefined;
}

/** The program in fields. */
export function showProgram({ program, pid, started, uptime }: ProgramFacts, version: string, out: Answer): void {
  out.field('program version', program());
  out.field('compatible with', version);
  out.field('process', pid);
  out.field('running since', started.toISOString());
  out.field('running for', uptime());
}

/** The device of a port: whether it is open, and if not, whether it is there. */
function deviceState(port: Port, path: string, program: ProgramFacts | undefined): 'open' | 'there' | 'missing' | 'unknown' {
  if (port.state.at === 'open') return 'open';
  const there = path === '' ? undefined : program?.hasDevice(path);
  return there === undefined ? 'unknown' : there ? 'there' : 'missing';
}

/** Who is on a port, in fields. */
export function showUsers(port: Port, out: Answer): void {
  out.block({ key: 'port', title: 'port', value: port.name }, () => {
    out.field('writers', port.access?.oneWriter === true ? 'one' : 'all');
    const writer = port.access?.writer;
    for (const user of port.users) {
      out.block({ key: 'user', title: 'user', value: user.peer }, () => {
        if (user.user !== undefined) out.field('proved name', user.user);
        out.field('door', `${user.door.kind}${user.door.beside === undefined ? '' : ', beside the accepter'}`);
        const { read, write, control } = user.rights;
        out.field('rights', [read && 'read', write && 'write', control && 'control'].filter((each) => each !== false).join(' '));
        out.field('has the right to write', user === writer ? 'yes' : 'no');
      });
    }
  });
}

/** One port in fields. */
export function showPortState(port: Port, program: ProgramFacts | undefined, out: Answer): void {
  const bottom = bottomOf(port.config.connector.spec);
  const path = bottom !== undefined && 'device' in bottom ? bottom.device : '';
  const { lastFault, totals } = port;
  out.block({ key: 'port', title: 'port', value: port.name }, () => {
    if (path !== '') out.field('device path', path);
    out.field('device state', deviceState(port, path, program));
    out.field('last open failed', port.cannotOpen ? 'yes' : 'no');
    if (lastFault !== undefined) {
      out.field('last error', lastFault.text);
      out.field('last error at', lastFault.at.toISOString());
    }
    if (port.access?.oneWriter === true) out.field('writer', port.access.writer?.peer ?? 'nobody');
    out.field('sessions', totals.sessions);
    out.field('total bytes read from device', totals.read);
    out.field('total bytes written to device', totals.written);
  });
}
