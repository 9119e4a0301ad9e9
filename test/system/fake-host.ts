// A machine in a directory: /sys, /dev, /proc and the lock directory, with what tests put there.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostPaths } from '../../src/system/host.ts';
import { makeDirectory } from '../cli/command-rig.ts';

export class FakeHost {
  readonly host: HostPaths;
  constructor() {
    const root = makeDirectory();
    this.host = { sys: join(root, 'sys'), dev: join(root, 'dev'), proc: join(root, 'proc'), locks: join(root, 'locks') };
    for (const dir of Object.values(this.host)) mkdirSync(dir);
  }

  file(at: keyof HostPaths, path: string, text = ''): void {
    const full = join(this.host[at], path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
  link(at: keyof HostPaths, path: string, target: string): void {
    const full = join(this.host[at], path);
    mkdirSync(dirname(full), { recursive: true });
    symlinkSync(target, full);
  }

  /** A port of a USB converter, as the kernel and udev show it. */
  usb(
    name: string,
    { id, serial, product = 'FT232R USB UART', port = '1-2' }: { id?: string; serial?: string; product?: string; port?: string },
  ): void {
    const usb = `devices/pci0000:00/0000:00:14.0/usb1/${port}`;
    const at = `${usb}/${port}:1.0/${name}`;
    this.file('sys', `${usb}/idVendor`, '0403\n');
    this.file('sys', `${usb}/idProduct`, '6001\n');
    this.file('sys', `${usb}/manufacturer`, 'FTDI\n');
    this.file('sys', `${usb}/product`, `${product}\n`);
    if (serial !== undefined) this.file('sys', `${usb}/serial`, `${serial}\n`);
    this.file('sys', `${usb}/${port}:1.0/bInterfaceNumber`, '00\n');
    this.link('sys', `${usb}/${port}:1.0/subsystem`, '/sys/bus/usb');
    this.file('sys', `${at}/port_number`, '0\n');
    this.link('sys', `${at}/driver`, '/sys/bus/usb-serial/drivers/ftdi_sio');
    this.link('sys', `${at}/subsystem`, '/sys/bus/usb-serial');
    this.link('sys', `${at}/tty/${name}/device`, '../..');
    this.link('sys', `class/tty/${name}`, `../../${at}/tty/${name}`);
    this.file('dev', name);
    if (id !== undefined) this.link('dev', `serial/by-id/${id}`, `../../${name}`);
    this.link('dev', `serial/by-path/pci-0000:00:14.0-usb-0:${port.slice(2)}:1.0-port0`, `../../${name}`);
  }

  /** A UART on the board; type 0: the kernel found none. */
  uart(name: string, type: number): void {
    const at = `devices/platform/serial8250/serial8250:0/serial8250:0.0/tty/${name}`;
    this.file('sys', `${at}/type`, `${type}\n`);
    this.link('sys', `${at}/device`, '../..');
    this.link('sys', `class/tty/${name}`, `../../${at}`);
    if (type !== 0) this.file('dev', name);
  }

  /** A process that has these open. */
  process(pid: number, name: string, open: readonly string[], command = name, cwd = '/'): void {
    this.file('proc', `${pid}/comm`, `${name}\n`);
    this.file('proc', `${pid}/stat`, `${pid} (${name}) S\n`);
    this.file('proc', `${pid}/cmdline`, command.replaceAll(' ', '\0'));
    this.link('proc', `${pid}/cwd`, cwd);
    for (const [fd, target] of open.entries()) this.link('proc', `${pid}/fd/${fd}`, target);
  }
}
