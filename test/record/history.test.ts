import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { History, type LineEvent } from '../../src/record/history.ts';

/** Reads a history from a position on, at its own pace, and then what is added: nothing twice, and what is missing is told. */
class HistoryReader {
  readonly #history: History;
  #at: number;

  /** from: a position; default: the oldest byte. */
  constructor(history: History, from = history.start) {
    this.#history = history;
    this.#at = from;
  }

  /** Bytes that wait for it, those that are lost already among them. */
  get behind(): number {
    return this.#history.end - this.#at;
  }
  /** The next bytes, as History.read(). */
  next(max: number): ReturnType<History['read']> {
    const piece = this.#history.read(this.#at, max);
    this.#at = piece.next;
    return piece;
  }
}

const modem = (state: number): LineEvent => ({ on: 'modemstate', state });

type Step = { readonly add: Buffer; readonly wait: number } | { readonly event: number } | { readonly read: number; readonly max: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ add: fc.uint8Array({ minLength: 1, maxLength: 70 }).map((a) => Buffer.from(a)), wait: fc.nat(3000) }),
  },
  fc.record({ event: fc.nat(255) }),
  { weight: 3, arbitrary: fc.record({ read: fc.nat(2), max: fc.integer({ min: 1, max: 100 }) }) },
);

test('readers that come at any time and read at any pace get each byte once and in order, and are told how many are missing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 150 }), fc.array(anyStep, { maxLength: 120 }), (size, steps) => {
      const history = new History(size);
      let all = Buffer.alloc(0);
      let time = 1_000_000;
      const readers: { reader: HistoryReader; at: number }[] = [];
      const read = (entry: { reader: HistoryReader; at: number }, max: number): number => {
        assert.equal(entry.reader.behind, all.length - entry.at);
        const { lost, data } = entry.reader.next(max);
        assert.equal(lost, Math.max(0, all.length - size - entry.at));
        entry.at += lost;
        assert.deepEqual(data, all.subarray(entry.at, entry.at + data.length));
        entry.at += data.length;
        return data.length;
      };
      for (const step of steps) {
        if ('add' in step) {
          time += step.wait;
          history.push(step.add, time);
          all = Buffer.concat([all, step.add]);
          assert.equal(history.start, Math.max(0, all.length - size));
          assert.equal(history.end, all.length);
        } else if ('event' in step) history.note(modem(step.event), time);
        else {
          readers[step.read] ??= { reader: new HistoryReader(history), at: Math.max(0, all.length - size) };
          read(readers[step.read]!, step.max);
        }
      }
      for (const entry of readers) if (entry !== undefined) while (read(entry, 1000) > 0);
      for (const entry of readers) if (entry !== undefined) assert.equal(entry.at, all.length);
    }),
  );
});

test('what was said has all bytes kept, the time of each piece as long as there is room for it, and events in their places', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.array(anyStep, { maxLength: 60 }),
      fc.nat(200),
      fc.nat(400),
      (size, steps, skip, cut) => {
        const history = new History(size);
        const model: { byte?: number; event?: number; time: number }[] = [];
        let time = 1_000_000;
        let pieces = 0;
        for (const step of steps) {
          if ('add' in step) {
            time += step.wait;
            pieces++;
            history.push(step.add, time);
            for (const byte of step.add) model.push({ byte, time });
          } else if ('event' in step) {
            time += 1;
            history.note(modem(step.event), time);
            model.push({ event: step.event, time });
          }
        }
        const from = history.start + skip;
        let seen = 0;
        const expected = model.filter((entry) => {
          // An event belongs where the next byte is.
          const keep = seen >= from;
          if (entry.byte !== undefined) seen++;
          return keep;
        });
        // In two parts, as somebody who takes it piece by piece does.
        const middle = Math.min(from + cut, history.end);
        const parts = middle < history.end ? [...history.said(from, middle), ...history.said(middle)] : history.said(from);
        const got = parts.flatMap((said): { byte?: number; event?: number; time: number }[] =>
          'data' in said ? [...said.data].map((byte) => ({ byte, time: said.time })) : [{ event: said.event.state, time: said.time }],
        );
        const bare = (list: typeof model): object[] => list.map(({ time: _, ...rest }) => rest);
        assert.deepEqual(bare(got), bare(expected));
        // Times are not later than the truth, and within a millisecond of it while none had to be dropped.
        got.forEach((entry, i) => {
          const late = expected[i]!.time - entry.time;
          assert.ok(late >= 0 && (pieces > 16 || late < 1000), `${late} microseconds off`);
        });
      },
    ),
  );
});

test('times and events take a bounded room, however small the pieces are', () => {
  const history = new History(1 << 20);
  const byte = Buffer.from('x');
  for (let i = 0; i < 50_000; i++) {
    history.push(byte, i * 5000);
    history.note(modem(i & 255), i * 5000);
  }
  const said = history.said();
  const data = said.filter((piece) => 'data' in piece);
  const events = said.filter((piece) => 'event' in piece);
  assert.ok(events.length <= 512 && events.length >= 256, `${events.length} events`);
  assert.ok(data.length <= 4096 + 512, `${data.length} pieces`);
  assert.equal(
    data.reduce((sum, piece) => sum + piece.data.length, 0),
    50_000,
  );
  assert.equal(events.at(-1)!.event.state, 49_999 & 255);
});

test('a copy is kept: the buffer that was added may be used again', () => {
  const history = new History(100);
  const buffer = Buffer.from('abc');
  history.push(buffer, 1);
  buffer.fill(0);
  assert.equal(history.read(0, 10).data.toString(), 'abc');
});
