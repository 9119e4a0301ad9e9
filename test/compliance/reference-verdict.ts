// What ser2net 4.3.11 says to a configuration: it is started with it and ended as soon as it is ready.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What it said. */
export interface Verdict {
  /** What it refuses, in its words: each once. */
  readonly refused: readonly string[];
  /** It did not come to an end of the reading: a crash, or more than the time given. */
  readonly crashed: boolean;
  /** Where it listens: `tcp 2000`, `udp 2000`, sorted. */
  readonly listening: readonly string[];
}

/**
 * Words before a command that give it a network of its own, so that nothing that listens here is in the way. Names and addresses are
 * only looked up where there is an address besides that of loopback.
 */
export const OWN_NETWORK: readonly string[] = [
  'unshare',
  '-rn',
  'sh',
  '-c',
  'ip link set lo up && ip addr add 192.0.2.1/32 dev lo && ip addr add 2001:db8::1/128 dev lo nodad && exec "$@"',
  'sh',
];
/** Whether there can be one here. */
export const ownNetworkIsPossible = (): boolean => spawnSync(OWN_NETWORK[0]!, [...OWN_NETWORK.slice(1), 'true']).status === 0;

/** The ports that a process's network listens on. */
function portsOf(pid: number): string[] {
  const ports = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === '0A' || (state === '07' && table.startsWith('udp')))
      .map(([, local = '']) => `${table.slice(0, 3)} ${Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)}`),
  );
  return [...new Set(ports)].sort();
}

/** What it prints that says nothing about the file, but about this machine or this moment. */
const NOT_ABOUT_THE_FILE: readonly RegExp[] = [
  /^Unable to start mdns/,
  /^mdns:/,
  /^ser2net:WARNING: Using old config/,
  /^soon\. {2}Please switch/,
  /^Unable to startup network port/,
  /Error opening gensio: /,
  /^Failed to start rotator.*(Address already in use|OS error, see logs|Object was already in use)/,
  /^Unable to start controller accepter: (Address already in use|OS error, see logs|Object was already in use)/,
  /^led: Unable to open/,
  // It takes these, too, and only remarks on them.
  /Anchor on non-scalar ignored/,
  /^Tracefile .* not found, it will be ignored/,
  /^Device open failure/,
  /^Unable to enable port device/,
  /^accepter start failed/,
  /^port accepter .* is now started/,
  /^Port in use by/,
  /^gensio log: /,
  /^ser2net startup/,
];

/** "No state" in a classic line that only has space or a comment, where nothing is lost. */
function aboutNothing(line: string, text: string): boolean {
  const number = /^No state given on line (\d+)$/.exec(line)?.[1];
  return number !== undefined && /^\s*(#.*)?$/.test(text.split('\n')[Number(number) - 1] ?? 'x');
}

/** The lines that are about the file. `-d` puts some out twice: directly and through the log. */
function aboutTheFile(stderr: string, text: string): string[] {
  const lines = stderr
    .split('\n')
    .map((line) => line.replace(/^ser2net\[\d+\]: /, '').trimEnd())
    .filter(
      (line) =>
        line !== '' &&
        !NOT_ABOUT_THE_FILE.some((pattern) => pattern.test(line.replace(/^\S+:\d+\(column \d+\): /, ''))) &&
        !aboutNothing(line, text),
    );
  return [...new Set(lines)];
}

const TIME_MS = 20_000;

/** Starts the reference, with the words before its options, on a file. */
export function verdictOf(command: readonly string[], file: string, text: string, cwd: string): Promise<Verdict> {
  return new Promise((resolve) => {
    const [program = '', ...words] = command;
    const child: ChildProcess = spawn(program, [...words, '-n', '-d', '-r', '-u', '-c', file], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_MS,
      killSignal: 'SIGKILL',
    });
    let [stdout, stderr, ready] = ['', '', false];
    let listening: string[] = [];
    child.stdout!.on('data', (data: Buffer) => {
      stdout += data.toString('latin1');
      if (ready || !stdout.includes('Ready')) return;
      ready = true;
      listening = portsOf(child.pid!);
      child.kill('SIGKILL');
    });
    child.stderr!.on('data', (data: Buffer) => {
      stderr += data.toString('latin1');
    });
    child.on('close', (code) => {
      resolve({ refused: aboutTheFile(stderr, text), crashed: !ready && code !== 0 && code !== 1, listening });
    });
  });
}
