// `ser2net reload`, `disconnect` and `monitor`: what a running daemon is told through its control port.
import { fieldsOf } from '../admin/document.ts';
import { HexView } from '../attach/console/hex-view.ts';
import { decodeRaw, encodeRaw } from '../base/raw-text.ts';
import { type AdminClient, answerIn, connectAdmin, NO_ADMIN, openConsole } from './admin-client.ts';
import type { SubcommandIo } from './subcommand.ts';

/** Where the control port is. */
export interface ControlFlags {
  /** The control port; otherwise the configuration says it. */
  readonly admin?: string | undefined;
  /** The configuration; default: that of the service. */
  readonly file?: string | undefined;
}

/** Longest wait for a reload, ms: names are looked up, and each listener is tried. */
const RELOAD_MS = 120_000;

/** Connects, and lets talk() have the connection; the exit status is what that gives, or 1 with the reason. */
async function withClient(
  name: string,
  flags: ControlFlags,
  io: SubcommandIo,
  talk: (client: AdminClient) => Promise<number>,
): Promise<number> {
  const reached = await connectAdmin(flags);
  if (!('client' in reached)) {
    io.err(`ser2net ${name}: ${'failed' in reached ? reached.failed : NO_ADMIN}\n`);
    return 1;
  }
  try {
    return await talk(reached.client);
  } catch (err) {
    io.err(`ser2net ${name}: ${(err as Error).message}\n`);
    return 1;
  } finally {
    reached.client.close();
  }
}

/** Reloads and waits for the outcome. 0: in force, problems of single items are told; 1: refused, or nobody answers. */
export const reload = (flags: ControlFlags, io: SubcommandIo): Promise<number> =>
  withClient('reload', flags, io, async (client) => {
    const response = await client.exchange(['reload'], RELOAD_MS);
    const said = fieldsOf(response, 'error').map(({ value }) => String(value));
    const done = said.at(-1) === 'reload done';
    for (const problem of said.slice(0, -1)) io.err(`${problem}\n`);
    if (done) io.out('reloaded\n');
    else io.err(`ser2net reload: the configuration was refused and nothing was changed (${said.at(-1) ?? 'no answer'})\n`);
    return done ? 0 : 1;
  });

/** Disconnects the users of a port, or one of them. 0: done; 1: no such port or user, or nobody answers. */
export const disconnect = (port: string, user: string | undefined, flags: ControlFlags, io: SubcommandIo): Promise<number> =>
  withClient('disconnect', flags, io, async (client) => {
    await client.ask(...(user === undefined ? ['disconnect', port] : ['disconnectuser', port, user]));
    return 0;
  });

/** Prints what passes through a port until the connection ends. 0: nobody reads on; 1: no such port, or the daemon has ended. */
export async function monitor(
  port: string,
  direction: 'tcp' | 'term',
  flags: ControlFlags & { readonly hex?: boolean | undefined },
  io: SubcommandIo,
): Promise<number> {
  const fail = (why: string): number => {
    io.err(`ser2net monitor: ${why}\n`);
    return 1;
  };
  const gensio = await openConsole(flags);
  if (typeof gensio === 'string') return fail(gensio);
  const { stdout } = process;
  const view = flags.hex === true ? new HexView() : undefined;
  const show = (data: Buffer): void => {
    if (data.length > 0 && !stdout.write(view === undefined ? Buffer.from(data) : view.lines(data))) gensio.setReading(false);
  };
  const status = await new Promise<number>((resolve) => {
    /** What was said before the data; `undefined` while data comes. */
    let said: string | undefined = '';
    gensio.up = {
      read: (data) => {
        if (said === undefined) return show(data);
        said += decodeRaw(data);
        const got = answerIn(said);
        if (got === undefined) return;
        said = undefined;
        if (got.answer !== '') return resolve(fail(got.answer));
        show(encodeRaw(got.rest));
      },
      writable: () => undefined,
      closed: (err) =>
        resolve(fail(said !== undefined && said.trim() !== '' ? said.trim() : (err?.message ?? 'the connection was closed'))),
    };
    stdout.on('drain', () => gensio.setReading(true));
    stdout.once('error', () => resolve(0));
    gensio.setReading(true);
    gensio.write(encodeRaw(`monitor ${direction} ${port}\r`));
  });
  gensio.abort();
  return status;
}
