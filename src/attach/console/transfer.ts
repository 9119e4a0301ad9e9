// Files over the line of a terminal client: what is asked for, and what a transfer and its session are to each other.

/** A file to be sent, or received. */
export interface TransferRequest {
  /** false: to be received. */
  readonly send: boolean;
  /** XMODEM, YMODEM or ZMODEM. */
  readonly protocol: 'x' | 'y' | 'z';
  /** Its path; for a file that is received only with XMODEM, which tells no name. */
  readonly file: string;
}
/** What a transfer does to its session. */
export interface TransferUp {
  /** Sends bytes to the port. false: no more until writable(). The data is the receiver's. */
  write(data: Buffer): boolean;
  /** It takes more after read() gave false. */
  drained(): void;
  /** It is over, once. problem: why it failed, for people. */
  ended(problem: string | undefined): void;
}
/** A transfer at work: it has the line. */
export interface Transfer {
  /** Bytes from the port. false: no more until drained(). The data is copied. */
  read(data: Buffer): boolean;
  /** The port takes more after write() gave false. */
  writable(): void;
  /** Ends it, and tells the other side. */
  cancel(): void;
}

/** What was typed for a file: `FILE` (ZMODEM), `x FILE`, `y FILE`, `z FILE`; to receive `z`, `y` or `x FILE`. A text: what is missing. */
export function parseTransfer(text: string, send: boolean): TransferRequest | string {
  const [, letter, rest] = /^([xyz])(?: +(.*))?$/i.exec(text) ?? [];
  const protocol = (letter?.toLowerCase() ?? 'z') as TransferRequest['protocol'];
  const file = letter === undefined ? text : (rest ?? '');
  if (send) return file === '' ? 'no file' : { send, protocol, file };
  if (letter === undefined || (protocol === 'x') !== (file !== '')) return 'give z, y or x FILE';
  return { send, protocol, file };
}
