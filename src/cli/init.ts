// `ser2net init`: writes a first configuration, with a connection for each serial port of this machine. An existing file is never changed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { strerror } from '../base/strerror.ts';
import { plural } from '../base/text.ts';
import { type HostPaths, THIS_HOST } from '../system/host.ts';
import { OpenFiles } from '../system/open-files.ts';
import { serialDevices } from '../system/serial-devices.ts';
import { configurationOf, firstPort } from './devices.ts';
import { newServiceFile } from './read-configuration.ts';
import type { SubcommandIo } from './subcommand.ts';

/** The options of `init`. */
interface InitFlags {
  /** The first port to listen on. */
  readonly port?: string | undefined;
  /** Also ports with no hardware behind them. */
  readonly all?: boolean | undefined;
}

/** What follows the connections. */
const CONTROL_PORT = `
# The control port, for ser2net status, reload, disconnect and monitor. It has no password: keep it on localhost.
#admin:
#  accepter: tcp,localhost,2000
`;

/** 0: written. 1: the file exists, cannot be written, or there are no ports. 2: a mistake in the arguments. */
export function init(given: string | undefined, { port, all }: InitFlags, io: SubcommandIo, host: HostPaths = THIS_HOST): number {
  const fail = (text: string, status = 1): number => {
    io.err(`ser2net init: ${text}\n`);
    return status;
  };
  const first = firstPort(port);
  if (first === undefined) return fail(`'${port}' is not a port from 1 to 65535`, 2);
  const file = given ?? newServiceFile();
  const found = serialDevices(host, all === true);
  if (found.length === 0) return fail('no serial ports found, nothing was written');
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, configurationOf(found, first, host, new OpenFiles(host)) + CONTROL_PORT, { flag: 'wx', mode: 0o644 });
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'EEXIST') return fail(`${file} exists and was not changed; name another file`);
    return fail(`cannot write ${file}: ${strerror(err)}`);
  }
  io.out(`${file}: ${plural(found.length, 'serial port')}. Check it with: ser2net check ${file}\n`);
  return 0;
}
