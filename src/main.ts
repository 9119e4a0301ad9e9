#!/usr/bin/env node
// The command ser2net: argv in, exit code out.
import { fromOneFile } from './cli/bundle-loader.ts';

const { enter } = fromOneFile() ?? (await import('./cli/enter.ts'));
await enter();
