#!/usr/bin/env node
// The command ser2net: argv in, exit code out.
import { fromOneFile } from './daemon/one-file.ts';

const { enter } = fromOneFile() ?? (await import('./daemon/enter.ts'));
await enter();
