// A program that records as fast as it can until it is killed: crash.test.ts runs it. Says on stdout what it has recorded, and when.
import { writeSync } from 'node:fs';
import { afterPause, systemClock } from '../../src/base/clock.ts';
import { noLog } from '../../src/base/log.ts';
import { defaults } from '../../src/options/row.ts';
import { RECORD } from '../../src/options/sections/record.ts';
import type { PortView } from '../../src/port/events.ts';
import { Recordings } from '../../src/record/recordings.ts';

const [file = ''] = process.argv.slice(2);
const recordings = new Recordings(systemClock, noLog);
const config = { name: 'p', device: undefined, connector: { text: 'c' }, accepter: { text: 'a' } };
// Only what a recording asks for.
const view = { config, lineText: () => '' } as unknown as PortView;
const port = recordings.make(view, { ...defaults(RECORD), file });
port!.opened();
let n = 0;
const next = (): void => {
  for (let i = 0; i < 10; i++) port!.fromDevice(Buffer.from(`${n++}\n`));
  writeSync(1, `${n} ${Math.floor(systemClock.wall().getTime())}\n`);
  afterPause(1, next);
};
next();
