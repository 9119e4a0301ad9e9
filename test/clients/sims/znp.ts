// A CC2652 coordinator with Z-Stack 3.x.0 that is commissioned, as a process on standard input and output. Its stored structures are made
// with zigbee-herdsman's own definitions.
import { dirname, join } from 'node:path';
import { need } from '../programs/npm.ts';

const STACK = join(dirname(need.resolve('zigbee-herdsman')), 'adapter/z-stack');
// Standard output is the line.
console.log = console.error;
const Structs = need(join(STACK, 'structs'));
const { NvItemsIds } = need(join(STACK, 'constants/common'));

const IEEE = Buffer.from('4b1200aabbccdd01', 'hex');
const PAN = 0x1a62;
const KEY = Buffer.from([1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13]);
const EXTENDED_PAN = Buffer.alloc(8, 0xdd);
const [ASYNC, ANSWER] = [2, 3];
const [SYS, AF, ZDO, UTIL] = [1, 4, 5, 7];

const nib = Object.assign(Structs.nib(), {
  nwkPanId: PAN,
  nwkLogicalChannel: 11,
  channelList: 1 << 11,
  extendedPANID: EXTENDED_PAN,
  nwkKeyLoaded: 1,
  nwkCoordAddress: 0,
  nwkDevAddress: 0,
  nwkState: 6,
});
const key = Object.assign(Structs.nwkKeyDescriptor(), { keySeqNum: 0, key: KEY });
const configured = Object.assign(Structs.hasConfigured(), { hasConfigured: 0x55 });
const nv = new Map<number, Buffer>([
  [NvItemsIds.NWKKEY, Buffer.alloc(24)],
  [NvItemsIds.ZNP_HAS_CONFIGURED_ZSTACK3, configured.serialize('aligned')],
  [NvItemsIds.NIB, nib.serialize('aligned')],
  [NvItemsIds.PRECFGKEY, KEY],
  [NvItemsIds.NWK_ACTIVE_KEY_INFO, key.serialize('aligned')],
  [NvItemsIds.NWK_ALTERN_KEY_INFO, key.serialize('aligned')],
]);

function send(type: number, subsystem: number, id: number, ...data: (number | Buffer)[]): void {
  const body = Buffer.concat(data.map((d) => (typeof d === 'number' ? Buffer.of(d) : d)));
  const frame = Buffer.concat([Buffer.of(0xfe, body.length, (type << 5) | subsystem, id), body, Buffer.of(0)]);
  frame[frame.length - 1] = frame.subarray(1, -1).reduce((all, byte) => all ^ byte, 0);
  process.stdout.write(frame);
}
const later = (ms: number, id: number, ...data: number[]): void => void setTimeout(() => send(ASYNC, ZDO, id, ...data), ms);
const word = (n: number): Buffer => Buffer.of(n & 255, n >> 8);

function system(id: number, d: Buffer): void {
  const reply = (...data: (number | Buffer)[]): void => send(ANSWER, SYS, id, ...data);
  const item = nv.get(d.length >= 2 ? d.readUInt16LE(0) : -1);
  if (id === 0x01) return reply(0x59, 0x07); // ping
  if (id === 0x02) return reply(2, 1, 2, 7, 1, Buffer.from('1c4a3401', 'hex')); // version
  if (id === 0x13) return reply(word(item?.length ?? 0)); // length of an item
  if (id === 0x33) return reply(1, 0); // the extended table: nothing there
  if (id === 0x08 || id === 0x1c) {
    if (item === undefined) return reply(1, 0);
    const part = item.subarray(id === 0x08 ? d[2]! : d.readUInt16LE(2)).subarray(0, 240);
    return reply(0, part.length, part);
  }
  if (id === 0x07) {
    nv.set(d.readUInt16LE(0), Buffer.alloc(d.readUInt16LE(2)));
    return reply(9);
  }
  if (id === 0x09) {
    const old = item ?? Buffer.alloc(0);
    const made = Buffer.alloc(Math.max(old.length, d[2]! + d[3]!));
    old.copy(made);
    d.copy(made, d[2], 4, 4 + d[3]!);
    nv.set(d.readUInt16LE(0), made);
  }
  reply(0);
}
function devices(id: number, d: Buffer): void {
  if (id === 0x50) return send(ANSWER, ZDO, id, word(0), 9, word(PAN), word(0), EXTENDED_PAN, IEEE, 11);
  if (id === 0x4a) return send(ANSWER, ZDO, id, 0, word(0x0b84), 0); // the group of green power
  send(ANSWER, ZDO, id, 0);
  if (id === 0x05) later(20, 0x85, 0, 0, 0, 0, 0, 0); // no endpoints yet
  if (id === 0x02) later(20, 0x82, 0, 0, 0, 0, 0, 0, 0x40, 0x8f, 0, 0, 0x50, 0xa0, 0, 1, 0xa0, 0, 0);
  if (id === 0x04) later(20, 0x84, 0, 0, 0, 0, 0, 8, d[4]!, 4, 1, 5, 0, 0, 0, 0);
  if (id === 0x36) later(20, 0xb6, 0, 0, 0); // permit joining
  if (id === 0x40) later(200, 0xc0, 9); // started
}
function frame(command: number, id: number, d: Buffer): void {
  const subsystem = command & 31;
  if (command >> 5 === ASYNC && subsystem === SYS && id === 0) return void setTimeout(() => send(ASYNC, SYS, 0x80, 0, 2, 1, 2, 7, 1), 300); // reset
  if (subsystem === SYS) return system(id, d);
  if (subsystem === UTIL && id === 0) return send(ANSWER, UTIL, id, 0, IEEE, word(0), 7, 9, 0);
  if (subsystem === ZDO) return devices(id, d);
  send(ANSWER, subsystem, id, 0);
  if (subsystem === AF && id === 1) setTimeout(() => send(ASYNC, AF, 0x80, 0, d[2] ?? 1, d[7] ?? 0), 15);
}

let got = Buffer.alloc(0);
process.stdin.on('data', (data: Buffer) => {
  got = Buffer.concat([got, data]);
  for (let at = got.indexOf(0xfe); at >= 0; at = got.indexOf(0xfe)) {
    got = got.subarray(at);
    if (got.length < 5 || got.length < 5 + got[1]!) return;
    const whole = got.subarray(0, 5 + got[1]!);
    const good = whole.subarray(1).reduce((all, byte) => all ^ byte, 0) === 0;
    got = got.subarray(good ? whole.length : 1);
    if (good) frame(whole[2]!, whole[3]!, whole.subarray(4, -1));
  }
});
