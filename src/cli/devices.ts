// `ser2net devices`: the serial ports of this machine, for people, for programs, or as a configuration.
import { join } from 'node:path';
import { printable } from '../base/text.ts';
import { scalar } from '../config/yaml/quote.ts';
import { finalName, type HostPaths, THIS_HOST } from '../system/host.ts';
import { readListening } from '../system/listening.ts';
import { describeHolder, type Holder, OpenFiles } from '../system/open-files.ts';
import { type SerialDevice, serialDevices, stableName } from '../system/serial-devices.ts';
import type { SubcommandIo } from './subcommand.ts';

/** The options of `ser2net devices`. */
export interface DevicesFlags {
  /** --config: print a configuration. */
  readonly config?: boolean | undefined;
  /** --port: the first TCP port of that configuration. Default: 2001. */
  readonly port?: string | undefined;
  /** --all: list ports with no hardware behind them, too. */
  readonly all?: boolean | undefined;
  /** --json: print JSON. */
  readonly json?: boolean | undefined;
}

/** The first port of a configuration made here, when none is given. */
const FIRST_PORT = 2001;

/** The first port to listen on, as given or by default; `undefined` if the text is none. */
export function firstPort(given: string | undefined): number | undefined {
  const port = given === undefined ? FIRST_PORT : Number(given);
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? port : undefined;
}

/** 0: some are there. 1: none, or not those named. 2: a mistake in the words. */
export async function devices(
  names: readonly string[],
  { config, port, all, json }: DevicesFlags,
  io: SubcommandIo,
  host: HostPaths = THIS_HOST,
): Promise<number> {
  const first = firstPort(port);
  if (first === undefined) {
    io.err(`'${port}' is not a port from 1 to 65535\n`);
    return 2;
  }
  const there = serialDevices(host, all === true || names.length > 0);
  const wanted = names.map((name) => finalName(host, name.includes('/') ? name : `/dev/${name}`) ?? name);
  const found = names.length === 0 ? there : there.filter(({ path }) => wanted.includes(path));
  const missing = names.filter((_, i) => !found.some(({ path }) => path === wanted[i]));
  for (const name of missing) io.err(`'${name}' is not a serial port on this machine\n`);
  const holders = new OpenFiles(host);
  if (json === true)
    io.out(
      `${JSON.stringify(
        found.map((device) => asJson(device, holders)),
        undefined,
        2,
      )}\n`,
    );
  else if (config === true) io.out(configurationOf(found, first, host, holders));
  else if (found.length === 0 && missing.length === 0) io.err('No serial ports found.\n');
  else io.out(found.map((device) => describe(device, holders)).join(''));
  return found.length === 0 || missing.length > 0 ? 1 : 0;
}

const ids = ({ vendorId, productId }: SerialDevice): string | undefined =>
  vendorId === undefined ? undefined : `${vendorId}:${productId ?? '????'}`;

/** What it is, in a few words; '' when nothing is known. */
const titleOf = ({ manufacturer, product }: SerialDevice): string =>
  printable(
    product === undefined
      ? (manufacturer ?? '')
      : manufacturer === undefined || product.startsWith(manufacturer)
        ? product
        : `${manufacturer} ${product}`,
  );

function describe(device: SerialDevice, holders: OpenFiles): string {
  const { path, byId, byPath, driver, bus, serial, present } = device;
  const title = titleOf(device);
  const facts = [
    ids(device),
    serial === undefined ? undefined : `serial number ${printable(serial)}`,
    driver === undefined ? undefined : `driver ${driver}`,
    bus === undefined || ids(device) !== undefined ? undefined : bus,
  ].filter((each) => each !== undefined);
  const held = holders.findProcessesUsing(byId ?? path).map(describeHolder);
  const lines = [
    ...(byId === undefined ? [] : [byId]),
    ...(byPath === undefined ? [] : [byPath]),
    ...(facts.length === 0 ? [] : [facts.join(', ')]),
    ...(present ? [] : ['does not exist in /dev']),
    ...held.map((each) => `in use by ${each}`),
  ];
  return `${path}${title === '' ? '' : `  ${title}`}\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

const shown = ({ pid, name, how, file }: Holder): object => ({ pid, name, how, ...(file !== undefined && { file }) });

/** Keys are always there; null where a thing is not known. */
function asJson(device: SerialDevice, holders: OpenFiles): object {
  const { path, byId, byPath, driver, bus, vendorId, productId, manufacturer, product, serial, present } = device;
  const known = {
    byId,
    byPath,
    driver,
    bus,
    vendorId,
    productId,
    manufacturer,
    product,
    serial,
    interface: device.interface,
    port: device.port,
  };
  return {
    path,
    ...Object.fromEntries(Object.entries(known).map(([key, value]) => [key, value ?? null])),
    present,
    use: stableName(device),
    holders: holders.findProcessesUsing(byId ?? path).map(shown),
  };
}

/**
 * A file of version 1 that serves each device to this machine. TCP ports in use are left out; a device in use, such as the console of a
 * getty, is commented out.
 */
export function configurationOf(found: readonly SerialDevice[], first: number, host: HostPaths, holders: OpenFiles): string {
  const { tcp: taken } = readListening(join(host.proc, 'net'));
  const names = new Set<string>();
  const out = ['%YAML 1.1', '---', "# Only reachable from this machine: remove 'localhost,' to serve the network."];
  let port = first;
  let served = 0;
  for (const device of found) {
    while (taken.has(port)) port++;
    if (port > 65535) {
      out.push('', `# ${device.path}: no TCP port left.`);
      continue;
    }
    const held = holders.findProcessesUsing(device.byId ?? device.path).map(describeHolder);
    const title = titleOf(device);
    const about = [title, ids(device), device.serial === undefined ? '' : `serial number ${printable(device.serial)}`];
    out.push(
      '',
      `# ${device.path}: ${about.filter((each) => each !== undefined && each !== '').join(', ') || (device.driver ?? 'unknown hardware')}`,
      ...held.map((each) => `# In use by ${each}.`),
      ...[
        `connection: &${anchorFor(device, names)}`,
        `  accepter: telnet(rfc2217),tcp,localhost,${port}`,
        `  connector: ${scalar(`serialdev,${stableName(device)},9600n81,local`, 'v1')}`,
        '  options:',
        '    kickolduser: true',
      ].map((line) => (held.length > 0 ? `#${line}` : line)),
    );
    if (held.length === 0) served++;
    port++;
  }
  if (served === 0) out.push('', 'define: &confver 1.0');
  return `${out.join('\n')}\n`;
}

/** A name that stays with the device: what it is and its serial number, else what the kernel calls it. */
function anchorFor({ product, serial, path, interface: number, port }: SerialDevice, taken: Set<string>): string {
  const part = [
    number === undefined || number === 0 ? [] : [`if${number}`],
    port === undefined || port === 0 ? [] : [`port${port}`],
  ].flat();
  const words = serial === undefined ? [path.replace(/^\/dev\//, '')] : [product ?? 'serial', serial, ...part];
  const base =
    words
      .map((word) => word.replace(/[^A-Za-z0-9_]+/g, '-').replace(/^-+|-+$/g, ''))
      .filter((word) => word !== '')
      .join('-')
      .slice(0, 60) || 'port';
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  taken.add(name);
  return name;
}
