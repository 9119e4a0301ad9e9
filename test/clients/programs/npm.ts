// npm's packages of the rows, from the folder they were installed in; and how a program of a row ends.
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** require() as of a program that lives in that folder. */
export const need = createRequire(join(process.env.CLIENTS_NPM ?? '.', 'program.cjs'));

/** Runs the program's body; its error is printed, and the exit code tells. */
export function program(body: () => Promise<void>): void {
  body().then(
    () => process.exit(0),
    (err: unknown) => {
      process.stderr.write(`${err instanceof Error ? err.stack : JSON.stringify(err)}\n`);
      process.exit(1);
    },
  );
}
