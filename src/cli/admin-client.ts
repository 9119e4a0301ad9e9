// A client of the admin port, for the sub-commands: it speaks the console's YAML, which ser2net 4.2 and later have as well.
import { DocumentReader, type Field, textOf } from '../admin/document.ts';
import { PROMPT } from '../admin/messages.ts';
import { systemClock } from '../base/clock.ts';
import { GENSIO_ERRORS, type GensioError } from '../base/gensio-error.ts';
import { noLog } from '../base/log.ts';
import { decodeRaw, encodeRaw } from '../base/raw-text.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { Builder } from '../gensio/registry.ts';
import { parseStack } from '../gensio/syntax/gensio-str.ts';
import { isWildcard, mapBottom } from '../gensio/syntax/stack.ts';
import { LAYERS, type LayerSpec } from '../options/stack.ts';
import { hostAndPort } from './host-and-port.ts';
import { readConfiguration } from './read-configuration.ts';

/** Longest wait for the connection and for each answer, ms. */
const PATIENCE = 5000;

/** The connector that leads to an accepter: its stack, with an address on this machine where it listens everywhere. */
const leadingTo = (spec: LayerSpec): LayerSpec =>
  mapBottom(spec, (bottom) => {
    if (bottom.type !== 'tcp' && bottom.type !== 'udp') return bottom;
    const addrs = bottom.addrs.map((addr) => (isWildcard(addr.host) ? { ...addr, family: undefined, host: undefined } : addr));
    return { ...bottom, addrs };
  });

/** `localhost:2000`, `localhost,2000`, `2000`, or any stack: `unix,/run/admin`, `telnet,tcp,box,2000`. The reason when it means nothing. */
export function adminConnector(text: string): LayerSpec | string {
  const first = /^[^,(]*/.exec(text)![0];
  const place = hostAndPort(text);
  const plain = place === undefined ? text : `${place.host},${place.port}`;
  const stack = parseStack(Object.hasOwn(LAYERS, first) ? text : `tcp,${plain}`, 'connector');
  if (stack.spec === undefined) return `'${text}': ${stack.detail ?? GENSIO_ERRORS[stack.error ?? 'inval']}`;
  return leadingTo(stack.spec);
}

/** The admin port of a configuration, as written there; `undefined` if it has none. */
async function adminOfConfiguration(
  file: string | undefined,
): Promise<{ readonly admin: string | undefined } | { readonly failed: string }> {
  const outcome = await readConfiguration(file);
  if (outcome.kind !== 'read') return { failed: outcome.text };
  return { admin: outcome.reading.config.admin?.accepter.text };
}

/** One connection to the admin port of a daemon, in YAML. */
export class AdminClient {
  readonly #gensio: Gensio;
  readonly #reader = new DocumentReader();
  /** Who waits for the next response; there is never more than one. */
  #waiting: { readonly resolve: (response: Field) => void; readonly reject: (err: Error) => void } | undefined;
  /** What came before the first document, for the case that none comes. */
  #greeting = '';
  #ended: Error | undefined;
  /** Called with each document nobody asked for: users that come and go. */
  report: (document: Field) => void = () => undefined;
  /** Called once when the connection is gone. */
  closed: (err: Error) => void = () => undefined;

  private constructor(gensio: Gensio) {
    this.#gensio = gensio;
  }

  /** Connects and asks for YAML. @throws Error with a reason for people */
  static async connect(spec: LayerSpec): Promise<AdminClient> {
    const client = new AdminClient(await openAdmin(spec));
    client.#start();
    return client;
  }

  #start(): void {
    this.#gensio.up = {
      read: (data) => this.#read(decodeRaw(data)),
      writable: () => undefined,
      closed: (err) => this.#end(err),
    };
    this.#gensio.setReading(true);
    this.#gensio.write(Buffer.from('yaml\r'));
  }

  #read(text: string): void {
    if (this.#greeting.length < 1000) this.#greeting += text;
    let documents: Field[];
    try {
      documents = this.#reader.push(text);
    } catch {
      this.#gensio.abort();
      return;
    }
    for (const document of documents) {
      if (document.key !== 'response') this.report(document);
      else {
        this.#waiting?.resolve(document);
        this.#waiting = undefined;
      }
    }
  }
  #end(err: GensioError | undefined): void {
    const said = /^[^>%]*/.exec(this.#greeting)![0].replace(/-?$/, '').trim();
    this.#ended = new Error(said !== '' ? said : (err?.message ?? 'the connection was closed'));
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
    this.closed(this.#ended);
  }

  /** As ask(); `undefined` if the console does not know the command (ser2net 4.3.11). */
  async askIfKnown(...words: readonly string[]): Promise<Field | undefined> {
    try {
      return await this.ask(...words);
    } catch (err) {
      if ((err as Error).message.startsWith('Unknown command')) return undefined;
      throw err;
    }
  }

  /** Gives one command and waits for its response. Its words have no spaces in them. @throws Error, also for an error in the answer */
  async ask(...words: readonly string[]): Promise<Field> {
    const response = await this.exchange(words);
    const error = textOf(response, 'error');
    if (error !== undefined) throw new Error(error);
    return response;
  }

  /** As ask(), but errors in the answer are the caller's. patience: longest wait for it, ms. @throws Error when there is no answer */
  async exchange(words: readonly string[], patience = PATIENCE): Promise<Field> {
    if (this.#ended !== undefined) throw this.#ended;
    return new Promise<Field>((resolve, reject) => {
      const limit = systemClock.after(patience, () => reject(new Error('timed out waiting for an answer')));
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          limit.cancel();
          then(value);
        };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
      this.#gensio.write(encodeRaw(`${words.join(' ')}\r`));
    });
  }

  /** Closes the connection; nothing is told of it. */
  close(): void {
    this.closed = () => undefined;
    this.#gensio.close();
  }
}

/** What leads to a control port: itself, or a configuration. */
interface AdminPlace {
  readonly admin?: string | undefined;
  readonly file?: string | undefined;
}
/** There is none, or why it cannot be reached. */
type NoAdmin = { readonly none: true } | { readonly failed: string };

/** For a command that needs a control port, where a configuration names none. */
export const NO_ADMIN = 'the configuration has no control port: give one with --admin';

/** Connects to a control port. @throws Error with a reason for people */
function openAdmin(spec: LayerSpec): Promise<Gensio> {
  const gensio = new Builder({ clock: systemClock, log: noLog, lockDir: undefined }).connector(spec);
  return new Promise((resolve, reject) => {
    const limit = systemClock.after(PATIENCE, () => {
      gensio.abort();
      reject(new Error('timed out while connecting'));
    });
    gensio.open((err) => {
      limit.cancel();
      if (err === undefined) return resolve(gensio);
      gensio.abort();
      reject(err);
    });
  });
}

/** The connector to the admin port that was named, or else to that of a configuration. */
async function findAdmin(where: AdminPlace): Promise<{ readonly spec: LayerSpec; readonly at: string } | NoAdmin> {
  let at = where.admin;
  if (at === undefined) {
    const found = await adminOfConfiguration(where.file);
    if ('failed' in found) return found;
    if (found.admin === undefined) return { none: true };
    at = found.admin;
  }
  const spec = adminConnector(at);
  return typeof spec === 'string' ? { failed: spec } : { spec, at };
}

/** Connects to the admin port that was named, or else that of a configuration. Says why when it cannot. */
export async function connectAdmin(where: AdminPlace): Promise<{ readonly client: AdminClient; readonly at: string } | NoAdmin> {
  const found = await findAdmin(where);
  if (!('spec' in found)) return found;
  const { spec, at } = found;
  try {
    return { client: await AdminClient.connect(spec), at };
  } catch (err) {
    return { failed: `cannot reach the control port ${at}: ${(err as Error).message}` };
  }
}

/** Connects to a console for people, at the control port that was named or else that of a configuration; or why it cannot. */
export async function openConsole(where: AdminPlace): Promise<Gensio | string> {
  const found = await findAdmin(where);
  if (!('spec' in found)) return 'failed' in found ? found.failed : NO_ADMIN;
  try {
    return await openAdmin(found.spec);
  } catch (err) {
    return `cannot reach the control port ${found.at}: ${(err as Error).message}`;
  }
}

/**
 * The answer to the first command in what a console for people said, and what came after it; `undefined` until the prompt has come again.
 * whole: nothing more comes, or is waited for.
 */
export function answerIn(said: string, whole = false): { readonly answer: string; readonly rest: string } | undefined {
  const first = said.indexOf(PROMPT);
  const from = first < 0 ? 0 : first + PROMPT.length;
  const end = first < 0 ? -1 : said.indexOf(PROMPT, from);
  if (end < 0 && !whole) return undefined;
  const echoed = end < 0 ? said.slice(from) : said.slice(from, end);
  const answer = echoed.slice(echoed.indexOf('\n') + 1).trim();
  return { answer: answer.replace(/^error: /, ''), rest: end < 0 ? '' : said.slice(end + PROMPT.length) };
}
