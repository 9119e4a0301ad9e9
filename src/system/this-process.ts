// What a process of this program needs whatever it does: to stay alive, to hear of its own failures, and to go by its name.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps the process alive, as streams that read nothing do not, until the function it returns is called. */
export function keepAlive(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}

/** Calls `report` for each exception and rejection that nothing caught, until the function it returns is called. */
export function onCrash(report: (err: unknown) => void): () => void {
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
  return () => {
    process.off('uncaughtException', report);
    process.off('unhandledRejection', report);
  };
}

/** A failure of our own as lines for the log, with where it was. */
export function crashLines(err: unknown): string[] {
  const stack = err instanceof Error ? (err.stack ?? err.message) : String(err);
  return `Internal error: ${stack}`.split('\n');
}

/** Shows `words` as the command in ps, and `ser2net` as the name of the process: start-stop-daemon and pidof look for that. */
export function takeName(words: readonly string[]): void {
  process.title = ['ser2net', ...words].join(' ');
  try {
    writeFileSync('/proc/self/comm', 'ser2net');
  } catch {
    // Without /proc the name of the process is the beginning of its title.
    process.title = 'ser2net';
  }
}

/** Where this process records its device links: the runtime directory of systemd, /run/ser2net for root, else that of the user. */
export function linkEnv(): { readonly stateDir: string | undefined; readonly pid: number } {
  const { RUNTIME_DIRECTORY: given = '', XDG_RUNTIME_DIR: user = '' } = process.env;
  const mine = process.getuid?.() === 0 ? '/run/ser2net' : user === '' ? undefined : join(user, 'ser2net');
  return { stateDir: given === '' ? mine : given.split(':')[0], pid: process.pid };
}
