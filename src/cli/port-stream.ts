// A port's capture or history, asked of a running daemon through its control port.
import { PROMPT } from '../admin/messages.ts';
import { decodeRaw, encodeRaw } from '../base/raw-text.ts';
import type { Gensio } from '../gensio/gensio.ts';
import { uint } from '../options/kind.ts';
import { BLOCK, MAGIC } from '../record/pcapng.ts';
import { PcapngReader, type RecordedPacket } from '../record/pcapng-reader.ts';
import { answerIn, openConsole } from './admin-client.ts';
import type { ControlFlags } from './control.ts';
import { type SubcommandOptions, textOption } from './subcommand.ts';

/** Longest answer of a control port that is no capture, bytes. */
const MAX_ANSWER = 65536;
const NOTHING = Buffer.alloc(0);

/** Cuts a stream of ours into whole blocks. */
class Blocks {
  #rest: Buffer = NOTHING;
  /** The blocks that are whole with this piece; empty if none is. */
  push(piece: Buffer): Buffer {
    const data = Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (; data.length >= at + 8; ) {
      const size = data.readUInt32LE(at + 4);
      if (size < 12 || at + size > data.length) break;
      at += size;
    }
    this.#rest = data.subarray(at);
    return data.subarray(0, at);
  }
}

/** Where a stream of ours begins in what a control port said; -1 while that cannot be told. */
function beginOf(said: Buffer): number {
  const at = said.indexOf(Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]));
  return at >= 0 && said.length >= at + 12 && said.readUInt32LE(at) === BLOCK.section && said.readUInt32LE(at + 8) === MAGIC ? at : -1;
}

/** A port's capture through the control port: blocks as they come; ended once, with why it failed, or `undefined` for its end. */
interface PortCapture {
  blocks(blocks: Buffer): void;
  ended(why: string | undefined): void;
}

/** Asks a control port for a capture, or the history, of a port. Gives the connection, or why there is none. */
export async function askForCapture(port: string, history: boolean, flags: ControlFlags, up: PortCapture): Promise<Gensio | string> {
  const gensio = await openConsole(flags);
  if (typeof gensio === 'string') return gensio;
  /** What was said before the stream; `undefined` once it has begun. */
  let said: Buffer | undefined = NOTHING;
  const blocks = new Blocks();
  gensio.up = {
    read: (data) => {
      if (said !== undefined) {
        said = Buffer.concat([said, data]);
        const at = beginOf(said);
        if (at < 0) {
          const got = answerIn(decodeRaw(said), said.length >= MAX_ANSWER);
          return got === undefined ? undefined : up.ended(got.answer);
        }
        data = said.subarray(at);
        said = undefined;
      }
      const whole = blocks.push(data);
      if (whole.length > 0) up.blocks(whole);
    },
    writable: () => undefined,
    closed: (err) => {
      const text = said === undefined ? '' : decodeRaw(said).replaceAll(PROMPT, '').trim();
      up.ended(said === undefined ? undefined : text !== '' ? text : (err?.message ?? 'the connection was closed'));
    },
  };
  gensio.setReading(true);
  gensio.write(encodeRaw(`capture ${port}${history ? ' history' : ''}\r`));
  return gensio;
}

/** What a running daemon remembers of a port, or why it cannot be had. */
async function historyOf(port: string, flags: ControlFlags): Promise<readonly RecordedPacket[] | string> {
  const reader = new PcapngReader();
  const packets: RecordedPacket[] = [];
  let ended: (why: string | undefined) => void = () => undefined;
  const over = new Promise<string | undefined>((resolve) => {
    ended = resolve;
  });
  const gensio = await askForCapture(port, true, flags, { blocks: (blocks) => packets.push(...reader.push(blocks)), ended });
  if (typeof gensio === 'string') return gensio;
  const why = await over;
  gensio.abort();
  return why ?? packets;
}

/** The last so many lines of what the device said; a last line without an end counts. */
export function lastLines(said: Buffer, lines: number): Buffer {
  let from = said.length;
  for (let left = said.at(-1) === 0x0a ? lines + 1 : lines; left > 0 && from > 0; left--) from = said.lastIndexOf(0x0a, from - 1);
  return from < 0 ? said : lines === 0 ? Buffer.alloc(0) : said.subarray(from + 1);
}

/** What the port said before, as far as it is wanted, or why it cannot be had; `undefined` if it is not wanted. */
export async function wantedHistory(where: string, given: SubcommandOptions): Promise<Buffer | string | undefined> {
  if (given.history === undefined || given.history === false) return undefined;
  const lines = given.history === true ? Infinity : uint(0, 1_000_000).parse(String(given.history));
  if (typeof lines === 'object' && 'expected' in lines) return `--history: '${String(given.history)}' is not ${lines.expected}`;
  const packets = await historyOf(where, { admin: textOption(given.admin), file: textOption(given.config) });
  if (typeof packets === 'string') return `the history of ${where}: ${packets}`;
  return lastLines(Buffer.concat(packets.map(({ data }) => data)), typeof lines === 'object' ? lines.ok : lines);
}
