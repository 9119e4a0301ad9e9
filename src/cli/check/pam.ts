// `ser2net check`: whether a service of PAM that is to decide about passwords is there. PAM itself is not asked.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Diag, Pos } from '../../base/diag.ts';
import { libc } from '../../base/libc.ts';
import type { ConfigWithOrigins } from '../../config/model.ts';
import { findLayer, type Stack } from '../../gensio/syntax/stack.ts';

/** Where services are described, in the order PAM looks; and the file that may describe all of them. */
const FOLDERS = ['/etc/pam.d', '/usr/lib/pam.d'];
const ONE_FILE = '/etc/pam.conf';

/** Whether a stack asks users for something. */
const asks = ({ spec }: Stack): boolean => findLayer(spec, 'certauth') !== undefined;

/** A warning for each service that is named and not described, where an accepter uses it. folders, oneFile: for tests. */
export function pamProblems({ config, origins }: ConfigWithOrigins, folders: readonly string[] = FOLDERS, oneFile = ONE_FILE): Diag[] {
  const { admin, rotators, connections } = config;
  const all: { readonly accepter: Stack; readonly pamauth: string | undefined; readonly pos: Pos }[] = [
    ...(admin === undefined ? [] : [admin]),
    ...[...rotators, ...connections.filter(({ enable }) => enable)].map(({ accepter, options, pos }) => ({
      accepter,
      pamauth: options.pamauth,
      pos,
    })),
  ];
  return all.flatMap(({ accepter, pamauth = '', pos }): Diag[] => {
    if (pamauth === '' || !asks(accepter)) return [];
    const place = { severity: 'warning', pos: origins.placeOf(pos, 'options.pamauth') } as const;
    if (libc() === undefined)
      return [{ ...place, code: 'not-found', text: 'pamauth needs koffi, which is not installed: no password will be accepted' }];
    const found =
      folders.some((folder) => existsSync(join(folder, pamauth.toLowerCase()))) || (existsSync(oneFile) && !existsSync(folders[0]!));
    if (found) return [];
    const text = `pamauth: ${folders[0]}/${pamauth} does not exist: PAM's rules for 'other' apply`;
    return [{ ...place, code: 'not-found', text }];
  });
}
