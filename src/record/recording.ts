// One port's recording: what its device says, and if wanted what clients send, into files. It watches the port; nothing waits for it.
import type { Clock } from '../base/clock.ts';
import { bind } from '../base/fault-domain.ts';
import type { Log } from '../base/log.ts';
import { strerror } from '../base/strerror.ts';
import { escapesOf } from '../config/devstr.ts';
import type { RecordDirection, RecordOptions } from '../options/sections/record.ts';
import type { PortView, UserView } from '../port/events.ts';
import { BatchWriter } from './batch-writer.ts';
import { FileNames } from './file-names.ts';
import type { Form } from './form.ts';
import { EVENT } from './pcapng.ts';
import { PortNotes } from './port-notes.ts';
import { RecordingFiles } from './recording-files.ts';
import type { Stamp } from './stamp.ts';

/** After trouble with a disk the same is not told again for this long, ms. */
const QUIET_MS = 60_000;
/** After a file could not be renamed it grows on for this long, ms. */
const ROTATE_AGAIN_MS = 60_000;

/** What recordings have in common. */
export interface RecordingEnv {
  /** For the age of files. */
  readonly clock: Clock;
  /** What goes wrong is told here. */
  readonly log: Log;
  /** The times of what is recorded. */
  readonly stamp: Stamp;
  /** It has something to write: flush() is to be called soon. */
  dirty(recording: Recording): void;
  /** It has a file open from now on, until finished(). */
  started(recording: Recording): void;
  /** Its file is closed, until started(). */
  finished(recording: Recording): void;
  /** The paths in use; see RecordingFiles. */
  readonly inUse: Map<string, RecordingFiles>;
}

/** Writes down what happens at one port. */
export class Recording extends PortNotes {
  readonly #view: PortView;
  readonly #options: RecordOptions;
  readonly #env: RecordingEnv;
  readonly #form: Form;
  readonly #files: RecordingFiles;
  readonly #writer: BatchWriter;
  #open = false;
  /** Bytes that found no room. */
  #lost = 0;
  /** In the clock's ms, when trouble of a kind was told last. */
  readonly #told = new Map<string, number>();
  /** The name of the file in use is kept when it is opened again. */
  #again: string | undefined;
  /** It waits to be written. */
  #dirty = false;
  /** The next file begins, and is not open yet. */
  #rotating = false;
  /** When the file is old enough, milliseconds since 1970. */
  #rotateAt = Infinity;
  /** Not before this, in the clock's ms, is a file to be renamed. */
  #rotateNotBefore = -Infinity;

  /** before: the recording of the same port that it takes the place of, which is done first. */
  constructor(view: PortView, options: RecordOptions & { readonly file: string }, form: Form, env: RecordingEnv, before?: Recording) {
    super(view, options.directions);
    const { name } = view.config;
    this.#view = view;
    this.#options = options;
    this.#env = env;
    this.#form = form;
    const names = new FileNames(options.file, { ...escapesOf(view.config), serialText: '', peer: '' });
    this.#files = new RecordingFiles(names, options.keep, env.clock, env.inUse);
    this.#writer = new BatchWriter({
      open: async () => {
        await before?.written();
        const file = await this.#files.open(this.#again);
        this.#again = undefined;
        this.#rotating = false;
        if (options.rotate?.age !== undefined) this.#rotateAt = file.begun + options.rotate.age;
        return { file, head: form.begin(env.stamp.now(), file.continued) };
      },
      gap: (bytes) => form.note(env.stamp.now(), EVENT.lost, this.lines, `${bytes} bytes lost`),
      failed: (err, what, path) => this.#failed(err, what, path),
      works: (path, lost) => {
        this.#told.clear();
        env.log.log('notice', `${name}: recording to ${path} goes on; ${lost} bytes were lost`, { port: name });
      },
    });
  }

  // ---- What the port tells ----

  override opened(): void {
    this.#open = true;
    this.#env.started(this);
    super.opened();
  }
  override closed(reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#tellLost();
    this.#writer.append(this.#form.note(this.#env.stamp.now(), EVENT.complete, this.lines, `device closed: ${reason}`));
    this.#close(false);
    void this.#writer.written().then(
      bind(() => {
        if (!this.#open) this.#env.finished(this);
      }),
    );
  }
  override userLeft(user: UserView, reason: string): void {
    // The end of the recording comes before those who leave because of it.
    if (this.#open) super.userLeft(user, reason);
  }

  // ---- Into the batch ----

  protected data(direction: RecordDirection, data: Buffer): void {
    if (!this.#begin()) {
      this.#lost += data.length;
      return;
    }
    this.#form.data(this.#writer, this.#env.stamp.now(), direction, this.lines, data);
    this.#writer.holds(data.length);
  }
  protected note(event: number, text: string): void {
    if (this.#begin()) this.#writer.append(this.#form.note(this.#env.stamp.now(), event, this.lines, text));
  }
  /** Whether there is room. A loss before is written first, and a file that is done is closed. */
  #begin(): boolean {
    const writer = this.#writer;
    if (!this.#dirty) {
      this.#dirty = true;
      this.#env.dirty(this);
      if (this.#env.clock.wall().getTime() >= this.#rotateAt) this.#rotate();
    }
    if (writer.full) return false;
    this.#tellLost();
    const { rotate } = this.#options;
    if (rotate?.size !== undefined && !this.#rotating && writer.size >= rotate.size) this.#rotate();
    return true;
  }
  #tellLost(): void {
    if (this.#lost === 0) return;
    const text = `${this.#lost} bytes lost`;
    const { name } = this.#view.config;
    this.#once('slow', () => this.#env.log.log('warning', `${name}: recording: ${text}, the disk is too slow`, { port: name }));
    this.#lost = 0;
    this.#writer.append(this.#form.note(this.#env.stamp.now(), EVENT.lost, this.lines, text));
  }
  #once(kind: string, tell: () => void): void {
    const now = this.#env.clock.now();
    if (now - (this.#told.get(kind) ?? -Infinity) < QUIET_MS) return;
    this.#told.set(kind, now);
    tell();
  }
  #failed(err: unknown, what: 'open' | 'write', path: string | undefined): void {
    const { name } = this.#view.config;
    const why = (err as NodeJS.ErrnoException).errno === undefined ? (err as Error).message : strerror(err as NodeJS.ErrnoException);
    const where = path ?? this.#options.file;
    const text = what === 'open' ? `cannot open the recording ${where}: ${why}` : `cannot write to the recording ${where}: ${why}`;
    // Trouble that stays is told once.
    if (this.#told.has(text)) return;
    this.#told.set(text, Infinity);
    this.#env.log.log('err', `${name}: ${text}`, { port: name });
  }

  #rotate(): void {
    const now = this.#env.clock.now();
    if (now < this.#rotateNotBefore) return;
    this.#rotating = true;
    this.#rotateAt = Infinity;
    // Taken back when that has worked.
    this.#rotateNotBefore = now + ROTATE_AGAIN_MS;
    this.#writer.append(this.#form.note(this.#env.stamp.now(), EVENT.complete, this.lines, 'continued in the next file'));
    this.#close(true);
  }
  #close(rotate: boolean): void {
    this.#writer.between(async () => {
      await this.#writer.close();
      await this.#files.closed(rotate);
      this.#rotateNotBefore = -Infinity;
    });
  }

  // ---- For whoever holds all of them ----

  /** Writes what was gathered. */
  flush(): void {
    this.#dirty = false;
    this.#writer.flush();
  }
  /** Closes the file and opens it under the same name: after it was moved away. */
  reopen(): void {
    this.#told.clear();
    this.#writer.between(async () => {
      const name = this.#files.currentName;
      await this.#writer.close();
      await this.#files.closed(false);
      if (this.#open) this.#again = name;
    });
  }
  /** Resolves when all that was recorded is in the file, or given up. */
  written(): Promise<void> {
    return this.#writer.written();
  }
}
