// One session of the admin port: input in, commands run one after the other, answers out. While the peer does not take what was said,
// or a command is not done, nothing is read: what a session holds is bounded by one read and one answer. Its commands take turns with
// the requests of all other connections.
import type { Clock } from '../base/clock.ts';
import type { Deadline, Deadlines } from '../base/deadlines.ts';
import { bind } from '../base/fault-domain.ts';
import type { GensioError } from '../base/gensio-error.ts';
import { type Log, logFailure } from '../base/log.ts';
import { decodeRaw, encodeRaw } from '../base/raw-text.ts';
import type { Gensio, GensioUp } from '../gensio/gensio.ts';
import { Turns } from '../gensio/turns.ts';
import type { UserChange } from '../port/engine.ts';
import { closeGracefully } from '../port/netcon.ts';
import type { Port } from '../port/port.ts';
import { Answer } from './answer.ts';
import { type CommandEnv, type CommandSession, findCommand, type HandOver, type Monitor } from './commands.ts';
import { type Complete, InputReader } from './input.ts';
import { ERROR, LOG, PROMPT } from './messages.ts';
import { MAX_PARMS, readYamlCommand } from './yaml-command.ts';

interface SessionEnv extends CommandEnv {
  readonly clock: Clock;
  readonly log: Log;
  readonly deadlines: Deadlines;
  /** A session that sends nothing for so many seconds is closed; 0: never. */
  idleLimit(): number;
  /** Once: it is over. */
  ended(session: Session): void;
}

/** The reference reads so much at a time; a full line swallows the rest of a read. */
const READ = 1024;
/** What was said goes out when there is so much of it, or when the input is worked through. */
const FLUSH = 16384;
/** Room for what is said, at first. */
const SAID = 1024;
/** Reports of users are left out while so many bytes wait: nobody has asked for them. */
const MAX_WAITING = 256 * 1024;
const NOTHING = Buffer.alloc(0);

/** busy: a command is not done yet. given: somebody else has the connection. */
type State = 'idle' | 'pumping' | 'busy' | 'given' | 'over';

/** One connection to the admin port. */
export class Session implements GensioUp {
  readonly #gensio: Gensio;
  readonly #env: SessionEnv;
  readonly #reader: InputReader;
  readonly #monitor: PortMonitor;
  readonly #turns: Turns;
  /** The rest of the input is worked on in a later turn. */
  #waitsTurn = false;
  #input: Buffer = NOTHING;
  #at = 0;
  /** Where the read being worked on ends, in #input. */
  #readEnd = 0;
  /** What was said and not sent is at the beginning of it. */
  #said: Buffer = NOTHING;
  #saidBytes = 0;
  /** The layer below still has it. */
  #lent: Buffer = NOTHING;
  #state: State = 'idle';
  #full = false;
  readonly #idle: Deadline = { due: Infinity, run: () => this.#idled() };
  /** Gets the connection as soon as it takes more. */
  #heir: HandOver | undefined;

  constructor(gensio: Gensio, env: SessionEnv) {
    this.#gensio = gensio;
    this.#env = env;
    this.#turns = Turns.of(env.clock);
    this.#reader = new InputReader((echo, from, to) => this.#sayPart(echo, from, to));
    this.#monitor = new PortMonitor((data) => this.#show(data));
    gensio.up = this;
    this.#say(PROMPT);
    this.#flush();
    gensio.setReading(!this.#full);
    this.#armIdle();
  }

  // ---- From the peer ----

  read(data: Buffer): void {
    if (this.#state === 'over' || this.#state === 'given') return;
    this.#armIdle();
    // Reading is off while there is input: more than one piece never comes together.
    this.#input = this.#at < this.#input.length ? Buffer.concat([this.#input.subarray(this.#at), data]) : data;
    this.#at = 0;
    this.#readEnd = 0;
    this.#pump();
    if (this.#at < this.#input.length) {
      // The buffer was only borrowed.
      this.#input = Buffer.from(this.#input.subarray(this.#at));
      this.#readEnd = Math.max(0, this.#readEnd - this.#at);
      this.#at = 0;
    }
  }
  writable(): void {
    this.#full = false;
    if (this.#saidBytes === 0) this.#said = this.#lent;
    this.#lent = NOTHING;
    if (this.#heir !== undefined) this.#handOver(this.#heir);
    else this.#pump();
  }
  closed(err?: GensioError): void {
    if (err !== undefined && err.code !== 'remclose') this.#env.log.log('err', LOG.readError(err.message));
    this.#end();
  }

  #pump(): void {
    if (this.#state !== 'idle' || this.#waitsTurn) return;
    this.#state = 'pumping';
    let end: number | undefined;
    let up = false;
    // A command may end the session or make it wait: the state is asked again each time.
    while (this.#now() === 'pumping' && !this.#full && this.#at < this.#input.length) {
      if (end === undefined ? this.#turns.isOver : up) {
        this.#waitTurn();
        break;
      }
      end ??= this.#turns.begin();
      if (this.#at >= this.#readEnd) this.#readEnd = Math.min(this.#input.length, this.#at + READ);
      this.#at = this.#reader.feed(this.#input.subarray(0, this.#readEnd), this.#at, (what) => this.#take(what));
      up = this.#turns.isUp(end);
      if (this.#saidBytes >= FLUSH) this.#flush();
    }
    if (this.#now() === 'over' || this.#now() === 'given') return;
    if (this.#now() === 'pumping') this.#state = 'idle';
    if (this.#at >= this.#input.length) this.#forgetInput();
    // What one read brought is answered together: an exit in it ends the session without a word.
    if (!this.#waitsTurn) this.#flush();
    this.#updateFlowControl();
  }
  #waitTurn(): void {
    this.#waitsTurn = true;
    this.#turns.wait(() => {
      this.#waitsTurn = false;
      this.#pump();
    });
  }
  /** As it is after a call, whatever the compiler thinks it knows. */
  #now(): State {
    return this.#state;
  }
  #forgetInput(): void {
    this.#input = NOTHING;
    this.#at = 0;
    this.#readEnd = 0;
  }
  #updateFlowControl(): void {
    if (this.#state !== 'over' && this.#state !== 'given')
      this.#gensio.setReading(this.#state === 'idle' && !this.#full && this.#at >= this.#input.length);
  }

  // ---- Commands ----

  #take({ is, bytes }: Complete): void {
    if (is === 'document') return this.#document(bytes);
    const text = this.#reader.mode === 'text';
    if (text) this.#say('\r\n');
    const words = decodeRaw(bytes)
      .split(/[ \t]+/)
      .filter((word) => word !== '');
    const [name, ...args] = words;
    if (name !== undefined) this.#run(name, undefined, args);
    else if (text) this.#say(PROMPT);
  }

  #document(bytes: Buffer): void {
    const command = readYamlCommand(bytes);
    switch (command.is) {
      case 'empty':
        return;
      case 'malformed':
        return this.#close();
      case 'command':
        return this.#run(command.name, command.id, command.parms);
      case 'invalid': {
        const out = new Answer(true);
        out.begin('response');
        if (command.name !== undefined) out.field('name', command.name);
        if (command.id !== undefined) out.field('id', command.id);
        out.error(ERROR.invalidYaml);
        // ser2net 4.3.11: the document is not ended.
        return this.#say(out.text);
      }
      default:
        command satisfies never;
    }
  }

  #run(name: string, id: string | undefined, args: readonly string[]): void {
    const yaml = this.#reader.mode !== 'text';
    const out = new Answer(yaml);
    out.begin('response');
    if (yaml) out.field('name', name);
    if (yaml && id !== undefined) out.field('id', id);
    const row = findCommand(name, yaml);
    if (row === undefined) {
      out.error(ERROR.unknownCommand(name));
      return this.#answer(out);
    }
    let result: ReturnType<typeof row.run>;
    try {
      result = row.run(row.allWords === true ? args : args.slice(0, MAX_PARMS), this.#lend(out));
    } catch (err) {
      this.#failed(err, out);
      return this.#answer(out);
    }
    if (result === 'exit') this.#close();
    else if (result instanceof Promise) this.#await(result, out);
    else this.#answer(out);
  }
  #lend(out: Answer): CommandSession {
    const { engine, version, reload, attachments, program, captures } = this.#env;
    const { peer } = this.#gensio;
    const toYaml = (): void => {
      this.#reader.mode = 'quiet';
    };
    return {
      engine,
      version,
      reload,
      ...(attachments && { attachments }),
      ...(program && { program }),
      ...(captures && { captures }),
      out,
      visitor: { address: this.#gensio.address(), user: peer?.authenticated === true ? peer.user : undefined },
      monitor: this.#monitor,
      toYaml,
    };
  }

  /** The rest of the input waits until the command is done. Other sessions do not. */
  #await(result: Promise<HandOver | undefined>, out: Answer): void {
    this.#state = 'busy';
    const done = bind((heir: HandOver | undefined): void => {
      if (this.#state !== 'busy') return;
      if (heir !== undefined) return this.#handOver(heir);
      this.#state = 'idle';
      this.#answer(out);
      this.#pump();
    });
    const failed = (err: unknown): undefined => {
      this.#failed(err, out);
      return undefined;
    };
    void result.catch(failed).then(done);
  }
  /** The connection is somebody else's from here on, who tells its end. What came in after the command is dropped. */
  #handOver(heir: HandOver): void {
    this.#state = 'given';
    this.#monitor.stop();
    this.#forgetInput();
    this.#flush();
    this.#heir = this.#full ? heir : undefined;
    if (!this.#full) heir(this.#gensio, () => this.#end());
  }
  #failed(err: unknown, out: Answer): void {
    logFailure(this.#env.log, err, LOG.failed);
    out.error('Internal error');
  }
  #answer(out: Answer): void {
    out.end();
    this.#say(out.text);
    if (this.#reader.mode === 'text') this.#say(PROMPT);
  }

  // ---- Output ----

  #say(what: string | Buffer): void {
    const bytes = typeof what === 'string' ? encodeRaw(what) : what;
    this.#sayPart(bytes, 0, bytes.length);
  }
  #sayPart(bytes: Buffer, from: number, to: number): void {
    const length = this.#saidBytes + to - from;
    if (length > this.#said.length) {
      const room = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#said.length, SAID));
      this.#said.copy(room, 0, 0, this.#saidBytes);
      this.#said = room;
    }
    bytes.copy(this.#said, this.#saidBytes, from, to);
    this.#saidBytes = length;
  }
  #flush(): void {
    if (this.#saidBytes === 0) return;
    const said = this.#said;
    const bytes = said.subarray(0, this.#saidBytes);
    this.#saidBytes = 0;
    // A big answer is no reason to keep so much.
    if (said.length > 2 * FLUSH) this.#said = NOTHING;
    if (this.#gensio.write(bytes)) return;
    this.#full = true;
    this.#lent = this.#said;
    this.#said = NOTHING;
  }
  /** Monitored data goes past everything else, and is dropped when the peer is slow. */
  #show(data: Buffer): void {
    if (this.#state === 'over' || this.#state === 'given' || this.#full) return;
    if (!this.#gensio.write(Buffer.from(data))) this.#full = true;
    this.#updateFlowControl();
  }

  /** Sessions that get YAML are told of every user that comes or goes. */
  report(change: UserChange, port: Port, peer: string): void {
    if (this.#state === 'over' || this.#state === 'given' || this.#reader.mode === 'text' || this.#gensio.bufferedBytes() > MAX_WAITING)
      return;
    const out = new Answer(true);
    out.begin(change === 'connected' ? 'new connection' : 'disconnect');
    out.field('name', port.name);
    out.field('remaddr', peer === '' ? '*unknown*' : peer);
    out.end();
    this.#say(out.text);
    if (this.#state === 'pumping' || this.#waitsTurn) return;
    this.#flush();
    this.#updateFlowControl();
  }

  // ---- The end ----

  /** Ends it without a word: what was said and not sent is gone, as is what came in after it. */
  #close(): void {
    if (this.#state === 'over') return;
    this.#end();
    closeGracefully(this.#gensio, this.#env.clock);
  }
  /** The daemon ends, or somebody has stayed too long. */
  close(): void {
    if (this.#state === 'given') this.#gensio.abort();
    else this.#close();
  }
  #armIdle(): void {
    const limit = this.#env.idleLimit();
    if (limit > 0) this.#env.deadlines.arm(this.#idle, limit * 1000);
    else this.#env.deadlines.cancel(this.#idle);
  }
  #idled(): void {
    if (this.#state === 'idle' && this.#monitor.port === undefined) this.#close();
    else this.#armIdle();
  }
  #end(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#monitor.stop();
    this.#env.deadlines.cancel(this.#idle);
    this.#said = NOTHING;
    this.#saidBytes = 0;
    this.#forgetInput();
    this.#env.ended(this);
  }
}

/** Watches one direction of a port at a time. */
class PortMonitor implements Monitor {
  readonly #show: (data: Buffer) => void;
  #watched: { readonly port: Port; readonly stop: () => void } | undefined;
  constructor(show: (data: Buffer) => void) {
    this.#show = show;
  }
  get port(): Port | undefined {
    return this.#watched?.port;
  }
  start(port: Port, direction: 'tcp' | 'term'): void {
    this.stop();
    const show = (data: Buffer): void => this.#show(data);
    this.#watched = { port, stop: port.watch(direction === 'tcp' ? { toDevice: show } : { fromDevice: show }) };
  }
  stop(): void {
    this.#watched?.stop();
    this.#watched = undefined;
  }
}
