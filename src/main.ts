#!/usr/bin/env node
// The command ser2net: argv in, exit code out.
import { traceTo } from './base/trace-points.ts';
import { start } from './daemon/start.ts';
import { textSink } from './daemon/stderr.ts';

const { TRACE } = process.env;
if (TRACE !== undefined) traceTo(TRACE, textSink(2));
process.exit(await start(process.argv));
