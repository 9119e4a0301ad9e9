// A GPS receiver: a fix at the same place each second, at 9600 baud.
import type { Line } from '../line.ts';

const sentence = (body: string): string => {
  const sum = [...Buffer.from(body)].reduce((all, byte) => all ^ byte, 0);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}\r\n`;
};

export const LATITUDE = 48 + 7.038 / 60;
export const LONGITUDE = 11 + 31 / 60;

export function gps(line: Line): void {
  line.every(1000, () => {
    const now = new Date().toISOString();
    const time = `${now.slice(11, 19).replaceAll(':', '')}.00`;
    const date = `${now.slice(8, 10)}${now.slice(5, 7)}${now.slice(2, 4)}`;
    line.send(
      sentence(`GPGGA,${time},4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,`) +
        sentence('GPGSA,A,3,04,05,09,12,24,25,29,31,,,,,1.8,1.0,1.5') +
        sentence(`GPRMC,${time},A,4807.038,N,01131.000,E,000.5,054.7,${date},003.1,W`),
      9600,
    );
  });
}
