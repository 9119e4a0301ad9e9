// Where `check` and ser2net 4.3.11 disagree on purpose: by the number the difference has in compat/differences.md.

/** One file, and what each of the two says of it. */
export interface Disagreement {
  readonly text: string;
  /** The lines of the reference about it; empty: it takes the file. */
  readonly refused: readonly string[];
  /** `check --for 4.3.11` names something that 4.3.11 does not know. */
  readonly newer: boolean;
  /** The problems of `check`. */
  readonly problems: readonly { readonly severity: string; readonly code: string; readonly text: string; readonly ser2net?: string }[];
}

interface Excuse {
  /** Its number in compat/differences.md. */
  readonly difference: number;
  readonly why: string;
  readonly holds: (d: Disagreement) => boolean;
}

/** Every line of the reference is one of these. */
const only =
  (...patterns: readonly RegExp[]) =>
  ({ refused }: Disagreement): boolean =>
    refused.length > 0 && refused.every((line) => patterns.some((pattern) => pattern.test(line)));
const warned = ({ problems }: Disagreement, code: string): boolean => problems.some((p) => p.code === code);

export const EXCUSED: readonly Excuse[] = [
  {
    difference: 101,
    why: 'host names are looked up later',
    holds: only(/Unable to find a valid name|Unknown name server|Retry operation later|name server/),
  },
  { difference: 109, why: 'newer options and layers are taken', holds: ({ refused, newer }) => refused.length > 0 && newer },
  { difference: 36, why: 'an LED that is not there costs no connection', holds: only(/Could not find led-(rx|tx|conn) LED/) },
  { difference: 19, why: 'a file may have several documents', holds: only(/Unexpected mapping start: 15/) },
  {
    difference: 65,
    why: 'a key or certificate that is not there',
    holds: ({ refused, problems }) =>
      refused.length === 0 && problems.every(({ severity, text }) => severity !== 'error' || text.startsWith('ssl: ')),
  },
  {
    difference: 114,
    why: 'ports above 65535',
    holds: ({ refused, problems }) =>
      refused.length === 0 && problems.every(({ severity, text }) => severity !== 'error' || text.includes('is above 65535')),
  },
  { difference: 38, why: 'mDNS options of the admin port are taken', holds: only(/Invalid option to admin port: mdns/i) },
  {
    difference: 25,
    why: 'YAML is known by its content',
    holds: ({ problems }) => problems.some(({ text }) => text.includes('is read as YAML because of its content')),
  },
  { difference: 23, why: 'CR before a line end is no part of the line', holds: ({ text }) => text.includes('\r\n') },
  {
    difference: 24,
    why: 'words of 2.x and 3.x are taken',
    holds: (d) => warned(d, 'old-spelling') && only(/Unknown config item|invalid/)(d),
  },
];
