// `ser2net check --devices`: whether the devices a configuration names are there and free. Nothing is opened.
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { findGroup } from '../../base/accounts.ts';
import type { Diag, Pos } from '../../base/diag.ts';
import { strerror } from '../../base/strerror.ts';
import { nearest } from '../../base/text.ts';
import { deviceOf } from '../../config/check.ts';
import type { ConfigWithOrigins, ConnectionConfig } from '../../config/model.ts';
import type { Origins } from '../../config/origin.ts';
import { lockName, locksByDefault } from '../../gensio/serialdev/uucp-lock.ts';
import { bottomOf } from '../../gensio/syntax/stack.ts';
import { type DeviceFacts, deviceFacts, type HostPaths, listDir, realPlace } from '../../system/host.ts';
import { describeHolder, type OpenFiles } from '../../system/open-files.ts';

/** What the check of devices looks at. */
interface DeviceCheck {
  /** The machine whose devices they are. */
  readonly host: HostPaths;
  /** Finds the processes that use them. */
  readonly holders: OpenFiles;
  /** The file that is checked: a daemon that serves it may hold its devices. Default: that of the service. */
  readonly file: string | undefined;
  /** Off with -u. */
  readonly uucpLocks: boolean;
}

type Severity = Diag['severity'];

/** Problems of all devices and LEDs of a configuration, in its order. */
export function deviceProblems({ config, origins }: ConfigWithOrigins, check: DeviceCheck): Diag[] {
  const out: Diag[] = [];
  const add = (severity: Severity, code: Diag['code'], pos: Pos, text: string, hint?: string): void => {
    out.push({ severity, code, pos, text, ...(hint !== undefined && { hint }) });
  };
  for (const { pos, device, name } of config.leds) {
    if (listDir(join(check.host.sys, 'class/leds', device)).length > 0) continue;
    const near = nearest(device, listDir(join(check.host.sys, 'class/leds')));
    const hint = near === undefined ? undefined : `did you mean '${near}'?`;
    add('warning', 'no-device', origins.placeOf(pos, 'options.device'), `LED '${name}': /sys/class/leds has no '${device}'`, hint);
  }
  let firstLocked: ConnectionConfig | undefined;
  for (const connection of config.connections) {
    const device = deviceOf(connection.connector);
    if (!connection.enable || device === undefined || device === '') continue;
    const pos = origins.placeOf(connection.pos, 'connector');
    const facts = lookAt(device, pos, check.host, add);
    if (facts === undefined) continue;
    if (bottomType(connection) !== 'dev') judgeKind(device, facts, pos, add);
    judgeAccess(device, facts, pos, check.host, add);
    if (facts.tty !== false) judgeHolders(device, pos, check, add);
    if (wantsLock(connection, device)) firstLocked ??= connection;
  }
  if (firstLocked !== undefined && check.uucpLocks) judgeLocks(firstLocked, origins, check.host, add);
  return out;
}

type Add = (severity: Severity, code: Diag['code'], pos: Pos, text: string, hint?: string) => void;

const bottomType = ({ connector }: ConnectionConfig): string | undefined => bottomOf(connector.spec)?.type;

function wantsLock({ connector }: ConnectionConfig, device: string): boolean {
  const bottom = bottomOf(connector.spec);
  if (bottom?.type !== 'serialdev' && bottom?.type !== 'sdev') return false;
  const { uucplock, nouucplock } = bottom.opts;
  return uucplock ?? (nouucplock === undefined ? locksByDefault(device) : !nouucplock);
}

function lookAt(device: string, pos: Pos, host: HostPaths, add: Add): DeviceFacts | undefined {
  let facts: DeviceFacts | undefined;
  try {
    facts = deviceFacts(host, device);
  } catch (err) {
    add('error', 'no-device', pos, `${device} cannot be looked at: ${strerror(err)}`);
    return undefined;
  }
  if (facts === undefined) add('error', 'no-device', pos, `${device} does not exist`, missingHint(device, host));
  return facts;
}

/** A name without its number. */
const stem = (name: string): string => name.replace(/[0-9]+$/, '').toLowerCase();

/** What is there instead: the device nearest in name, or whatever is plugged in. */
function missingHint(device: string, host: HostPaths): string | undefined {
  const serial = listDir(join(host.dev, 'serial/by-id')).map((name) => `/dev/serial/by-id/${name}`);
  const terminals = listDir(host.dev)
    .filter((name) => /^tty[A-Z]/.test(name))
    .map((name) => `/dev/${name}`);
  // Only one of its kind can be meant: /dev/ttyS0 is not another name of /dev/ttyUSB0.
  const kind = device.startsWith('/dev/serial/') ? serial : terminals.filter((name) => stem(name) === stem(device));
  const near = nearest(device, kind);
  if (near !== undefined) return `did you mean '${near}'?`;
  const dir = device.slice(0, device.lastIndexOf('/'));
  if (dir.startsWith('/dev/serial/') && serial.length > 0)
    return `there is ${serial.slice(0, 4).join(', ')}${serial.length > 4 ? ', ...' : ''}`;
  return serial.length > 0 ? "'ser2net devices' lists the connected devices" : undefined;
}

function judgeKind(device: string, { character, directory, tty }: DeviceFacts, pos: Pos, add: Add): void {
  if (directory) add('error', 'no-device', pos, `${device} is a directory`);
  else if (!character)
    add(
      'error',
      'no-device',
      pos,
      `${device} is a file, not a device`,
      'a program that wrote to it while no device was connected left it behind: remove it',
    );
  else if (tty === false) add('error', 'no-device', pos, `${device} is a device, but not a tty`);
}

function judgeAccess(device: string, { mode, gid }: DeviceFacts, pos: Pos, host: HostPaths, add: Add): void {
  try {
    accessSync(realPlace(host, device), constants.R_OK | constants.W_OK);
  } catch {
    const group = (mode & 0o060) === 0o060 ? findGroup(gid)?.name : undefined;
    const hint = group === undefined ? undefined : `add the user to group '${group}': usermod -a -G ${group} USER`;
    add('warning', 'no-access', pos, `this user has no read/write access to ${device}`, hint);
  }
}

function judgeHolders(device: string, pos: Pos, { holders, file }: DeviceCheck, add: Add): void {
  const found = holders.findProcessesUsing(device);
  // The daemon that serves this configuration has its devices; who else does, it will find out.
  const others = found.filter(({ pid }) => !holders.serves(pid, file));
  if (others.length === 0) return;
  const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
  add('warning', 'device-busy', pos, `${device} is in use by ${others.slice(0, 3).map(describeHolder).join(', ')}${more}`);
}

/** Also through a link: /var/lock usually leads to a directory in memory. */
function judgeLocks(connection: ConnectionConfig, origins: Origins, { locks }: HostPaths, add: Add): void {
  const pos = origins.placeOf(connection.pos, 'connector');
  const name = lockName(deviceOf(connection.connector)!);
  const without = 'the daemon then works without lock files; -u turns them off deliberately';
  if (statSync(locks, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return add('warning', 'lock-dir', pos, `${locks} does not exist: ${name} cannot be created`, without);
  }
  try {
    accessSync(locks, constants.W_OK | constants.X_OK);
  } catch (err) {
    add('warning', 'lock-dir', pos, `this user cannot write to ${locks}: ${strerror(err)}`, without);
  }
}
