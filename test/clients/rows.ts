// Every row, in the order of the table.
import type { Row } from './row.ts';
import { CONSOLES } from './rows/consoles.ts';
import { FLASHING } from './rows/flashing.ts';
import { INSTRUMENTS } from './rows/instruments.ts';
import { LABS } from './rows/labs.ts';
import { METERS } from './rows/meters.ts';
import { POWER } from './rows/power.ts';
import { PROGRAMS } from './rows/programs.ts';
import { RADIO } from './rows/radio.ts';
import { TERMINALS } from './rows/terminals.ts';
import { TLS } from './rows/tls.ts';
import { TRANSFERS } from './rows/transfers.ts';

export const ROWS: readonly Row[] = [
  ...TERMINALS,
  ...CONSOLES,
  ...LABS,
  ...TRANSFERS,
  ...TLS,
  ...METERS,
  ...INSTRUMENTS,
  ...POWER,
  ...FLASHING,
  ...RADIO,
  ...PROGRAMS,
];
