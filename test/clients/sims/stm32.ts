// The boot loader in the ROM of an STM32F103 with 64 KiB of flash (ST's AN3155).
import type { Line } from '../line.ts';

const [ACK, NACK] = [0x79, 0x1f];
const FLASH = 0x0800_0000;
const COMMANDS = [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43, 0x63, 0x73, 0x82, 0x92];

type State = 'command' | 'address' | 'read' | 'write' | 'erase';

export function stm32(line: Line): { readonly flash: Buffer } {
  const flash = Buffer.alloc(65_536, 0xff);
  let got = Buffer.alloc(0);
  let state: State = 'command';
  let command = 0;
  let at = 0;
  const ack = (...more: number[]): void => line.send(Buffer.from([ACK, ...more]), 115_200);
  /** Takes that many bytes; undefined: they are not there yet. */
  const take = (count: number): Buffer | undefined => {
    if (got.length < count) return undefined;
    const taken = got.subarray(0, count);
    got = got.subarray(count);
    return taken;
  };
  const begin = (): boolean => {
    if (got[0] === 0x7f) {
      take(1);
      ack();
      return true;
    }
    const pair = take(2);
    if (pair === undefined) return false;
    command = pair[0]!;
    if (pair[1] !== (command ^ 0xff) || !COMMANDS.includes(command)) line.send(Buffer.from([NACK]));
    else if (command === 0) ack(COMMANDS.length, 0x22, ...COMMANDS, ACK);
    else if (command === 1) ack(0x22, 0, 0, ACK);
    else if (command === 2) ack(1, 0x04, 0x10, ACK);
    else {
      ack();
      state = command === 0x43 ? 'erase' : 'address';
    }
    return true;
  };
  const steps: Record<State, () => boolean> = {
    command: begin,
    address: () => {
      const bytes = take(5);
      if (bytes === undefined) return false;
      at = bytes.readUInt32BE(0) - FLASH;
      state = command === 0x11 ? 'read' : command === 0x31 ? 'write' : 'command';
      ack();
      return true;
    },
    read: () => {
      const bytes = take(2);
      if (bytes === undefined) return false;
      const count = bytes[0]! + 1;
      // Outside the flash: the size register says 64 KiB.
      ack(...(at >= 0 && at < flash.length ? flash.subarray(at, at + count) : Buffer.alloc(count, Buffer.from([64, 0, 255, 255]))));
      state = 'command';
      return true;
    },
    write: () => {
      const bytes = take((got[0] ?? Infinity) + 3);
      if (bytes === undefined) return false;
      bytes.copy(flash, at, 1, bytes.length - 1);
      ack();
      state = 'command';
      return true;
    },
    erase: () => {
      const all = got[0] === 0xff;
      const bytes = take(all ? 2 : (got[0] ?? Infinity) + 3);
      if (bytes === undefined) return false;
      if (all) flash.fill(0xff);
      else for (const page of bytes.subarray(1, -1)) flash.fill(0xff, page * 1024, (page + 1) * 1024);
      ack();
      state = 'command';
      return true;
    },
  };
  line.onData = (data) => {
    got = Buffer.concat([got, data]);
    while (got.length > 0 && steps[state]());
  };
  return { flash };
}
