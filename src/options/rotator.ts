// The options of a rotator: those of a connection that concern who may connect, and how it listens.
import { CONNECTION } from './connection.ts';
import type { Values } from './row.ts';

const { authdir, pamauth, allowedUsers, accepterRetryTime } = CONNECTION;

/** The options of a rotator. */
export const ROTATOR = { authdir, pamauth, allowedUsers, accepterRetryTime } as const;

/** The options of a rotator, defaults filled in. */
export type RotatorOptions = Values<typeof ROTATOR>;
