// Two machines joined by a cable, as far as the kernel is concerned: network namespaces in a user namespace of their own, so that
// nobody needs to be root. The cable can be pulled: then packets go nowhere, and nobody says so.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { until } from '../torture/limits.ts';

/** The address of the machine the daemon is on. */
export const HERE = '10.213.0.1';
/** The address of the other one. */
export const FAR = '10.213.0.2';

const CLIENT = `
  const socket = require('net').connect(Number(process.argv[1]), '${HERE}');
  socket.on('connect', () => process.stdout.write('connected\\n'));
  socket.on('data', (data) => process.stdout.write(data));
  process.stdin.on('data', (data) => socket.write(data));`;

export class FarNetwork {
  readonly #here: ChildProcess;
  readonly #far: ChildProcess;
  readonly #children = new Set<ChildProcess>();

  private constructor(here: ChildProcess, far: ChildProcess) {
    this.#here = here;
    this.#far = far;
  }

  /** Why not, where the machine does not allow it. */
  static async lay(): Promise<FarNetwork | { readonly why: string }> {
    for (const program of ['unshare', 'nsenter', 'ip'])
      if (spawnSync(program, ['--version']).error !== undefined && spawnSync(program, ['-V']).error !== undefined)
        return { why: `${program} is not installed` };
    const here = spawn('unshare', ['-Urn', 'sh', '-c', 'echo up; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let up = false;
    here.stdout.on('data', () => {
      up = true;
    });
    await until('a namespace', () => up || here.exitCode !== null);
    if (here.exitCode !== null) return { why: 'namespaces are not allowed here' };
    const inside = ['nsenter', '-t', String(here.pid), '-U', '-n', '--preserve-credentials'];
    const far = spawn(inside[0]!, [...inside.slice(1), 'unshare', '-n', 'sh', '-c', 'echo up; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let farUp = false;
    far.stdout.on('data', () => {
      farUp = true;
    });
    await until('a second namespace', () => farUp || far.exitCode !== null);
    const network = new FarNetwork(here, far);
    const laid =
      far.exitCode === null &&
      network.#run(here, 'ip link set lo up && ip link add va type veth peer name vb') &&
      network.#run(here, `ip link set vb netns ${far.pid} && ip addr add ${HERE}/24 dev va && ip link set va up`) &&
      network.#run(far, `ip addr add ${FAR}/24 dev vb && ip link set vb up`);
    if (laid) return network;
    network.close();
    return { why: 'no cable can be laid between namespaces here' };
  }

  #in(machine: ChildProcess): string[] {
    return ['nsenter', '-t', String(machine.pid), '-U', '-n', '--preserve-credentials'];
  }
  #run(machine: ChildProcess, command: string): boolean {
    const [program, ...args] = [...this.#in(machine), 'sh', '-c', command];
    return spawnSync(program!, args).status === 0;
  }
  /** In front of a command: it runs on the machine of the daemon. */
  get through(): readonly string[] {
    return this.#in(this.#here);
  }
  /** In front of a command: it runs on the far machine. */
  get beyond(): readonly string[] {
    return this.#in(this.#far);
  }
  /** A client on the far machine. */
  call(port: number): { readonly child: ChildProcess; readonly heard: () => string } {
    const [program, ...args] = [...this.#in(this.#far), process.execPath, '-e', CLIENT, String(port)];
    const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.add(child);
    let heard = '';
    child.stdout.on('data', (data: Buffer) => {
      heard += data.toString('latin1');
    });
    return { child, heard: () => heard };
  }
  /** From now on nothing gets through, in either direction. */
  pull(): void {
    this.#run(this.#far, 'ip link set vb down');
  }
  plug(): void {
    this.#run(this.#far, 'ip link set vb up');
  }
  /** From now on packets are late, and some are lost; false: this kernel cannot do that. */
  worsen(): boolean {
    return this.#run(this.#far, 'tc qdisc add dev vb root netem delay 20ms 10ms loss 3%');
  }
  mend(): void {
    this.#run(this.#far, 'tc qdisc del dev vb root');
  }
  close(): void {
    for (const child of [...this.#children, this.#far, this.#here]) child.kill('SIGKILL');
  }
}
