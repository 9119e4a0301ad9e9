// A Z-Wave stick with two nodes, by zwave-js's own test package, as a process on standard input and output.
import { need } from '../programs/npm.ts';

// Standard output is the line.
console.log = console.error;
const { createAndOpenMockedZWaveSerialPort } = need('@zwave-js/serial/mock');
const { Faucet, ZWaveSerialFrameType } = need('@zwave-js/serial');
const { MockController, MockNode } = need('@zwave-js/testing');
const { createDefaultMockControllerBehaviors, createDefaultMockNodeBehaviors } = need('zwave-js/Testing');

const { serial, port } = await createAndOpenMockedZWaveSerialPort();
const controller = await MockController.create({ homeId: 0x7e570001, ownNodeId: 1, mockPort: port, serial });
controller.defineBehavior(...createDefaultMockControllerBehaviors());
for (const id of [2, 3]) {
  const capabilities = { commandClasses: [{ ccId: 0x25, isSupported: true, version: 1 }] };
  const node = await MockNode.create({ id, controller, capabilities });
  node.defineBehavior(...createDefaultMockNodeBehaviors());
  controller.addNode(node);
}
const out = new WritableStream<{ type: unknown; data: number | Uint8Array }>({
  write: ({ type, data }) => {
    if (type === ZWaveSerialFrameType.SerialAPI) process.stdout.write(typeof data === 'number' ? Uint8Array.of(data) : data);
  },
});
new Faucet(serial.readable).connect(out);

/** The mock takes one frame at a time: ACK, NAK, CAN, or a data frame with its length in the second byte. */
let got = Buffer.alloc(0);
process.stdin.on('data', (data: Buffer) => {
  got = Buffer.concat([got, data]);
  while (got.length > 0) {
    const length = got[0] !== 1 ? 1 : got.length > 1 ? got[1]! + 2 : Infinity;
    if (got.length < length) return;
    const frame = got.subarray(0, length);
    got = got.subarray(length);
    void serial.writeAsync(frame);
  }
});
