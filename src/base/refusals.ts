// What a port says to a client that it turns away, before it closes the connection, in the words of ser2net 4.3.11: for the port that
// says it, and for a client that has to tell it from data.

/** The sentences, with their line end. */
export const REFUSAL = {
  closing: 'Port closing\r\n',
  disabled: 'Port disabled\r\n',
  address: 'Accessed denied due to your net address\r\n',
  inUse: 'Port already in use\r\n',
  deviceInUse: "Port's device already in use\r\n",
  deviceFailed: "Port's device failed open\r\n",
  /** Ours. */
  noRights: 'You have no rights on this port\r\n',
  noFreePort: 'No free port found\r\n',
  openFailure: (reason: string) => `Device open failure: ${reason}\r\n`,
} as const;

const FIXED: ReadonlySet<string> = new Set(Object.values(REFUSAL).filter((text) => typeof text === 'string'));
const [BEFORE = '', AFTER = ''] = REFUSAL.openFailure('\0').split('\0');
const MAX_LENGTH = 200;

/** The sentence that these bytes are, without its line end; `undefined` if they are anything else, or more than a sentence. */
export function refusalIn(data: Buffer): string | undefined {
  if (data.length > MAX_LENGTH || !data.subarray(-AFTER.length).equals(Buffer.from(AFTER))) return undefined;
  const text = data.toString('latin1');
  const sentence = text.slice(0, -AFTER.length);
  return !/[\r\n]/.test(sentence) && (FIXED.has(text) || text.startsWith(BEFORE)) ? sentence : undefined;
}
