// The three forms of a recording: pcapng, text with times, raw bytes. Each turns what happens into bytes that can stand at the end of a
// file at any time.
import { dateAt } from '../base/clock.ts';
import { twoDigits } from '../base/text.ts';
import type { RecordDirection } from '../options/sections/record.ts';
import { EVENT, packetBlock, packetSize, sectionHeader, writePacket } from './pcapng.ts';

/** Where a form writes. */
export interface Room {
  /** The buffer in use now; valid until the next reserve(). */
  readonly buffer: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  /** Makes room for so many bytes, which are to be filled at once; gives where they begin. */
  reserve(size: number): number;
}

/** One way to write a recording. Times are microseconds since 1970; lines are bits of pcapng's LINE. */
export interface Form {
  /** What a file begins with; `continued`: it has something already. */
  begin(time: number, continued: boolean): Buffer;
  /** Appends bytes of one direction. */
  data(room: Room, time: number, direction: RecordDirection, lines: number, data: Buffer): void;
  /** An event (one of EVENT) with text for people; empty where the form has no place for it. */
  note(time: number, event: number, lines: number, text: string): Buffer;
}

/** What the beginning of a file says about its port. */
export interface Source {
  /** The name of the port. */
  readonly port: string;
  /** What it leads to, without secrets. */
  readonly device: string;
}

const NOTHING = Buffer.alloc(0);

/** The form that the ending of a file's name asks for; `undefined` for another ending. */
export function formOf(file: string, source: Source): Form | undefined {
  if (file.endsWith('.pcapng')) return new PcapngForm(source);
  if (file.endsWith('.log')) return new TextForm(source);
  return file.endsWith('.raw') ? new RawForm() : undefined;
}

/** Wireshark's form. */
class PcapngForm implements Form {
  readonly #source: Source;
  constructor(source: Source) {
    this.#source = source;
  }
  begin(): Buffer {
    return sectionHeader(this.#source.port, this.#source.device, 'ser2net');
  }
  data(room: Room, time: number, direction: RecordDirection, lines: number, data: Buffer): void {
    const at = room.reserve(packetSize(data.length));
    writePacket(room, at, time, direction === 'device' ? EVENT.rx : EVENT.tx, lines, data);
  }
  note(time: number, event: number, lines: number, text: string): Buffer {
    return packetBlock({ time, event, lines, data: NOTHING, ...(text !== '' && { comment: text }) });
  }
}

/** The bytes alone. */
class RawForm implements Form {
  begin(): Buffer {
    return NOTHING;
  }
  data(room: Room, _time: number, _direction: RecordDirection, _lines: number, data: Buffer): void {
    const at = room.reserve(data.length);
    data.copy(room.buffer, at);
  }
  note(): Buffer {
    return NOTHING;
  }
}

const digits = (n: number, width: number): string => String(n).padStart(width, '0');
/** `2024-01-02 03:04:05.678`, local time. */
function textTime(time: number): string {
  const t = dateAt(Math.floor(time / 1000));
  const date = `${digits(t.getFullYear(), 4)}-${twoDigits(t.getMonth() + 1)}-${twoDigits(t.getDate())}`;
  return `${date} ${twoDigits(t.getHours())}:${twoDigits(t.getMinutes())}:${twoDigits(t.getSeconds())}.${digits(t.getMilliseconds(), 3)}`;
}

/** What would move the cursor of whoever shows the file; a tabulator and the end of a line stay. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;
const hexOf = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
const MARKS = { device: '<', client: '>' } as const;

/** Lines with the time of their first byte, and whose they are: `<` for the device, `>` for clients, `*` for what happened. */
class TextForm implements Form {
  readonly #source: Source;
  /** Whose line the file is in; `undefined` between lines. */
  #open: RecordDirection | undefined;
  /** The last byte was a carriage return: it is written when the next one is known not to be the line feed that belongs to it. */
  #cr = false;

  constructor(source: Source) {
    this.#source = source;
  }
  begin(time: number, continued: boolean): Buffer {
    this.#open = undefined;
    const { port, device } = this.#source;
    // A file that was torn off may end inside a line.
    return Buffer.from(`${continued ? '\n' : ''}${textTime(time)} * recording of ${visible(port)}, ${visible(device)}\n`);
  }
  data(room: Room, time: number, direction: RecordDirection, _lines: number, data: Buffer): void {
    const head = `${textTime(time)} ${MARKS[direction]} `;
    const before = this.#open === direction ? '' : this.#open === undefined ? head : `\n${head}`;
    const said = (this.#cr && this.#open === direction ? '\r' : '') + data.toString('latin1');
    this.#cr = said.endsWith('\r');
    const text = (this.#cr ? said.slice(0, -1) : said).replaceAll('\r\n', '\n').replace(CONTROLS, hexOf);
    const ends = text.endsWith('\n');
    const lines = (ends ? text.slice(0, -1) : text).replaceAll('\n', `\n${head}`);
    this.#open = ends ? undefined : direction;
    const out = Buffer.from(`${before}${lines}${ends ? '\n' : ''}`, 'latin1');
    const at = room.reserve(out.length);
    out.copy(room.buffer, at);
  }
  note(time: number, _event: number, _lines: number, text: string): Buffer {
    if (text === '') return NOTHING;
    const before = this.#open === undefined ? '' : '\n';
    this.#open = undefined;
    return Buffer.from(`${before}${textTime(time)} * ${visible(text)}\n`);
  }
}

const visible = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?');
