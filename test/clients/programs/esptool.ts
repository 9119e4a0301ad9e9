// esptool-js, which drives a port of the Web Serial API, on this project's binding for the serialport packages: connects with a reset,
// goes to 460800 baud, writes a file, resets into the application. Arguments: TCP port, file.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { SerialPortStream } from '@serialport/stream';
import { Ser2netBinding } from '../../../src/index.ts';
import { need, program } from './npm.ts';

const { ESPLoader, Transport } = need('esptool-js');
const [port, file] = process.argv.slice(2);

/** The part of a Web Serial port that esptool-js uses. */
class WebPort {
  readonly #stream = new SerialPortStream({
    binding: Ser2netBinding,
    path: `rfc2217://127.0.0.1:${port}`,
    baudRate: 115_200,
    autoOpen: false,
  });
  readonly #lines = { dtr: true, rts: true };
  readable: ReadableStream | null = null;
  writable: WritableStream | null = null;
  async open({ baudRate }: { baudRate: number }): Promise<void> {
    if (!this.#stream.isOpen) {
      this.#stream.open();
      await once(this.#stream, 'open');
    }
    await this.setBaudRate(baudRate);
    // Not Duplex.toWeb(): a cancelled reader would take the port with it, and esptool-js opens it again then.
    let take: ((data: Buffer) => void) | undefined;
    this.readable = new ReadableStream({
      start: (controller) => {
        take = (data) => controller.enqueue(new Uint8Array(data));
        this.#stream.on('data', take);
      },
      cancel: () => void this.#stream.off('data', take!),
    });
    this.writable = new WritableStream({
      write: (data: Uint8Array) => new Promise((resolve, reject) => this.#stream.write(data, (err) => (err ? reject(err) : resolve()))),
    });
  }
  setBaudRate(baudRate: number): Promise<void> {
    return new Promise((resolve, reject) => this.#stream.update({ baudRate }, (err) => (err ? reject(err) : resolve())));
  }
  setSignals(signals: { dataTerminalReady?: boolean; requestToSend?: boolean }): Promise<void> {
    const { dataTerminalReady: dtr, requestToSend: rts } = signals;
    // set() of a SerialPortStream raises what it is not told of.
    if (dtr !== undefined) this.#lines.dtr = dtr;
    if (rts !== undefined) this.#lines.rts = rts;
    return new Promise((resolve, reject) => this.#stream.set(this.#lines, (err) => (err ? reject(err) : resolve())));
  }
  getInfo(): object {
    return {};
  }
  async close(): Promise<void> {
    this.#stream.close();
    await once(this.#stream, 'close');
  }
}

program(async () => {
  const transport = new Transport(new WebPort(), false);
  const terminal = { clean: () => undefined, write: () => undefined, writeLine: (text: string) => process.stdout.write(`${text}\n`) };
  const loader = new ESPLoader({ transport, baudrate: 460_800, romBaudrate: 115_200, terminal });
  // As with --no-stub: the device has no processor that would run the stub.
  loader.runStub = async () => loader.chip;
  process.stdout.write(`chip ${await loader.main('default_reset')}\n`);
  const data = new Uint8Array(readFileSync(file!));
  const options = { flashMode: 'keep', flashFreq: 'keep', flashSize: 'keep', eraseAll: false, compress: true };
  await loader.writeFlash({ ...options, fileArray: [{ data, address: 0x10000 }] });
  process.stdout.write('written\n');
  // Not 'hard_reset': that only lowers RTS, which nothing has raised.
  await loader.after('custom_reset', undefined, 'D0|R1|W100|R0');
  await transport.disconnect();
});
