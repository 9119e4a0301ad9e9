// zwave-js: a driver that interviews two nodes and switches one of them. Arguments: where the stick is, a folder for its cache.
import { need, program } from './npm.ts';

const { Driver } = need('zwave-js');
const [where, cache] = process.argv.slice(2);

program(
  () =>
    new Promise((resolve, reject) => {
      const driver = new Driver(where, {
        logConfig: { enabled: false },
        storage: { cacheDir: cache },
        interview: { queryAllUserCodes: false },
        testingHooks: { skipFirmwareIdentification: true },
        attempts: { openSerialPort: 3 },
      });
      const ready = new Set<number>();
      driver.on('error', reject);
      driver.once('driver ready', () => {
        for (const node of driver.controller.nodes.values()) {
          node.on('interview failed', (_: unknown, args: { errorMessage: string }) => reject(new Error(args.errorMessage)));
          node.once('interview completed', () => {
            ready.add(node.id);
            if (![2, 3].every((id) => ready.has(id))) return;
            process.stdout.write('both nodes are ready\n');
            void driver.destroy().then(resolve);
          });
        }
      });
      driver.start().catch(reject);
    }),
);
