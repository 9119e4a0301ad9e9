import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { EVENT, LINE, packetBlock, packetSize, type SerialPacket, sectionHeader, viewOf, writePacket } from '../../src/record/pcapng.ts';
import { PcapngError, PcapngReader, type RecordedPacket } from '../../src/record/pcapng-reader.ts';

const dir = mkdtempSync(join(tmpdir(), 'pcapng-'));
after(() => rmSync(dir, { recursive: true }));

const bytes = (max: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength: max }).map((array) => Buffer.from(array));
const anyPacket: fc.Arbitrary<SerialPacket> = fc.record({
  // Up to 2106: seconds are 32 bits wide.
  time: fc.nat(Number.MAX_SAFE_INTEGER).map((n) => n % (2 ** 32 * 1_000_000)),
  event: fc.nat(255),
  lines: fc.nat(255),
  data: bytes(200),
  comment: fc.option(fc.string({ unit: 'grapheme', maxLength: 30 }), { nil: undefined }),
});
const anySection = fc.record({ port: fc.string(), packets: fc.array(anyPacket, { maxLength: 8 }) });

const encode = (sections: readonly { readonly port: string; readonly packets: readonly SerialPacket[] }[]): Buffer =>
  Buffer.concat(sections.flatMap(({ port, packets }) => [sectionHeader(port, 'a line', 'test'), ...packets.map(packetBlock)]));
const plain = ({ comment, ...rest }: SerialPacket): object => ({ ...rest, ...(comment !== undefined && { comment }) });

/** The same file as a machine of the other byte order would write it; blocks are known to be ours. */
function swapped(file: Buffer): Buffer {
  const out = Buffer.from(file);
  for (let at = 0; at < file.length; ) {
    const type = file.readUInt32LE(at);
    const size = file.readUInt32LE(at + 4);
    const u32 = (offset: number): void => void out.writeUInt32BE(file.readUInt32LE(at + offset), at + offset);
    const u16 = (offset: number): void => void out.writeUInt16BE(file.readUInt16LE(at + offset), at + offset);
    for (const offset of [0, 4, size - 4]) u32(offset);
    let options = 28;
    if (type === 6) {
      for (const offset of [8, 12, 16, 20, 24]) u32(offset);
      options = 28 + ((file.readUInt32LE(at + 20) + 3) & ~3);
    } else if (type === 1) {
      u16(8);
      options = 16;
    } else {
      u32(8);
      u16(12);
      options = 24;
    }
    for (let o = options; o < size - 4; ) {
      const length = file.readUInt16LE(at + o + 2);
      u16(o);
      u16(o + 2);
      o += 4 + ((length + 3) & ~3);
    }
    at += size;
  }
  return out;
}

test('what is written is read back, section by section, whatever the pieces it comes in and the order of its bytes', () => {
  fc.assert(
    fc.property(
      fc.array(anySection, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 90 })),
      fc.boolean(),
      (sections, cuts, other) => {
        const file = other ? swapped(encode(sections)) : encode(sections);
        const reader = new PcapngReader();
        const read: RecordedPacket[] = [];
        let at = 0;
        for (const cut of cuts) {
          read.push(...reader.push(file.subarray(at, at + cut)));
          at += cut;
        }
        read.push(...reader.push(file.subarray(at)));
        const expected = sections.flatMap(({ port, packets }) => packets.map((packet) => ({ ...plain(packet), port })));
        assert.deepEqual(read, expected);
        assert.equal(reader.wholeUpTo, file.length);
      },
    ),
  );
});

test('a block that is torn off at the end is not there, and what is whole before it is', () => {
  fc.assert(
    fc.property(fc.array(anyPacket, { minLength: 1, maxLength: 5 }), fc.nat(), (packets, n) => {
      const head = sectionHeader('p', '', 'test');
      const blocks = packets.map(packetBlock);
      const last = blocks.at(-1)!;
      const whole = Buffer.concat([head, ...blocks.slice(0, -1)]);
      const reader = new PcapngReader();
      const read = reader.push(Buffer.concat([whole, last.subarray(0, n % last.length)]));
      assert.equal(read.length, packets.length - 1);
      assert.equal(reader.wholeUpTo, whole.length);
    }),
  );
});

test('any bytes are packets or a reason why they are none, never an exception of another kind', () => {
  fc.assert(
    fc.property(encodeThenDamage(), (file) => {
      try {
        new PcapngReader().push(file);
      } catch (err) {
        assert.ok(err instanceof PcapngError, String(err));
        assert.match(err.message, /, at byte [0-9]+$/);
      }
    }),
    { numRuns: 500 },
  );
  assert.throws(() => new PcapngReader().push(Buffer.from('hello, world')), /not a pcapng file, at byte 0/);
});

function encodeThenDamage(): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.array(anySection, { maxLength: 3 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }))
    .map(([sections, hits]) => {
      const file = encode(sections);
      if (file.length > 0) for (const [at, value] of hits) file[at % file.length] = value;
      return file;
    });
}

test('the writer for the data path writes the same block, into the middle of a buffer, and nothing around it', () => {
  fc.assert(
    fc.property(anyPacket, fc.nat(9), ({ comment: _, ...packet }, before) => {
      const size = packetSize(packet.data.length);
      const into = Buffer.alloc(before + size + 7, 0xaa);
      const end = writePacket({ buffer: into, view: viewOf(into) }, before, packet.time, packet.event, packet.lines, packet.data);
      assert.equal(end, before + size);
      assert.deepEqual(into.subarray(before, end), packetBlock(packet));
      assert.deepEqual(Buffer.concat([into.subarray(0, before), into.subarray(end)]), Buffer.alloc(before + 7, 0xaa));
    }),
  );
});

test('a comment longer than an option may be is cut between two characters', () => {
  const comment = `a${'\u{1f600}'.repeat(20_000)}`;
  const file = Buffer.concat([sectionHeader('p', '', 't'), packetBlock({ time: 1, event: 0, lines: 0, data: Buffer.alloc(0), comment })]);
  const [packet] = new PcapngReader().push(file);
  assert.equal(packet!.comment, comment.slice(0, 1 + 2 * Math.floor((0xffff - 1) / 4)));
});

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** What tshark says of a file: fields of each packet. */
function tshark(content: Buffer, ...fields: readonly string[]): string[][] {
  const file = join(dir, 'f.pcapng');
  writeFileSync(file, content);
  const out = execFileSync('tshark', ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t'));
}

test('tshark reads times, events, data, comments and the port, also of a section that continues a file', {
  skip: !hasTshark && 'tshark is not installed',
}, () => {
  const time = Date.UTC(2024, 0, 2, 3, 4, 5) * 1000 + 678901;
  const packets: SerialPacket[] = [
    { time, event: EVENT.status, lines: 0, data: Buffer.alloc(0), comment: 'speed 9600' },
    { time: time + 1, event: EVENT.rx, lines: 0, data: Buffer.from('abcde') },
    { time: time + 2, event: EVENT.tx, lines: 0, data: Buffer.from('\x00\xff\r', 'latin1') },
    { time: time + 3, event: EVENT.lost, lines: 0, data: Buffer.alloc(0), comment: '12 bytes lost' },
    { time: time + 4, event: EVENT.break, lines: 0, data: Buffer.alloc(0) },
    { time: time + 5, event: EVENT.complete, lines: 0, data: Buffer.alloc(0) },
  ];
  const file = encode([
    { port: 'one', packets: packets.slice(0, 3) },
    { port: 'one', packets: packets.slice(3) },
  ]);
  const read = tshark(
    file,
    'frame.time_epoch',
    'frame.protocols',
    'rtacser.eventtype',
    'rtacser.timestamp',
    'data.data',
    'frame.comment',
    'frame.interface_name',
  );
  const at = (n: number): string => `1704164645.67890${n}000`;
  assert.deepEqual(
    read.map(([epoch, protocols, event, , data, comment, port]) => [epoch, protocols, Number(event), data, comment, port]),
    [
      [at(1), 'rtacser', 0, '', 'speed 9600', 'one'],
      [at(2), 'rtacser:data', 2, '6162636465', '', 'one'],
      [at(3), 'rtacser:data', 1, '00ff0d', '', 'one'],
      [at(4), 'rtacser', 5, '', '12 bytes lost', 'one'],
      [at(5), 'rtacser', 9, '', '', 'one'],
      [at(6), 'rtacser', 6, '', '', 'one'],
    ],
  );
});

test('tshark shows exactly the lines that are on as set', { skip: !hasTshark && 'tshark is not installed' }, () => {
  const names = ['cts', 'dcd', 'dsr', 'rts', 'dtr', 'ring'] as const;
  const packets = names.map((name, i) => ({ time: i, event: EVENT.status, lines: LINE[name], data: Buffer.alloc(0) }));
  const read = tshark(encode([{ port: 'p', packets }]), ...names.map((name) => `rtacser.${name}`));
  assert.deepEqual(
    read.map((row) => row.map(Number)),
    names.map((name) => names.map((other) => Number(name === other))),
  );
});
