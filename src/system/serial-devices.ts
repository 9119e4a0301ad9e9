// The serial ports of this machine as the kernel and udev show them: /sys/class/tty and the links of /dev/serial. No port is opened.
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { deviceFacts, finalName, type HostPaths, listDir, readLink, readText } from './host.ts';

/** A serial port of this machine, as the kernel and udev describe it. */
export interface SerialDevice {
  /** /dev/ttyUSB0 */
  readonly path: string;
  /** Links of udev: names that stay when devices are plugged in in another order (by id), or in the same place (by path). */
  readonly byId: string | undefined;
  /** The link that stays with the place it is plugged into. */
  readonly byPath: string | undefined;
  /** The name of its kernel driver. */
  readonly driver: string | undefined;
  /** usb, pci, pnp, platform, ...: what it is plugged into. */
  readonly bus: string | undefined;
  /** Hexadecimal, four digits each. */
  readonly vendorId: string | undefined;
  /** Hexadecimal, four digits. */
  readonly productId: string | undefined;
  /** As the USB device names it. */
  readonly manufacturer: string | undefined;
  /** As the USB device names it. */
  readonly product: string | undefined;
  /** The serial number of the USB device. */
  readonly serial: string | undefined;
  /** Which of several ports of a USB device: the interface's number, and the port's within it. */
  readonly interface: number | undefined;
  /** The port's number within its USB interface. */
  readonly port: number | undefined;
  /** Whether there is a node for it under /dev. */
  readonly present: boolean;
}

/** Links below /dev/serial by what they lead to. Of several the first in the order of the alphabet. */
function linksIn(host: HostPaths, dir: 'by-id' | 'by-path'): Map<string, string> {
  const out = new Map<string, string>();
  for (const name of listDir(join(host.dev, 'serial', dir))) {
    const link = `/dev/serial/${dir}/${name}`;
    const target = finalName(host, link);
    // udev makes two links for a place, with and without the version of USB; the shorter is the old one, which stays.
    if (target !== undefined && !out.has(target)) out.set(target, link);
  }
  return out;
}

/** Ports with hardware behind them. all: also the places the kernel keeps for UARTs it did not find. */
export function serialDevices(host: HostPaths, all: boolean): SerialDevice[] {
  const byId = linksIn(host, 'by-id');
  const byPath = linksIn(host, 'by-path');
  const root = join(host.sys, 'class/tty');
  return listDir(root)
    .sort(naturally)
    .flatMap((name) => {
      const dir = join(root, name);
      // Consoles and pseudo-terminals have no device; a UART of type 0 was not found.
      if (readLink(join(dir, 'device')) === undefined || (!all && readText(join(dir, 'type')) === '0')) return [];
      const path = `/dev/${name.replaceAll('!', '/')}`;
      return [{ path, byId: byId.get(path), byPath: byPath.get(path), present: isThere(host, path), ...hardware(dir, host) }];
    });
}

/** ttyS2 before ttyS10. */
const naturally = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function isThere(host: HostPaths, path: string): boolean {
  try {
    return deviceFacts(host, path) !== undefined;
  } catch {
    return false;
  }
}

type Hardware = Omit<SerialDevice, 'path' | 'byId' | 'byPath' | 'present'>;

/** Layers of the kernel's own between a port and what drives it. */
const BETWEEN = ['port', 'ctrl', 'serial-base'];

/** What the directories from the port's device up to the root say. */
function hardware(tty: string, host: HostPaths): Hardware {
  const found: { -readonly [K in keyof Hardware]: Hardware[K] } = {
    driver: undefined,
    bus: undefined,
    vendorId: undefined,
    productId: undefined,
    manufacturer: undefined,
    product: undefined,
    serial: undefined,
    interface: undefined,
    port: undefined,
  };
  let dir: string;
  let top: string;
  try {
    dir = realpathSync(join(tty, 'device'));
    top = realpathSync(host.sys);
  } catch {
    return found;
  }
  found.port = numberIn(readText(join(dir, 'port_number')), 10);
  for (; dir.startsWith(`${top}/`); dir = dirname(dir)) {
    const driver = nameOfLink(join(dir, 'driver'));
    if (driver !== undefined && !BETWEEN.includes(driver)) found.driver ??= driver;
    const subsystem = nameOfLink(join(dir, 'subsystem'));
    if (subsystem !== undefined && !BETWEEN.includes(subsystem) && subsystem !== 'usb-serial' && subsystem !== 'tty')
      found.bus ??= subsystem;
    found.interface ??= numberIn(readText(join(dir, 'bInterfaceNumber')), 16);
    const usb = readText(join(dir, 'idVendor'));
    const pci = usb === undefined ? hexOf(readText(join(dir, 'vendor'))) : undefined;
    if (usb === undefined && pci === undefined) continue;
    found.vendorId = usb ?? pci;
    found.productId = usb === undefined ? hexOf(readText(join(dir, 'device'))) : readText(join(dir, 'idProduct'));
    if (usb !== undefined) {
      found.manufacturer = readText(join(dir, 'manufacturer')) || undefined;
      found.product = readText(join(dir, 'product')) || undefined;
      found.serial = readText(join(dir, 'serial')) || undefined;
    }
    break;
  }
  return found;
}

const nameOfLink = (path: string): string | undefined => {
  const target = readLink(path);
  return target === undefined ? undefined : basename(target);
};
const hexOf = (text: string | undefined): string | undefined => /^0x([0-9a-f]{4})$/.exec(text ?? '')?.[1];
function numberIn(text: string | undefined, base: 10 | 16): number | undefined {
  const n = Number.parseInt(text ?? '', base);
  return Number.isNaN(n) ? undefined : n;
}

/** The name to use in a configuration: one that stays. Built-in ports have theirs for good. */
export const stableName = ({ path, byId, byPath, bus }: SerialDevice): string => byId ?? (bus === 'usb' ? byPath : undefined) ?? path;
