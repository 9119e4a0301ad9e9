// npm run prove -- NAME ...: the proofs that take longer than a run of the tests may. A slice of each that has one is in npm test. Without
// a name: what there is. Words after the name go to the proof.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface Proof {
  readonly what: string;
  /** The program, below the built repository, and its first words. */
  readonly run: readonly [file: string, ...words: string[]];
  /** Where npm test has a slice of it. */
  readonly slice?: string;
}

const PROOFS: Readonly<Record<string, Proof>> = {
  torture: {
    what: 'ten minutes of random steps against the built daemon',
    run: ['test/torture/torture.js', '--minutes', '10'],
    slice: 'test/torture/torture.test.ts',
  },
  faults: {
    what: 'every system call of a session fails once, in each way it can',
    run: ['test/torture/torture.js', 'faults', '--all'],
    slice: 'test/faults/faults.test.ts',
  },
  hostile: {
    what: 'one flood of each kind beside a quiet client, here and on ser2net',
    run: ['test/torture/torture.js', 'hostile'],
    slice: 'test/torture/hostile/hostile.test.ts',
  },
  load: {
    what: '256 ports, 1,000 connections a second, 200 readers, a day in a minute',
    run: ['test/torture/torture.js', 'load'],
    slice: 'test/torture/soak.test.ts',
  },
  fuzz: {
    what: 'new inputs for everything that reads bytes, a minute for each',
    run: ['test/fuzz/fuzz.js', '--seconds', '60'],
    slice: 'test/fuzz/fuzz.test.ts',
  },
  doors: {
    what: '100,000 random steps over doors of six kinds: one writer, the same bytes, no right crossed',
    run: ['test/port/doors/model-run.js'],
    slice: 'test/port/doors/model.test.ts',
  },
  'check-against-reference': {
    what: 'configurations and 2,000 with mistakes: what ser2net refuses is an error of check, and what it takes is none',
    run: ['test/compliance/check-against-reference.js'],
    slice: 'test/compliance/check-against-reference.test.ts',
  },
  mutate: { what: 'each golden notices when a line of it is changed', run: ['compat/mutate.js'] },
};

const [name, ...words] = process.argv.slice(2);
const proof = name === undefined ? undefined : PROOFS[name];
if (proof === undefined) {
  if (name !== undefined) process.stderr.write(`no proof is named '${name}'\n`);
  for (const [each, { what, slice }] of Object.entries(PROOFS))
    process.stdout.write(`${each.padEnd(23)} ${what}${slice === undefined ? '' : ` (npm test: ${slice})`}\n`);
  process.exit(name === undefined ? 0 : 1);
}
const [file, ...first] = proof.run;
const child = spawn(process.execPath, ['--enable-source-maps', join(import.meta.dirname, '..', file), ...first, ...words], {
  stdio: 'inherit',
});
// An interrupt reaches the child by itself; the end of both is the child's.
process.on('SIGINT', () => undefined);
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130);
});
