// `npm run package`: builds the Debian packages from the compiled code. packaging/README.md says what is in them and why.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb, type Compression, type Variant } from './deb.ts';
import { readRuntime } from './runtime.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const USAGE = `Usage: npm run package -- [options]
  --variant standalone|small|all   with its own Node.js (default), with the system's, or both
  --node FILE                      the Node.js to carry; default: the one that runs this
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

function main(): number {
  const { values } = parseArgs({
    options: {
      variant: { type: 'string', default: 'standalone' },
      node: { type: 'string', default: process.execPath },
      compression: { type: 'string', default: 'xz' },
      out: { type: 'string', default: join(ROOT, 'build/package') },
    },
  });
  const { variant, node, compression, out } = values;
  if (!['standalone', 'small', 'all'].includes(variant) || !['xz', 'zstd', 'gzip', 'none'].includes(compression)) {
    process.stderr.write(USAGE);
    return 1;
  }
  const architecture = output('dpkg', '--print-architecture');
  if (architecture === undefined) {
    process.stderr.write('dpkg and dpkg-deb are needed to build the package\n');
    return 1;
  }
  const variants: Variant[] = variant === 'all' ? ['standalone', 'small'] : [variant as Variant];
  for (const one of variants) {
    const runtime = one === 'standalone' ? readRuntime(node) : undefined;
    if (runtime?.stripped === false) process.stderr.write('strip (of binutils) is not here: Node.js goes in as it is\n');
    if (runtime !== undefined && runtime.licence === undefined) process.stderr.write(`no licence of Node.js found beside ${node}\n`);
    const path = buildDeb({
      root: ROOT,
      compiled: resolve(import.meta.dirname, '../src'),
      variant: one,
      runtime,
      compression: compression as Compression,
      architecture,
      time: time(),
      out: resolve(out),
    });
    process.stdout.write(`${relative(process.cwd(), path)}  ${(statSync(path).size / 1e6).toFixed(1)} MB\n`);
  }
  return 0;
}

process.exitCode = main();
