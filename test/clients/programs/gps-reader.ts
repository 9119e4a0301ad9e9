// serialport with its ReadlineParser, and nmea-simple: the first position a receiver on a device tells.
import { need, program } from './npm.ts';

const { SerialPort, ReadlineParser } = need('serialport');
const { parseNmeaSentence } = need('nmea-simple');

program(
  () =>
    new Promise((resolve) => {
      const port = new SerialPort({ path: process.argv[2]!, baudRate: 9600 });
      port.pipe(new ReadlineParser({ delimiter: '\r\n' })).on('data', (text: string) => {
        if (!text.startsWith('$GPRMC')) return;
        const fix = parseNmeaSentence(text);
        process.stdout.write(`fix ${fix.latitude.toFixed(4)} ${fix.longitude.toFixed(4)}\n`);
        port.close(() => resolve());
      });
    }),
);
