// Meters that are read: a P1 port that sends by itself, and IEC 62056-21 in mode C, which begins at 300 baud and goes on at 9600.
import type { Line } from '../line.ts';
import { crc16 } from './modbus.ts';

const TELEGRAM = [
  '/KFM5KAIFA-METER',
  '',
  '1-3:0.2.8(42)',
  '0-0:1.0.0(170124213128W)',
  '1-0:1.8.1(000306.946*kWh)',
  '1-0:1.8.2(000210.088*kWh)',
  '1-0:1.7.0(02.793*kW)',
  '1-0:32.7.0(230.1*V)',
  '!',
].join('\r\n');

/** A telegram of DSMR 5 each second. */
export function p1Meter(line: Line): void {
  const checksum = crc16(Buffer.from(TELEGRAM), 0, 0xa001).toString(16).toUpperCase().padStart(4, '0');
  line.every(1000, () => line.send(`${TELEGRAM}${checksum}\r\n`, 115_200));
}

/** What the meter was asked, with the speed in force when it was. */
export interface Asked {
  readonly text: string;
  readonly speed: number;
}

const SPEEDS: Readonly<Record<string, number>> = { 0: 300, 1: 600, 2: 1200, 3: 2400, 4: 4800, 5: 9600 };

/** Answers only at the speed it is at, as a real one does. */
export function iecMeter(line: Line): Asked[] {
  const asked: Asked[] = [];
  let got = '';
  let speed = 300;
  const take = (text: string): void => {
    asked.push({ text, speed: line.speed });
    if (line.speed !== speed) return;
    const acknowledged = /^\x06(.)([0-9])(.)$/.exec(text);
    if (/^\/\?.*!$/.test(text)) line.send('/ACM5METER-1\r\n', 2400);
    if (acknowledged === null) return;
    speed = SPEEDS[acknowledged[2]!]!;
    const data = '0.0.0(12345678)\r\n1.8.0(001234.567*kWh)\r\n2.8.0(000001.000*kWh)\r\n!\r\n';
    const block = Buffer.from(`\x02${data}\x03`, 'latin1');
    const check = block.subarray(1).reduce((sum, byte) => sum ^ byte, 0);
    // A real one waits for the reader to follow, too.
    line.after(600, () => {
      if (line.speed === speed) line.send(Buffer.concat([block, Buffer.from([check])]), speed);
      speed = 300;
    });
  };
  line.onData = (data) => {
    got += data.toString('latin1').replaceAll('\0', '');
    for (let at = got.indexOf('\r\n'); at >= 0; at = got.indexOf('\r\n')) {
      take(got.slice(0, at));
      got = got.slice(at + 2);
    }
  };
  return asked;
}
