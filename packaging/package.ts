// `npm run package`: builds the Debian packages and the archives from the compiled code. packaging/README.md says what is in them and why.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildArchive } from './archive.ts';
import type { Variant } from './contents.ts';
import { buildDeb, type Compression } from './deb.ts';
import { type Architecture, MACHINES, type Machine } from './machines.ts';
import { thisMachine } from './payload.ts';
import { pinnedRuntime, type Runtime, readRuntime } from './runtime.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const USAGE = `Usage: npm run package -- [options]
  --arch amd64|arm64|armhf|all     default: that of this machine
  --variant standalone|small|all   with its own Node.js (default; armhf has none), with the system's, or both
  --form deb|archive|all           a Debian package (default), an archive with install.sh (with its own Node.js), or both
  --node FILE                      the Node.js to carry, for the machine of this kind; default: the pinned one, fetched with npm
  --compression xz|zstd|gzip|none  default: xz
  --out DIR                        default: build/package
`;

const output = (command: string, ...args: string[]): string | undefined => {
  try {
    return execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
};

/** Of the last commit, so that a package can be built again bit by bit; outside a repository that of package.json. */
const time = (): number =>
  Number(process.env.SOURCE_DATE_EPOCH ?? output('git', 'log', '-1', '--format=%ct')) ||
  Math.floor(statSync(join(ROOT, 'package.json')).mtimeMs / 1000);

const one = <T extends string>(value: string, ...choices: readonly T[]): T | undefined => choices.find((choice) => choice === value);

function runtimeFor(machine: Machine, node: string | undefined, cache: string): Runtime {
  const named = node !== undefined && machine === thisMachine();
  const { path, version } = named ? { path: node, version: undefined } : pinnedRuntime(machine, cache)!;
  const runtime = readRuntime(path, machine, version);
  if (!runtime.stripped) process.stderr.write(`strip for ${machine.debian} (of binutils) is not here: Node.js goes in with its symbols\n`);
  if (runtime.licence === undefined) process.stderr.write(`no licence of Node.js found beside ${path}\n`);
  return runtime;
}

const tell = (path: string): void =>
  void process.stdout.write(`${relative(process.cwd(), path)}  ${(statSync(path).size / 1e6).toFixed(1)} MB\n`);

/** SHA256SUMS of all packages in the folder, for `sha256sum -c`. */
function writeSums(folder: string): void {
  const packages = readdirSync(folder).filter((name) => /^ser2net.*\.(?:deb|tar(?:\.[a-z]+)?)$/.test(name));
  const line = (name: string): string =>
    `${createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')}  ${name}\n`;
  writeFileSync(join(folder, 'SHA256SUMS'), packages.sort().map(line).join(''));
}

function main(): number {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', default: thisMachine().debian },
      variant: { type: 'string', default: 'standalone' },
      form: { type: 'string', default: 'deb' },
      node: { type: 'string' },
      compression: { type: 'string', default: 'xz' },
      out: { type: 'string', default: join(ROOT, 'build/package') },
    },
  });
  const arch = one<Architecture | 'all'>(values.arch, 'amd64', 'arm64', 'armhf', 'all');
  const variant = one<Variant | 'all'>(values.variant, 'standalone', 'small', 'all');
  const compression = one<Compression>(values.compression, 'xz', 'zstd', 'gzip', 'none');
  const form = one<'deb' | 'archive' | 'all'>(values.form, 'deb', 'archive', 'all');
  if (arch === undefined || variant === undefined || compression === undefined || form === undefined) {
    process.stderr.write(USAGE);
    return 1;
  }
  if (form !== 'archive' && output('dpkg-deb', '--version') === undefined) {
    process.stderr.write('dpkg-deb is needed to build the package\n');
    return 1;
  }
  const cache = join(ROOT, 'build/package-cache');
  const out = resolve(values.out);
  for (const machine of arch === 'all' ? Object.values(MACHINES) : [MACHINES[arch]]) {
    // Where no Node.js can be carried the system's is used.
    const wanted: Variant[] = machine.runtime === undefined ? ['small'] : variant === 'all' ? ['standalone', 'small'] : [variant];
    for (const each of wanted) {
      const runtime = each === 'standalone' ? runtimeFor(machine, values.node, cache) : undefined;
      const options = {
        root: ROOT,
        compiled: resolve(import.meta.dirname, '../src'),
        variant: each,
        runtime,
        node: machine === thisMachine() ? (runtime?.path ?? process.execPath) : undefined,
        compression,
        machine,
        cache,
        time: time(),
        out,
      };
      if (form !== 'archive') tell(buildDeb(options));
      // Without its own Node.js an archive would be what npm installs.
      if (form !== 'deb' && each === 'standalone') tell(buildArchive(options));
    }
  }
  writeSums(out);
  return 0;
}

try {
  process.exitCode = main();
} catch (err) {
  process.stderr.write(`${(err as Error).message}\n`);
  process.exitCode = 1;
}
