// The program for machines without apt, as an archive: the files of the Debian package below one folder, and a script that installs them
// below a prefix. Put together with tar.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContentsOptions, contents, type Tree, withFolder } from './contents.ts';
import type { Compression } from './deb.ts';

export interface ArchiveOptions extends ContentsOptions {
  readonly compression: Compression;
  /** Of every file, in seconds since 1970. */
  readonly time: number;
  /** The folder the archive goes to. */
  readonly out: string;
}

/** tar's flag and the end of the name, for each compression. */
const FORMS: Readonly<Record<Compression, readonly [flags: readonly string[], end: string]>> = {
  xz: [['--use-compress-program=xz -T1'], '.xz'],
  zstd: [['--zstd'], '.zst'],
  gzip: [['--use-compress-program=gzip -n'], '.gz'],
  none: [[], ''],
};

/** What `uname -m` says of a kind of machine. */
const UNAME = { amd64: 'x86_64', arm64: 'aarch64', armhf: 'armv7l' } as const;

/** Builds the archive and gives its path. Needs tar, and the program of the compression. */
export function buildArchive(options: ArchiveOptions): string {
  const { root, machine, compression, time, out } = options;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = `ser2net-${version}-linux-${machine.node}`;
  const script = readFileSync(join(root, 'packaging/install.sh'), 'utf8').replace('@MACHINE@', UNAME[machine.debian]);
  const files: Tree = new Map([[`${folder}/install.sh`, { content: Buffer.from(script), mode: 0o755 }]]);
  for (const [path, entry] of contents(options)) files.set(`${folder}/files/${path}`, entry);
  const [flags, end] = FORMS[compression];
  const path = join(out, `${folder}.tar${end}`);
  mkdirSync(out, { recursive: true });
  return withFolder(files, [], time, (stage) => {
    const owner = ['--owner=0', '--group=0', '--numeric-owner', `--mtime=@${time}`, '--sort=name', '--format=gnu'];
    execFileSync('tar', [...owner, ...flags, '-cf', path, '-C', stage, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    return path;
  });
}
