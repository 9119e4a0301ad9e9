// `ser2net status`: ports and attachments of a running daemon, asked through its control port; as a table or JSON, once or with every
// client that connects or disconnects.
import { type Field, textOf } from '../admin/document.ts';
import { dateAt, systemClock } from '../base/clock.ts';
import { plural } from '../base/text.ts';
import { type AdminClient, connectAdmin } from './admin-client.ts';
import { type AttachmentReport, askAttachments } from './attachment-status.ts';
import { askPorts, lacksDevice, type PortStatus, type ProgramStatus } from './port-status.ts';
import type { SubcommandIo } from './subcommand.ts';

interface StatusFlags {
  /** Where the admin port is; else the configuration says it. */
  readonly admin?: string | undefined;
  readonly file?: string | undefined;
  readonly json?: boolean | undefined;
  /** Columns of the terminal; what does not fit is left out. Default: any number. */
  readonly width?: number | undefined;
  /** Goes on until the daemon ends, or the reader. */
  readonly watch?: boolean | undefined;
}

/** 0: here it is. 1: the admin port could not be reached, or went away while it was watched. */
export async function status(flags: StatusFlags, io: SubcommandIo): Promise<number> {
  const reached = await connectAdmin(flags);
  if ('failed' in reached || 'none' in reached) {
    io.err(`${'failed' in reached ? reached.failed : 'The configuration has no control port: give one with --admin'}\n`);
    return 1;
  }
  const { client, at } = reached;
  try {
    const watched = flags.watch === true ? watch(client, flags.json === true, io) : undefined;
    const { version, program, ports } = await askPorts(client);
    const attachments = await askAttachments(client);
    if (flags.json !== true) io.out(table(titleOf(version, program, at), ports, attachments, flags.width));
    else {
      const all = { version, program, admin: at, ports, attachments };
      io.out(`${JSON.stringify(all, undefined, flags.watch === true ? undefined : 2)}\n`);
    }
    const ended = await watched;
    if (ended !== undefined) throw ended;
    client.close();
    return 0;
  } catch (err) {
    io.err(`${at}: ${(err as Error).message}\n`);
    client.close();
    return 1;
  }
}

/** Both versions where there are two, where it is, and for how long it has run. */
const titleOf = (version: string, program: ProgramStatus | undefined, at: string): string =>
  program === undefined
    ? `ser2net ${version} at ${at}`
    : `ser2net ${program.program} (compatible with ${version}) at ${at}, up ${duration(program.uptime)}`;

/** `45 s`, `12 min`, `3 h 12 min`, `5 d 3 h`. */
export function duration(seconds: number): string {
  const [d, h, m] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min` : `${seconds} s`;
}

/** Says who comes and goes. Resolves when the connection ends, or without an error when nobody reads on (`| head`). */
function watch(client: AdminClient, json: boolean, io: SubcommandIo): Promise<Error | undefined> {
  client.report = (document) => io.out(json ? `${JSON.stringify(change(document))}\n` : inWords(change(document)));
  return new Promise((resolve) => {
    client.closed = resolve;
    process.stdout.once('error', () => resolve(undefined));
  });
}

interface Change {
  readonly time: string;
  readonly port: string;
  readonly event: 'connected' | 'disconnected';
  readonly peer: string;
}
const change = (document: Field): Change => ({
  time: systemClock.wall().toISOString(),
  port: textOf(document, 'name') ?? '',
  event: document.key === 'disconnect' ? 'disconnected' : 'connected',
  peer: textOf(document, 'remaddr') ?? '',
});
const inWords = ({ time, port, event, peer }: Change): string => `${time} ${port} ${event} ${peer}\n`;

const COLUMNS = ['PORT', 'STATE', 'USERS', 'FROM DEVICE', 'TO DEVICE', 'LINE', 'ACCEPTER', 'DEVICE'] as const;
const ATTACHMENT_COLUMNS = [
  'ATTACHMENT',
  'STATE',
  'IN USE',
  'FROM TARGET',
  'TO TARGET',
  'WAITING',
  'DISCARDED',
  'CONNECTIONS',
  'DEVICE',
  'TARGET',
] as const;
/** These hold numbers, which stand at the right. */
const RIGHT = new Set<string>(['USERS', 'FROM DEVICE', 'TO DEVICE', 'FROM TARGET', 'TO TARGET', 'WAITING', 'DISCARDED', 'CONNECTIONS']);

/** Left out first where a table is too wide. */
const EXPENDABLE = ['ACCEPTER', 'LINE', 'CONNECTIONS', 'DISCARDED', 'WAITING', 'TARGET', 'DEVICE', 'FROM TARGET', 'TO TARGET'];

/** Lines of cells under their headings, the headings first. Columns that do not fit the width are left out, then lines are cut. */
function grid(columns: readonly string[], rows: readonly (readonly string[])[], width = Infinity): string[] {
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  const shown = new Set(columns.keys());
  const total = (): number => [...shown].reduce((sum, i) => sum + widths[i]! + 2, -2);
  for (const name of EXPENDABLE) if (total() > width) shown.delete(columns.indexOf(name));
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) => (RIGHT.has(columns[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)));
    return fitted(
      padded
        .filter((_, i) => shown.has(i))
        .join('  ')
        .trimEnd(),
      width,
    );
  };
  return [columns, ...rows].map(line);
}

/** Cut at the width, with dots in place of its end. */
const fitted = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 3))}...`);

/** `12-01 03:22` of an ISO time, in the local one. */
function shortTime(iso: string): string {
  const local = dateAt(Date.parse(iso) - dateAt(Date.parse(iso)).getTimezoneOffset() * 60_000).toISOString();
  return `${local.slice(5, 10)} ${local.slice(11, 16)}`;
}

/** Each port in a line, and below it its users; then the attachments, where there are any. */
export function table(title: string, ports: readonly PortStatus[], attachments: readonly AttachmentReport[], width = Infinity): string {
  const [heads = '', ...lines] = grid(
    COLUMNS,
    ports.map((p) => [
      p.name,
      p.state,
      String(p.users.length),
      String(p.more?.totalFromDevice ?? p.bytesFromDevice),
      String(p.more?.totalToDevice ?? p.bytesToDevice),
      [p.config ?? '', ...p.controls].filter((word) => word !== '').join(' ') || '-',
      p.accepter,
      p.device,
    ]),
    width,
  );
  const withUsers = ports.flatMap((p, i) => [
    lines[i]!,
    ...p.users.map(
      (user) =>
        `    ${user.address}  ${user.bytesIn} bytes in, ${user.bytesOut} bytes out${user.address === p.more?.writer ? ', has the right to write' : ''}`,
    ),
    ...(lacksDevice(p) && p.more?.lastError !== undefined ? [`    ${shortTime(p.more.lastError.at)}  ${p.more.lastError.text}`] : []),
    ...(p.closing === 'retained' ? [] : [`    will be ${p.closing} when its last user leaves`]),
  ]);
  const text = [
    fitted(`${title}: ${plural(ports.length, 'port')}`, width),
    ...(ports.length === 0 ? [] : [heads, ...withUsers.map((line) => fitted(line, width))]),
    ...(attachments.length === 0 ? [] : attached(attachments, width)),
  ];
  return `${text.join('\n')}\n`;
}

function attached(attachments: readonly AttachmentReport[], width: number): string[] {
  const rows = attachments.map((a) => [
    a.name,
    a.state,
    a.inUse ? 'yes' : 'no',
    String(a.bytesFromTarget),
    String(a.bytesToTarget),
    String(a.bytesWaiting),
    String(a.discardedFromTarget + a.discardedToTarget),
    String(a.connections),
    a.device,
    a.target,
  ]);
  return [plural(attachments.length, 'attachment'), ...grid(ATTACHMENT_COLUMNS, rows, width)];
}
