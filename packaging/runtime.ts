// The Node.js that the standalone package carries, without its symbols: of the pinned version, or one that was named.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fetchPackage } from './fetch.ts';
import { type Architecture, type Machine, NODE_VERSION } from './machines.ts';

export interface Runtime {
  /** Where it is here. */
  readonly path: string;
  readonly content: Buffer;
  /** `24.22.3` */
  readonly version: string;
  /** Of Node.js and what is built into it. */
  readonly licence: Buffer | undefined;
  /** Whether its symbols could be left out. */
  readonly stripped: boolean;
}

/** Where the licence lies, seen from the folder of the program: the official archive, Debian's and NodeSource's packages. */
const LICENCES = ['../LICENSE', '../share/doc/nodejs/LICENSE', '../share/doc/nodejs/copyright'];

/** The strip that knows files of that kind of machine; binutils has one for each. */
const STRIP: Readonly<Record<Architecture, string>> = {
  amd64: 'x86_64-linux-gnu-strip',
  arm64: 'aarch64-linux-gnu-strip',
  armhf: 'arm-linux-gnueabihf-strip',
};

/**
 * Reads the runtime at that path. Without strip (of binutils) it stays as it is, which is about a seventh more.
 * @param version by default it is asked, which takes a machine that can run it.
 */
export function readRuntime(path: string, machine: Machine, version?: string): Runtime {
  const licence = LICENCES.map((at) => join(dirname(path), at)).find((at) => existsSync(at));
  const dir = mkdtempSync(join(tmpdir(), 'runtime-'));
  const small = join(dir, 'node');
  try {
    execFileSync(STRIP[machine.debian], ['-o', small, path], { stdio: 'ignore' });
  } catch {
    // No strip here.
  }
  const stripped = existsSync(small);
  const content = readFileSync(stripped ? small : path);
  rmSync(dir, { recursive: true });
  const asked = version ?? execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  return { path, content, version: asked, licence: licence === undefined ? undefined : readFileSync(licence), stripped };
}

/**
 * The pinned Node.js for a kind of machine, fetched into `cache`.
 * @throws Error when it cannot be fetched, or is not what its checksum says; undefined for a machine that has none.
 */
export function pinnedRuntime(machine: Machine, cache: string): { readonly path: string; readonly version: string } | undefined {
  if (machine.runtime === undefined) return undefined;
  return { path: join(fetchPackage(machine.runtime, cache), 'bin/node'), version: NODE_VERSION };
}

/** libstdc++6 of Debian that came with a version of GLIBCXX_3.4.N: the release of GCC. */
const GCC: readonly (readonly [glibcxx: number, gcc: number])[] = [
  [32, 13],
  [30, 12],
  [29, 11],
  [28, 9],
  [26, 9],
  [25, 8],
  [24, 7],
  [22, 6],
  [0, 5],
];

/** The newest N of `NAME_2.N` in the files' lists of symbol versions. */
function newest(files: readonly Buffer[], name: string): number {
  let found = 0;
  for (const content of files) {
    for (let at = content.indexOf(name); at !== -1; at = content.indexOf(name, at + 1)) {
      const end = /^[0-9]+(?=[.\0])/.exec(content.toString('latin1', at + name.length, at + name.length + 6));
      if (end !== null) found = Math.max(found, Number(end[0]));
    }
  }
  return found;
}

/** Debian's libraries that these programs need, as for Depends. */
export function libraries(files: readonly Buffer[]): string[] {
  const glibcxx = newest(files, 'GLIBCXX_3.4.');
  return [
    `libc6 (>= 2.${Math.max(newest(files, 'GLIBC_2.'), 17)})`,
    ...(files.some((content) => content.includes('libstdc++.so.6\0'))
      ? ['libgcc-s1', `libstdc++6 (>= ${GCC.find(([least]) => glibcxx >= least)![1]})`]
      : []),
    ...(files.some((content) => content.includes('libatomic.so.1\0')) ? ['libatomic1'] : []),
  ];
}
