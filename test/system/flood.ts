// Writes more to stderr than a pipe holds, then says on stdout that it could.
import { textSink } from '../../src/system/text-sink.ts';

const stderr = textSink(2);
for (let i = 0; i < 1000; i++) stderr(`${i} ${'x'.repeat(1000)}\n`);
textSink(1)('done\n');
