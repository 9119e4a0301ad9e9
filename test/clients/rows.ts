// Every row, in the order of the table.
import type { Row } from './row.ts';
import { TERMINALS } from './rows/terminals.ts';
import { TLS } from './rows/tls.ts';
import { TRANSFERS } from './rows/transfers.ts';

export const ROWS: readonly Row[] = [...TERMINALS, ...TRANSFERS, ...TLS];
