#!/usr/bin/env node
// The command ser2net: argv in, exit code out.
import { start } from './daemon/start.ts';

process.exit(await start(process.argv));
