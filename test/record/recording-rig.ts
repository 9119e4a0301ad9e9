// A recording without a port: what a port would tell is told by the test, and the clock stands still.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Log } from '../../src/base/log.ts';
import { defaults } from '../../src/options/row.ts';
import { RECORD, type RecordOptions } from '../../src/options/sections/record.ts';
import type { PortObserver, PortView, UserView } from '../../src/port/events.ts';
import { EVENT } from '../../src/record/pcapng.ts';
import { PcapngReader, type RecordedPacket } from '../../src/record/pcapng-reader.ts';
import { Recordings, TICK_MS } from '../../src/record/recordings.ts';
import { FakeClock } from '../rig/fake-clock.ts';

export const root = mkdtempSync(join(tmpdir(), 'recording-'));
after(() => rmSync(root, { recursive: true }));
let number = 0;
/** A folder of its own, mode 0750. */
export const folder = (): string => {
  const dir = join(root, `d${++number}`);
  mkdirSync(dir, { mode: 0o750 });
  return dir;
};

/** Recordings with a clock that stands still, and a port to record. */
export class Rig {
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  readonly recordings: Recordings;
  readonly options: RecordOptions;
  constructor(options: Partial<RecordOptions>) {
    const log: Log = { log: (level, text) => void this.logged.push(`${level}: ${text}`) };
    this.options = { ...defaults(RECORD), ...options };
    this.recordings = new Recordings(this.clock, log);
  }
  port(name = 'console1'): Required<PortObserver> {
    const config = { name, device: undefined, connector: { text: 'serialdev,/dev/ttyS0,9600' }, accepter: { text: 'tcp,2000' } };
    // Only what a recording asks for.
    const view = { config, firstPeer: () => '', lineText: () => ',9600N81,CLOCAL' } as unknown as PortView;
    return this.recordings.make(view, this.options) as Required<PortObserver>;
  }
  /** Lets a batch come due and be written. */
  async tick(ms = TICK_MS): Promise<void> {
    this.clock.advance(TICK_MS);
    await this.recordings.written();
    this.clock.advance(ms - TICK_MS);
  }
}

export const packetsOf = (file: string): RecordedPacket[] => {
  const content = readFileSync(file);
  const reader = new PcapngReader();
  const packets = reader.push(content);
  assert.equal(reader.wholeUpTo, content.length, `${file} is whole`);
  return packets;
};
export const bytesOf = (packets: readonly RecordedPacket[], event: number = EVENT.rx): string =>
  Buffer.concat(packets.filter((packet) => packet.event === event).map(({ data }) => data)).toString('latin1');
export const user = (peer: string, name?: string): UserView => ({ peer, user: name }) as unknown as UserView;
export const visible = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => !name.startsWith('.'))
    .sort();
