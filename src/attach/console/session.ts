// The terminal client at work: a connection on one side, a terminal in raw mode on the other, and commands after the escape key.
// Knows nothing of processes; cli/console.ts has the terminal.
// Long because each command of the terminal client is a method of its session.
import { GensioError } from '../../base/gensio-error.ts';
import { MODEM_BITS, PARITY_OF, type SerialItem, type SerialParity, type SerialSetting, type SerialState } from '../../base/serial.ts';
import type { Gensio, GensioEvent, SerialControl } from '../../gensio/gensio.ts';
import { ATTACH, type LineWish } from '../../options/attach.ts';
import { controlLine, lineOfOptions, requestsFor } from '../line.ts';
import { HexView } from './hex-view.ts';
import { escapeName, KeyReader, LineEditor } from './keys.ts';
import { LineStamps, MAPPINGS, type Mapping, mapReceived, mapTyped, parseMappings } from './received.ts';
import { parseTransfer, type Transfer, type TransferRequest, type TransferUp } from './transfer.ts';

/** What the session may do to the outside. */
export interface ConsoleOut {
  /** false: no more until drained(). The data is the receiver's. */
  write(data: Buffer | string): boolean;
  /** A remark of our own, on a line by itself. */
  say(text: string): void;
  /** Begins a line with a question; what is typed for an answer follows it. */
  ask(question: string): void;
  /** The time of day. */
  now(): Date;
  /** Begins to send or receive a file. */
  transfer(request: TransferRequest, up: TransferUp): Transfer;
  /** Opens a file that takes what comes from the port, at its end. @throws with a text for people */
  openLog(path: string): ConsoleLog;
  /** Why a connection was lost, in words. */
  explain(err: GensioError): string;
  /** Called once for each loss; join() must follow when there is another connection. Absent: a lost connection is the end. */
  readonly lost?: () => void;
  /** It is over, once; err is `undefined` if the user wanted it. */
  ended(err: GensioError | undefined): void;
}
/** A file that takes what the port sends. */
export interface ConsoleLog {
  /** Appends; failures are ignored. */
  write(data: Buffer): void;
  /** Closes it. */
  close(): void;
}

/** How a session begins. */
export interface ConsoleOptions {
  /** The key before commands, as a character code. */
  readonly escape: number | 'none';
  /** Show what the port sends in hexadecimal. */
  readonly hex: boolean;
  /** Show what is typed: the server does not echo. */
  readonly echo: boolean;
  /** Begin each line with the time. */
  readonly timestamps: boolean;
  /** What line ends become. */
  readonly mappings: ReadonlySet<Mapping>;
  /** A file that takes what the port sends, from the start; `undefined` if none. */
  readonly log: string | undefined;
  /** What is connected to, for people. */
  readonly target: string;
}

/** NOTIFY-MODEMSTATE, RFC 2217. */
const MODEM = { CTS: MODEM_BITS.cts, DSR: MODEM_BITS.dsr, RI: MODEM_BITS.ri, DCD: MODEM_BITS.cd } as const;
/** SET-CONTROL of RFC 2217: what asks for a line, and what says that it is on. */
const letterOf = (parity: SerialParity): string => Object.entries(PARITY_OF).find(([, word]) => word === parity)![0];

interface Command {
  readonly keys: string;
  readonly doc: string;
  readonly run: (session: ConsoleSession) => void;
}

/** After the escape key. */
const COMMANDS: readonly Command[] = [
  { keys: 'q.', doc: 'quit', run: (s) => s.quit() },
  { keys: 's', doc: 'set the speed, or more: 9600, 9600e71', run: (s) => s.askSpeed() },
  { keys: 'b', doc: 'send a break', run: (s) => s.sendBreak() },
  { keys: 'd', doc: 'turn DTR on or off', run: (s) => s.toggle('dtr') },
  { keys: 'r', doc: 'turn RTS on or off', run: (s) => s.toggle('rts') },
  { keys: 'm', doc: 'show the modem lines', run: (s) => s.showLines() },
  { keys: 'i', doc: 'show the target and the line settings', run: (s) => s.showLine() },
  { keys: 'l', doc: 'start or stop appending received data to a file', run: (s) => s.toggleLog() },
  { keys: 'x', doc: 'toggle hexadecimal output', run: (s) => s.toggleHex() },
  { keys: 't', doc: 'toggle the time at the beginning of each line', run: (s) => s.toggleStamps() },
  { keys: 'e', doc: 'toggle local echo', run: (s) => s.toggleEcho() },
  { keys: 'c', doc: 'map CR and LF: icrnl, odelbs, none and so on', run: (s) => s.askMappings() },
  { keys: 'f', doc: 'send a file by ZMODEM, or x FILE, y FILE (needs lrzsz)', run: (s) => s.askTransfer(true) },
  { keys: 'g', doc: 'receive a file: z, y, or x FILE (needs lrzsz)', run: (s) => s.askTransfer(false) },
  { keys: 'h?', doc: 'this help', run: (s) => s.help() },
];

/** One use of the terminal client, over one connection after the other. */
export class ConsoleSession {
  #gensio: Gensio;
  /** Between a loss and the next connection, what is typed for the port is dropped. */
  #connected = false;
  readonly #out: ConsoleOut;
  readonly #options: ConsoleOptions;
  readonly #keys: KeyReader;
  #hex: HexView | undefined;
  #log: ConsoleLog | undefined;
  #prompt: { readonly editor: LineEditor; readonly done: (line: string) => void } | undefined;
  #modem: number | undefined;
  #echo: boolean;
  #stamps: LineStamps | undefined;
  #mappings: ReadonlySet<Mapping>;
  #transfer: Transfer | undefined;
  #full = false;
  #over = false;
  /** The line the user asked for last. */
  line: LineWish | undefined;
  /** Told when the network takes more after typed() gave false. */
  drainedNetwork: () => void = () => undefined;

  /** gensio is open, and reading is off. @throws when the log file cannot be opened */
  constructor(gensio: Gensio, out: ConsoleOut, options: ConsoleOptions) {
    this.#gensio = gensio;
    this.#out = out;
    this.#options = options;
    this.#keys = new KeyReader(options.escape);
    if (options.hex) this.#hex = new HexView();
    this.#echo = options.echo;
    if (options.timestamps) this.#stamps = new LineStamps();
    this.#mappings = options.mappings;
    if (options.log !== undefined) this.#log = out.openLog(options.log);
    const keys = options.escape === 'none' ? '' : `, ${escapeName(options.escape)} ? for help`;
    this.#say(`connected to ${options.target}${keys}`);
    this.#use(gensio);
  }

  /** Another connection instead of the one that was lost; it is open, and reading is off. */
  join(gensio: Gensio): void {
    this.#say(`reconnected to ${this.#options.target}`);
    this.#use(gensio);
  }
  #use(gensio: Gensio): void {
    this.#gensio = gensio;
    this.#connected = true;
    gensio.up = {
      read: (data) => this.#received(data),
      writable: () => {
        this.#transfer?.writable();
        this.drainedNetwork();
      },
      closed: (err) => this.#lost(err),
      event: (event) => this.#event(event),
    };
    this.#updateReading();
  }
  #lost(err: GensioError | undefined): void {
    this.#transfer?.cancel();
    if (this.#out.lost === undefined || this.#over) return this.#end(err);
    const why = err ?? new GensioError('remclose');
    this.#connected = false;
    this.#modem = undefined;
    this.#say(`lost ${this.#options.target}: ${this.#out.explain(why)}; reconnecting`);
    this.drainedNetwork();
    this.#out.lost();
  }

  // ---- data

  #received(data: Buffer): void {
    if (this.#transfer !== undefined) {
      if (!this.#transfer.read(data)) this.#full = true;
      return this.#updateReading();
    }
    this.#log?.write(data);
    if (!this.#out.write(this.#shown(data))) this.#full = true;
    this.#updateReading();
  }
  /** A copy, or another view of it. */
  #shown(data: Buffer): Buffer | string {
    if (this.#hex !== undefined) return this.#hex.lines(data);
    const mapped = mapReceived(data, this.#mappings);
    if (this.#stamps !== undefined) return this.#stamps.stamp(mapped, this.#out.now());
    return mapped === data ? Buffer.from(data) : mapped;
  }
  /** The terminal takes more. */
  drained(): void {
    this.#full = false;
    this.#updateReading();
  }
  #updateReading(): void {
    if (!this.#over && this.#connected) this.#gensio.setReading(!this.#full && this.#prompt === undefined);
  }

  /** What was typed. false: no more until drainedNetwork(). */
  typed(input: Buffer): boolean {
    let room = true;
    for (let rest = input; rest.length > 0 && !this.#over; ) {
      if (this.#prompt !== undefined) rest = this.#answer(this.#prompt, rest);
      else {
        const next = this.#keys.take(rest);
        rest = next.rest;
        if (next.typed?.is === 'command') this.#command(next.typed.key);
        else if (next.typed !== undefined) room = this.#typed(next.typed.data);
      }
    }
    return room;
  }
  #typed(data: Buffer): boolean {
    if (this.#transfer !== undefined) {
      // The file has the line.
      if (data.includes(3)) this.#transfer.cancel();
      return true;
    }
    if (this.#echo) this.#out.write(data.toString('latin1').replaceAll('\r', '\r\n'));
    return !this.#connected || this.#gensio.write(mapTyped(data, this.#mappings));
  }
  #answer(prompt: { readonly editor: LineEditor; readonly done: (line: string) => void }, input: Buffer): Buffer {
    const got = prompt.editor.read(input);
    if (got === undefined) return input.subarray(input.length);
    this.#prompt = undefined;
    if (got.line !== 'cancelled' && got.line !== '') prompt.done(got.line);
    this.#updateReading();
    return got.rest;
  }

  #command(key: string): void {
    const command = COMMANDS.find(({ keys }) => keys.includes(key.toLowerCase()));
    if (command === undefined) this.#say(`no command '${key < ' ' ? '?' : key}', try ?`);
    else command.run(this);
  }

  #say(text: string): void {
    this.#out.say(text);
  }
  #ask(question: string, done: (line: string) => void): void {
    this.#out.ask(question);
    this.#prompt = { editor: new LineEditor((text) => void this.#out.write(text)), done };
    this.#updateReading();
  }

  // ---- commands

  /** Ends the session. */
  quit(): void {
    this.#end(undefined);
  }

  /** Lists the commands. */
  help(): void {
    const name = this.#options.escape === 'none' ? '' : escapeName(this.#options.escape);
    const lines = COMMANDS.map(({ keys, doc }) => `${`${name} ${keys.split('').join(' or ')}`.padEnd(16)}${doc}`);
    this.#out.write(`\r\n${[...lines, `${`${name} ${name}`.padEnd(16)}send ${name}`].join('\r\n')}\r\n`);
  }

  /** Prompts for line settings, and requests them. */
  askSpeed(): void {
    this.#ask('speed', (text) => {
      const got = ATTACH.speed.kind.parse(text);
      if ('expected' in got) return this.#say(`'${text}' is not ${got.expected}`);
      this.line = got.ok;
      for (const request of requestsFor(lineOfOptions({ speed: got.ok, flow: undefined }), undefined)) {
        this.#set(request, (answer) => {
          const same = answer === request.value;
          const instead = request.item === 'speed' && !same ? `: the speed is ${answer}` : '';
          this.#say(`${request.text} ${same ? 'set' : 'not set'}${instead}`);
        });
      }
    });
  }

  /** Sends a break, where the connection can. */
  sendBreak(): void {
    if (!this.#connected) return this.#say('not connected');
    const { serial } = this.#gensio;
    if (serial === undefined) return this.#say('this connection cannot send a break: use telnet or RFC 2217');
    serial.sendBreak();
    this.#say('break sent');
  }

  /** Turns an output line on if it is off, and the reverse. */
  toggle(name: 'dtr' | 'rts'): void {
    this.#get(name, (now) => {
      const request = controlLine(name, !now);
      this.#set(request, (answer) => this.#say(answer === request.value ? request.text : `${name.toUpperCase()} cannot be set`));
    });
  }

  /** Shows the modem lines. */
  showLines(): void {
    const state = this.#modem;
    const inputs =
      state === undefined
        ? ['inputs not told']
        : Object.entries(MODEM).map(([name, bit]) => `${name} ${(state & bit) === 0 ? 'off' : 'on'}`);
    this.#get('dtr', (dtr) => {
      this.#get('rts', (rts) => this.#say([...inputs, `DTR ${dtr ? 'on' : 'off'}`, `RTS ${rts ? 'on' : 'off'}`].join(', ')));
    });
  }

  /** Shows the target and the line settings. */
  showLine(): void {
    const address = this.#connected ? this.#gensio.address() : '';
    this.#say(`${this.#options.target}${address === '' ? '' : ` (${address})`}`);
    this.#get('speed', (speed) => {
      this.#get('parity', (parity) => {
        this.#get('databits', (size) => {
          this.#get('stopbits', (stop) => this.#say(`${speed}${letterOf(parity)}${size}${stop}`));
        });
      });
    });
  }

  #get<K extends SerialItem>(item: K, done: (value: SerialState[K]) => void): void {
    this.#question((serial, answered) => serial.get(item, answered), done);
  }
  #set({ item, value }: SerialSetting, done: (now: SerialState[SerialItem]) => void): void {
    this.#question((serial, answered) => serial.set(item, value, answered), done);
  }
  /** done is not called when there is no answer. */
  #question<T>(ask: (serial: SerialControl, answered: (value: T | null | undefined) => void) => void, done: (value: T) => void): void {
    if (!this.#connected) return this.#say('not connected');
    const { serial } = this.#gensio;
    if (serial === undefined) return this.#say('the server cannot be asked: this is not RFC 2217');
    let asking = true;
    ask(serial, (value) => {
      // Without an answer, and not at once: the connection was lost meanwhile.
      if (this.#over || (value === undefined && !asking)) return;
      if (value === undefined) this.#say('the server does not offer RFC 2217');
      else if (value === null) this.#say('no answer');
      else done(value);
    });
    asking = false;
  }

  /** Prompts for a file that takes what the port sends, or closes it. */
  toggleLog(): void {
    if (this.#log !== undefined) {
      this.#log.close();
      this.#log = undefined;
      return this.#say('log closed');
    }
    this.#ask('log to file', (path) => {
      try {
        this.#log = this.#out.openLog(path);
        this.#say(`logging to ${path}`);
      } catch (err) {
        this.#say((err as Error).message);
      }
    });
  }

  /** Turns the hexadecimal view on or off. */
  toggleHex(): void {
    this.#hex = this.#hex === undefined ? new HexView() : undefined;
    this.#say(this.#hex === undefined ? 'bytes as they are' : 'bytes in hexadecimal');
  }

  /** Turns the time at the beginning of each line on or off. */
  toggleStamps(): void {
    this.#stamps = this.#stamps === undefined ? new LineStamps() : undefined;
    this.#say(this.#stamps === undefined ? 'no time stamps' : 'time stamps');
  }

  /** Shows what is typed, or no longer. */
  toggleEcho(): void {
    this.#echo = !this.#echo;
    this.#say(this.#echo ? 'local echo' : 'no local echo');
  }

  /** Prompts for what becomes of line ends. */
  askMappings(): void {
    this.#ask(`map (${Object.keys(MAPPINGS).join(', ')} or none)`, (text) => {
      const mappings = parseMappings(text);
      if (mappings === undefined) return this.#say(`'${text}' has a word that is no mapping`);
      this.#mappings = mappings;
      this.#say(mappings.size === 0 ? 'nothing is mapped' : [...mappings].map((name) => MAPPINGS[name]).join(', '));
    });
  }

  /** Prompts for a file, and sends or receives it. */
  askTransfer(send: boolean): void {
    if (!this.#connected) return this.#say('not connected');
    if (this.#transfer !== undefined) return this.#say('a file is on its way; Ctrl-C cancels it');
    this.#ask(send ? 'send file' : 'receive file', (text) => {
      const request = parseTransfer(text, send);
      if (typeof request === 'string') this.#say(request);
      else this.#begin(request);
    });
  }
  #begin(request: TransferRequest): void {
    const { send, file } = request;
    const what = file === '' ? 'a file' : file;
    this.#say(`${send ? 'sending' : 'receiving'} ${what}, Ctrl-C cancels`);
    this.#transfer = this.#out.transfer(request, {
      write: (data) => !this.#connected || this.#gensio.write(data),
      drained: () => this.drained(),
      ended: (problem) => {
        this.#transfer = undefined;
        this.#say(
          problem === undefined ? `${send ? 'sent' : 'received'} ${what}` : `${what} was not ${send ? 'sent' : 'received'}: ${problem}`,
        );
        this.drained();
      },
    });
  }

  #event(event: GensioEvent): void {
    if (event.on === 'modemstate') this.#modem = event.state;
  }

  #end(err: GensioError | undefined): void {
    if (this.#over) return;
    this.#transfer?.cancel();
    this.#over = true;
    this.#log?.close();
    this.#out.ended(err);
  }
}
