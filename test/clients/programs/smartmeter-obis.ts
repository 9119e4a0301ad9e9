// smartmeter-obis: one reading, printed; the options come as JSON.
import { need, program } from './npm.ts';

const obis = need('smartmeter-obis');

program(
  () =>
    new Promise((resolve, reject) => {
      const options = { protocol: 'D0Protocol', requestInterval: 0, ...(JSON.parse(process.argv[2]!) as object) };
      const transport = obis.init(options, (err: unknown, result: Record<string, { idToString(): string; valueToString(): string }>) => {
        if (err) return reject(err);
        for (const value of Object.values(result)) process.stdout.write(`${value.idToString()} = ${value.valueToString()}\n`);
        transport.stop(() => undefined);
        resolve();
      });
      transport.process();
    }),
);
