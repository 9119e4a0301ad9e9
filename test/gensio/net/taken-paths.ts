// What every kind of unix socket refuses at a path that is not its own: a file, unless delsock says otherwise, a socket of another
// kind that is in use, and an owner who does not exist.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { TestContext } from 'node:test';
import type { GensioError } from '../../../src/base/gensio-error.ts';

/** listen: the error of an attempt. fresh: a path where nothing is. */
export async function refusesTakenPaths(
  t: TestContext,
  listen: (path: string, opts?: { readonly delsock?: boolean; readonly owner?: string }) => Promise<GensioError | undefined>,
  fresh: () => string,
): Promise<void> {
  const file = fresh();
  writeFileSync(file, 'mine');
  assert.equal((await listen(file))?.code, 'addrinuse');
  assert.equal(await listen(file, { delsock: true }), undefined);
  const other = fresh();
  const server = createServer().listen(other);
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  assert.equal((await listen(other))?.code, 'addrinuse', 'a socket of another kind');
  const unowned = fresh();
  assert.equal((await listen(unowned, { owner: 'no-such-user-here' }))?.code, 'notfound');
  assert.equal(existsSync(unowned), false);
}
