// Who may do what: answers to WILL, WONT, DO and DONT, with the tables and rules of gensio 2.6.2. An answer is given when the state
// changes or is refused, never to an answer, so two ends cannot talk in circles.
import { BINARY, COM_PORT_OPTION, DO, DONT, ECHO, IAC, NAWS, SUPPRESS_GO_AHEAD, WILL, WONT } from './names.ts';

/** Which end of telnet; an accepter is a server and a connector a client, unless told otherwise. */
export type TelnetMode = 'client' | 'server';

/** Which side this is, and what it wants beyond the basic options. */
export interface NegotiationSettings {
  /** Client or server, whoever connected. */
  readonly mode: TelnetMode;
  /** COM-PORT-OPTION: to be offered, or asked for. */
  readonly rfc2217: boolean;
  /** NAWS: likewise. */
  readonly winsize: boolean;
}

/** An option as it stands at the start: what this end is ready for, and what it has said by sending its first bytes. */
interface OptionStart {
  readonly option: number;
  readonly willing: { readonly will: 0 | 1; readonly do: 0 | 1 };
  readonly sent: { readonly will: 0 | 1; readonly do: 0 | 1 };
}
/** will, do: what this end is ready for. sentWill, sentDo: what it said. */
const start = (option: number, will: 0 | 1, do_: 0 | 1, sentWill: 0 | 1, sentDo: 0 | 1): OptionStart => ({
  option,
  willing: { will, do: do_ },
  sent: { will: sentWill, do: sentDo },
});

/**
 * The options known at the start. SUPPRESS-GO-AHEAD of an RFC 2217 server counts as not asked for although DO was sent, so that the
 * first WILL gets a second DO: a slip of gensio before 2.6.5 which clients and goldens see.
 */
const OPTIONS_AT_START: Readonly<Record<'server-rfc2217' | 'server' | 'client', readonly OptionStart[]>> = {
  'server-rfc2217': [
    start(SUPPRESS_GO_AHEAD, 1, 1, 1, 0),
    start(ECHO, 1, 0, 1, 1),
    start(BINARY, 1, 1, 1, 1),
    start(COM_PORT_OPTION, 1, 0, 0, 1),
  ],
  server: [start(SUPPRESS_GO_AHEAD, 1, 1, 1, 1), start(ECHO, 1, 0, 1, 1), start(BINARY, 1, 1, 1, 1), start(COM_PORT_OPTION, 0, 0, 0, 0)],
  client: [start(SUPPRESS_GO_AHEAD, 1, 0, 0, 0), start(ECHO, 1, 0, 0, 0), start(BINARY, 1, 1, 0, 0), start(COM_PORT_OPTION, 1, 0, 1, 0)],
};
/** In the table only when winsize is set: gensio 2.6.2 does not know it. */
const NAWS_AT_START: Readonly<Record<TelnetMode, OptionStart>> = { server: start(NAWS, 0, 1, 0, 1), client: start(NAWS, 1, 0, 1, 0) };

const SERVER_FIRST: readonly (readonly [verb: number, option: number])[] = [
  [WILL, SUPPRESS_GO_AHEAD],
  [DO, SUPPRESS_GO_AHEAD],
  [WILL, ECHO],
  [DONT, ECHO],
  [DO, BINARY],
  [WILL, BINARY],
];

/** What is sent before anything else; nothing waits for the answers. */
export function firstBytes({ mode, rfc2217, winsize }: NegotiationSettings): Buffer {
  const verb = mode === 'server' ? DO : WILL;
  const all = mode === 'server' ? [...SERVER_FIRST] : [];
  if (rfc2217) all.push([verb, COM_PORT_OPTION]);
  if (winsize) all.push([verb, NAWS]);
  return Buffer.from(all.flatMap(([v, option]) => [IAC, v, option]));
}

interface OptionState {
  iWill: boolean;
  iDo: boolean;
  sentWill: boolean;
  sentDo: boolean;
  remWill: boolean;
  remDo: boolean;
}

interface NegotiationOut {
  send(verb: number, option: number): void;
  /**
   * COM-PORT-OPTION: told of each WONT and DONT, and asked about a WILL not yet agreed to and about each DO.
   * For WILL and DO: may the peer, shall this end? For the others the answer counts for nothing.
   */
  comPort(verb: number): boolean;
}

/** The state of one connection's options. */
export class Negotiation {
  readonly #options = new Map<number, OptionState>();
  readonly #out: NegotiationOut;
  constructor({ mode, rfc2217, winsize }: NegotiationSettings, out: NegotiationOut) {
    this.#out = out;
    const known = OPTIONS_AT_START[mode === 'server' && rfc2217 ? 'server-rfc2217' : mode];
    for (const { option, willing, sent } of winsize ? [...known, NAWS_AT_START[mode]] : known) {
      this.#options.set(option, {
        iWill: willing.will === 1,
        iDo: willing.do === 1,
        sentWill: sent.will === 1,
        sentDo: sent.do === 1,
        remWill: false,
        remDo: false,
      });
    }
  }

  /** What the peer said. Answers through send(). */
  received(verb: number, option: number): void {
    const o = this.#options.get(option);
    const hook = option === COM_PORT_OPTION;
    if (o === undefined) {
      if (verb === WILL) this.#out.send(DONT, option);
      else if (verb === DO) this.#out.send(WONT, option);
    } else if (verb === WILL) {
      if (hook && !o.iDo) o.iDo = this.#out.comPort(verb);
      if (!o.iDo || !o.sentDo) this.#out.send(o.iDo ? DO : DONT, option);
      o.sentDo = true;
      o.remWill = o.iDo;
    } else if (verb === DO) {
      if (hook) o.iWill = this.#out.comPort(verb);
      if (!o.iWill || !o.sentWill) this.#out.send(o.iWill ? WILL : WONT, option);
      o.sentWill = true;
      o.remDo = o.iWill;
    } else if (verb === WONT) {
      if (hook) this.#out.comPort(verb);
      if (o.remWill || !o.sentDo) this.#out.send(DONT, option);
      o.sentDo = true;
      o.remWill = false;
    } else {
      if (hook) this.#out.comPort(verb);
      if (o.remDo || !o.sentWill) this.#out.send(WONT, option);
      o.sentWill = true;
      o.remDo = false;
    }
  }
}
