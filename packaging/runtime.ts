// The Node.js runtime that the standalone package carries: the one this build runs with, without its symbols.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Runtime {
  readonly content: Buffer;
  /** Of Node.js and what is built into it. */
  readonly licence: Buffer | undefined;
  /** Whether its symbols could be left out. */
  readonly stripped: boolean;
}

/** Where the licence lies, seen from the folder of the program: the official archive, Debian's and NodeSource's packages. */
const LICENCES = ['../LICENSE', '../share/doc/nodejs/LICENSE', '../share/doc/nodejs/copyright'];

/** Reads the runtime at that path. Without strip (of binutils) it stays as it is, which is about a seventh more. */
export function readRuntime(path: string): Runtime {
  const licence = LICENCES.map((at) => join(dirname(path), at)).find((at) => existsSync(at));
  const dir = mkdtempSync(join(tmpdir(), 'runtime-'));
  const small = join(dir, 'node');
  try {
    execFileSync('strip', ['-o', small, path], { stdio: 'ignore' });
  } catch {
    // No strip here.
  }
  const stripped = existsSync(small);
  const content = readFileSync(stripped ? small : path);
  rmSync(dir, { recursive: true });
  return { content, licence: licence === undefined ? undefined : readFileSync(licence), stripped };
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
