// Files and variables that exist only in a test.
import type { Files } from '../../src/config/source.ts';

export const memoryFiles = (files: Readonly<Record<string, string | Buffer>>, variables: Readonly<Record<string, string>> = {}): Files => ({
  read: (path) => (Object.hasOwn(files, path) ? Buffer.from(files[path] as string) : { reason: 'No such file or directory' }),
  list: (dir) => {
    const prefix = dir === '.' ? '' : dir.endsWith('/') ? dir : `${dir}/`;
    const names = Object.keys(files)
      .filter((path) => path.startsWith(prefix) && path.length > prefix.length)
      .map((path) => path.slice(prefix.length).split('/')[0]!);
    return names.length === 0 ? undefined : [...new Set(names)];
  },
  exists: (path) => Object.keys(files).some((file) => file === path || file.startsWith(`${path}/`)),
  variable: (name) => variables[name],
  home: (user) => (user === '' ? '/home/me' : user === 'joe' ? '/home/joe' : undefined),
});
