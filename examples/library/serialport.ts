// A program of the serialport packages with a port elsewhere: only the binding and the path are new. node serialport.js HOST:PORT
import { SerialPortStream } from '@serialport/stream';
import { Ser2netBinding } from 'ser2net';
import { ReadlineParser } from 'serialport';

const port = new SerialPortStream({ binding: Ser2netBinding, path: `rfc2217://${process.argv[2] ?? 'localhost:4002'}`, baudRate: 19200 });
port.on('error', (err) => console.error(err.message));
port.on('close', () => process.exit());
port.pipe(new ReadlineParser()).on('data', (line: string) => {
  console.log(line);
  port.close();
});
port.write('line?\n');
