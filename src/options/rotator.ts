// The options of a rotator: those of a connection that concern who may connect, and how it listens.
import { CONNECTION } from './connection.ts';
import type { Values } from './row.ts';

const { authdir, pamauth, allowedUsers, accepterRetryTime } = CONNECTION;

export const ROTATOR = { authdir, pamauth, allowedUsers, accepterRetryTime } as const;

export type RotatorOptions = Values<typeof ROTATOR>;
