// What a section says about its connection that cannot be, or is hardly meant.
import type { Diag, Pos } from '../../base/diag.ts';
import { bottomOf, layersOf } from '../../gensio/syntax/stack.ts';
import type { DoorOptions } from '../../options/sections/port.ts';
import type { RecordOptions } from '../../options/sections/record.ts';
import type { Right, RightsOf } from '../../options/sections/shape.ts';
import type { LayerSpec } from '../../options/stack.ts';
import type { Config } from '../model.ts';

/** A section that was read by itself. */
interface Part {
  readonly name: string;
  readonly given: Readonly<Record<string, unknown>>;
  readonly pos: Pos;
  readonly places: ReadonlyMap<string, Pos>;
}

const NO_NAMES_HINT = 'names are proved by certauth, or by a certificate: ssl(...,CA=...,clientauth)';

/** Whether those who connect to this accepter can prove a name. */
const provesNames = (spec: LayerSpec | undefined): boolean =>
  layersOf(spec).some((layer) => layer.type === 'certauth' || (layer.type === 'ssl' && layer.opts.clientauth));

/** Whether this accepter can only be reached from this machine. */
export function isLocal(spec: LayerSpec | undefined): boolean {
  const bottom = bottomOf(spec);
  if (bottom === undefined || !('addrs' in bottom)) return true;
  return bottom.addrs.length > 0 && bottom.addrs.every(({ host }) => host !== undefined && /^(localhost|127\.[0-9.]+|::1)$/.test(host));
}

const ALL: readonly Right[] = ['read', 'write', 'control'];
const restricts = ({ names, others }: RightsOf): boolean => names !== undefined || ALL.some((right) => !others.includes(right));

/** What a recording says that cannot be. */
function checkRecord(part: Part): Diag[] {
  const record = part.given.record as RecordOptions | undefined;
  if (record?.file?.endsWith('.raw') !== true || record.directions.length === 1) return [];
  return [
    {
      code: 'bad-value',
      severity: 'error',
      pos: part.places.get('record.directions') ?? part.pos,
      text: 'a .raw file has the bytes of one side; two could not be told apart',
      hint: "record '.pcapng' or '.log', or one of the directions",
    },
  ];
}

/** Problems of a section `port`. shared: what `port-defaults` says. */
export function checkPort(part: Part, config: Config, shared: Part['given']): Diag[] {
  const connection = config.connections.find(({ name }) => name === part.name);
  if (connection === undefined) return [];
  const { spec } = connection.accepter;
  const rights = part.given.rights as RightsOf | undefined;
  const doors = (part.given.doors ?? []) as readonly DoorOptions[];
  const out: Diag[] = [];
  const error = (path: string, text: string, hint?: string): void => {
    out.push({ code: 'bad-value', severity: 'error', pos: part.places.get(path) ?? part.pos, text, ...(hint !== undefined && { hint }) });
  };
  if (rights?.names !== undefined && !provesNames(spec)) {
    error('rights', `rights by name, but nobody proves a name to '${connection.accepter.text}'`, NO_NAMES_HINT);
  }
  for (const [i, door] of doors.entries()) {
    const { accepter, rights: doorRights, auto } = door;
    if (accepter === undefined) continue;
    if (doorRights?.names !== undefined && !provesNames(accepter.spec)) {
      error(`doors.${i}.rights`, `rights by name, but nobody proves a name to '${accepter.text}'`, NO_NAMES_HINT);
    }
    if (auto && layersOf(accepter.spec).some(({ type }) => type === 'telnet')) {
      error(`doors.${i}.auto`, `'${accepter.text}' speaks telnet, so there is nothing to find out`, 'leave auto or telnet out');
    }
  }
  out.push(...checkRecord(part));
  if (part.given.history === undefined && shared.history === undefined) {
    const replays = doors.findIndex(({ replay }) => replay);
    if (replays >= 0) error(`doors.${replays}.replay`, "'replay' needs a history to play", "add 'history: 256k' to the port");
  }
  const restricted = doors.findIndex((door) => door.rights !== undefined && restricts(door.rights));
  if (restricted >= 0 && rights === undefined && shared.rights === undefined && !isLocal(spec)) {
    out.push({
      code: 'questionable',
      severity: 'warning',
      pos: part.places.get(`doors.${restricted}.accepter`) ?? part.pos,
      text: `this door restricts its clients, but '${connection.accepter.text}' of the same connection lets everyone do everything`,
      hint: "add 'rights:' to the port, or let the connection listen on localhost",
    });
  }
  return out;
}

/** Problems of the section `port-defaults`. except: connections that have rights of their own. */
export function checkPortDefaults(part: Part, { connections }: Config, except: ReadonlySet<string>): Diag[] {
  const rights = part.given.rights as RightsOf | undefined;
  const record = part.given.record as RecordOptions | undefined;
  const out = checkRecord(part);
  if (record?.file !== undefined && connections.length > 1 && !/\\[Nod]/.test(record.file)) {
    out.push({
      code: 'bad-value',
      severity: 'error',
      pos: part.places.get('record.file') ?? part.pos,
      text: `every port would record to '${record.file}'`,
      hint: 'put \\N into the name, which is that of the connection',
    });
  }
  const unable = rights?.names && connections.find(({ name, accepter }) => !except.has(name) && !provesNames(accepter.spec));
  if (unable === undefined) return out;
  return [
    ...out,
    {
      code: 'bad-value',
      severity: 'error',
      pos: part.places.get('rights') ?? part.pos,
      text: `rights by name, but nobody proves a name to '${unable.accepter.text}' of the connection '${unable.name}'`,
      hint: NO_NAMES_HINT,
    },
  ];
}
