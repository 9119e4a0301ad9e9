// stk500 on a serialport: programs an Uno, and verifies it. Arguments: device, file with the program.
import { readFileSync } from 'node:fs';
import { need, program } from './npm.ts';

const { SerialPort } = need('serialport');
const Stk500 = need('stk500');
const [path, file] = process.argv.slice(2);

program(
  () =>
    new Promise((resolve, reject) => {
      const port = new SerialPort({ path: path!, baudRate: 115_200 });
      const board = { name: 'uno', signature: Buffer.from([0x1e, 0x95, 0x0f]), pageSize: 128, timeout: 400 };
      port.on('open', () =>
        new Stk500({ quiet: true }).bootload(port, readFileSync(file!), board, (err: Error | undefined) => (err ? reject(err) : resolve())),
      );
    }),
);
