// What is measured: one row a situation, with the load, the programs compared, what is shown of it and what is aimed at.

export type Program = 'ours' | 'ours, no chardelay' | 'ours, recording' | 'ours, doors' | 'ser2net' | 'ser2net tuned' | 'socat' | 'C loop';

/** ours divided by a program is to be at least (or at most) so much. */
export interface Goal {
  readonly beside: Program;
  readonly program?: Program;
  readonly least?: number;
  readonly most?: number;
}
/** One number of a result: its key, and how it is shown. */
export interface Shown {
  readonly key: string;
  readonly unit: string;
  readonly times?: number;
  readonly goals?: readonly Goal[];
  /** What ours itself is to stay below. */
  readonly limit?: number;
}
export interface Row {
  readonly name: string;
  /** Of the load generator. */
  readonly mode: string;
  readonly ports: number;
  readonly args?: readonly string[];
  readonly rfc2217?: true;
  readonly tls?: true;
  /** Users a port has room for. */
  readonly users?: number;
  readonly programs: readonly Program[];
  readonly show: readonly Shown[];
  /** only: not in a whole run; never: not in a quick one. */
  readonly when?: 'asked' | 'not quick';
}

const LOOP: readonly Program[] = ['ours', 'ser2net', 'ser2net tuned', 'C loop'];
const PLAIN: readonly Program[] = ['ours', 'ser2net', 'ser2net tuned'];
const START: readonly Program[] = ['ours', 'ser2net'];

/** Rows of a run; quick: shorter and fewer; long: seconds of the long run. */
export function rows(quick: boolean, long: number): readonly Row[] {
  const seconds = quick ? 'seconds=0.8' : 'seconds=2';
  const bulk = (ports: number): Row => ({
    name: `bulk raw, ${ports} ports`,
    mode: 'bulk',
    ports,
    args: [seconds],
    programs: LOOP,
    show: [
      {
        key: 'both',
        unit: 'MB/s both ways',
        goals: [
          { beside: 'ser2net', least: 8 },
          { beside: 'C loop', least: 0.85 },
        ],
      },
      { key: 'd2n', unit: 'MB/s from device' },
      { key: 'n2d', unit: 'MB/s to device' },
      { key: 'cpuPerMb', unit: 'ms CPU/MB', goals: [{ beside: 'C loop', most: 1.25 }] },
    ],
    ...(ports === 64 && { when: 'not quick' as const }),
  });
  const telnet = (ports: number): Row => ({
    name: `bulk RFC 2217, ${ports} ports`,
    mode: 'bulk',
    ports,
    args: [seconds, 'telnet=1'],
    rfc2217: true,
    programs: PLAIN,
    show: [
      { key: 'both', unit: 'MB/s both ways', goals: [{ beside: 'ser2net tuned', least: 1.3 }] },
      { key: 'd2n', unit: 'MB/s from device' },
      { key: 'n2d', unit: 'MB/s to device' },
      { key: 'cpuPerMb', unit: 'ms CPU/MB' },
    ],
    ...(ports !== 1 && { when: 'not quick' as const }),
  });
  const echo = (size: number): Row => ({
    name: `round trip, ${size} bytes`,
    mode: 'rtt',
    ports: 1,
    args: [`size=${size}`, 'samples=400', quick ? 'seconds=1' : 'seconds=3'],
    programs: ['ours', 'ours, no chardelay', 'ser2net', 'socat'],
    show: [
      {
        key: 'p50',
        unit: 'ms p50',
        times: 1000,
        goals: [
          { beside: 'ser2net', most: size === 128 ? 0.05 : 1 },
          { program: 'ours, no chardelay', beside: 'socat', most: 2 },
        ],
      },
      { key: 'p99', unit: 'ms p99', times: 1000 },
    ],
  });
  const rest = (ports: number): Row => ({
    name: `start and rest, ${ports} ports`,
    mode: 'idle',
    ports,
    programs: START,
    show: [
      { key: 'start', unit: 'ms to listening', ...(ports === 128 && { limit: 200 }) },
      { key: 'rss', unit: 'MB connected', ...(ports === 128 && { limit: 60 }), ...(ports === 1024 && { limit: 100 }) },
      { key: 'restCpu', unit: 'ms CPU a second' },
    ],
    ...((ports === 16 || ports === 1024) && { when: 'not quick' as const }),
  });
  return [
    ...[1, 16, 64].map(bulk),
    ...[1, 16, 64].map(telnet),
    {
      name: 'paced 48 x 921600 baud',
      mode: 'paced',
      ports: 48,
      // Under this light load it takes some seconds until what runs often is optimized; a server runs for months.
      args: [...(quick ? ['seconds=1.5'] : ['seconds=4', 'warm=6']), 'rate=92160', 'tick=5'],
      programs: LOOP,
      show: [
        {
          key: 'cpu',
          unit: 's CPU',
          goals: [
            { beside: 'ser2net', most: 0.5 },
            { beside: 'ser2net tuned', most: 0.85 },
          ],
        },
        { key: 'p50', unit: 'ms lag p50', times: 1000 },
        { key: 'p99', unit: 'ms lag p99', times: 1000, goals: [{ beside: 'ser2net', most: 1 }] },
      ],
    },
    ...[1, 16, 128].map(echo),
    {
      name: 'connect, exchange, close',
      mode: 'churn',
      ports: 1,
      args: [seconds],
      programs: START,
      show: [
        { key: 'cycles', unit: 'cycles/s', goals: [{ beside: 'ser2net', least: 4 }] },
        { key: 'cpuPerCycle', unit: 'ms CPU a cycle' },
        { key: 'lost', unit: 'lost' },
        { key: 'refused', unit: 'refused' },
      ],
    },
    {
      name: 'broadcast to 100',
      mode: 'broadcast',
      ports: 1,
      args: [seconds, 'clients=100'],
      users: 100,
      programs: LOOP,
      show: [
        { key: 'd2n', unit: 'MB/s', goals: [{ beside: 'C loop', least: 0.85 }] },
        { key: 'cpuPerMb', unit: 'ms CPU/MB' },
      ],
    },
    {
      name: 'paced 16 x 921600 baud, recorded',
      mode: 'paced',
      ports: 16,
      args: [...(quick ? ['seconds=1.5'] : ['seconds=4', 'warm=6']), 'rate=92160', 'tick=5'],
      programs: ['ours', 'ours, recording'],
      show: [
        { key: 'cpu', unit: 's CPU', goals: [{ program: 'ours, recording', beside: 'ours', most: 1.1 }] },
        { key: 'p99', unit: 'ms lag p99', times: 1000 },
      ],
    },
    {
      name: '921600 baud to 100 readers, with history',
      mode: 'broadcast',
      ports: 1,
      args: [seconds, 'clients=100', 'rate=92160', 'tick=5'],
      users: 100,
      programs: ['ours', 'ours, doors'],
      show: [
        { key: 'd2n', unit: 'MB/s', goals: [{ program: 'ours, doors', beside: 'ours', least: 0.95 }] },
        { key: 'cpuPerMb', unit: 'ms CPU/MB' },
      ],
    },
    {
      name: 'SET-BAUDRATE round trip',
      mode: 'baud',
      ports: 1,
      args: ['samples=400', seconds],
      rfc2217: true,
      programs: START,
      show: [
        { key: 'p50', unit: 'ms p50', times: 1000 },
        { key: 'p99', unit: 'ms p99', times: 1000 },
      ],
    },
    {
      name: 'bulk TLS, 1 ports',
      mode: 'bulk',
      ports: 1,
      args: [seconds, 'tls=1'],
      tls: true,
      programs: PLAIN,
      show: [
        { key: 'd2n', unit: 'MB/s from device' },
        { key: 'n2d', unit: 'MB/s to device' },
        { key: 'cpuPerMb', unit: 'ms CPU/MB' },
      ],
    },
    ...[1, 16, 128, 1024].map(rest),
    {
      name: 'long run at full load',
      mode: 'bulk',
      ports: 16,
      args: [`seconds=${long}`],
      programs: ['ours'],
      when: 'asked',
      show: [
        { key: 'both', unit: 'MB/s both ways' },
        { key: 'rssGrowth', unit: 'MB more after the first quarter' },
        { key: 'fdGrowth', unit: 'descriptors more after the first quarter' },
      ],
    },
  ];
}
