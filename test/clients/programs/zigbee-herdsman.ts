// zigbee-herdsman: starts a coordinator, permits joining, and when told on standard input does it again after the server was restarted.
// Arguments: where the coordinator is, a folder for its database.
import { once } from 'node:events';
import { join } from 'node:path';
import { need, program } from './npm.ts';

const { Controller } = need('zigbee-herdsman');
const [path, folder] = process.argv.slice(2);

async function round(): Promise<void> {
  const controller = new Controller({
    network: {
      panID: 0x1a62,
      channelList: [11],
      networkKey: [1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13],
      extendedPanID: Array(8).fill(0xdd),
    },
    serialPort: { path, adapter: 'zstack', baudRate: 115_200 },
    databasePath: join(folder!, 'database.db'),
    databaseBackupPath: join(folder!, 'database.backup'),
    backupPath: join(folder!, 'backup.json'),
    adapter: { disableLED: false },
  });
  const lost = new Promise<void>((resolve) => controller.once('adapterDisconnected', () => resolve()));
  await controller.start();
  const { type } = await controller.getCoordinatorVersion();
  await controller.permitJoin(60);
  await controller.permitJoin(0);
  process.stdout.write(`started ${type}\n`);
  const told = once(process.stdin, 'data');
  await Promise.race([told, lost]);
  await controller.stop().catch(() => undefined);
  await told;
}

program(async () => {
  await round();
  await round();
});
