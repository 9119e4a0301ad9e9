// A private copy of this machine to install things on: root's view of all files, of which nothing that is written stays, with
// processes and a loopback of its own. Needs root, unshare and overlayfs; where one is missing, tests are skipped.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** $1: mount point, $2: folder to be seen as /given, $3: the script to run there. */
const ENTER = `
set -e
mount -t tmpfs -o mode=755 none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
cd "$1/root"
mount -t proc none proc
mount --rbind /dev dev
mount -t tmpfs -o mode=755 none run
mkdir -m 1777 run/lock
mkdir -p given
mount --bind "$2" given
[ -z "$3" ] && exit 0
rm -f usr/sbin/policy-rc.d
ip link set lo up
# ser2net 4.3.11 finds no address for a name on a machine that has none but loopback.
ip address add 192.0.2.1/32 dev lo
exec chroot . /bin/sh -e -c "$3"
`;

export interface Outcome {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function enter(given: string, script: string): SpawnSyncReturns<string> {
  const dir = mkdtempSync(join(tmpdir(), 'sandbox-'));
  try {
    const flags = ['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child'];
    return spawnSync('unshare', [...flags, '/bin/sh', '-c', ENTER, 'sh', dir, given, script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        LC_ALL: 'C.UTF-8',
        DEBIAN_FRONTEND: 'noninteractive',
        RUNLEVEL: '2',
        PREVLEVEL: 'N',
      },
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs a script there; it ends at the first command that fails. The folder given is /given. Nothing can be asked on a terminal. */
export function inSandbox(given: string, script: string): Outcome {
  const { status, stdout, stderr } = enter(given, script);
  return { status, out: stdout, err: stderr };
}

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** Why there can be no sandbox, or one of these commands is not there; undefined: all is well. */
export function whyNoSandbox(...commands: string[]): string | undefined {
  const missing = ['unshare', 'ip', ...commands].find((command) => !has(command));
  if (missing !== undefined) return `${missing} is not there`;
  if (process.getuid?.() !== 0) return 'only root can make a sandbox';
  const tried = enter(tmpdir(), '');
  return tried.status === 0 ? undefined : `a sandbox cannot be made here: ${tried.stderr.trim().split('\n').at(-1)}`;
}

/** What a script printed, by the headings it printed with `echo "## heading"`; what stands above the first is under the empty name. */
export function sections(out: string): Readonly<Record<string, string>> {
  const [first = '', ...rest] = out.split(/^## /m);
  return Object.fromEntries([['', first], ...rest.map((part) => [part.split('\n')[0]!, part.slice(part.indexOf('\n') + 1)] as const)]);
}
