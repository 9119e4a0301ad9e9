// The program behind main.ts, in single files or in one (bundle-loader.ts): the process's own words in, its exit code out.
import { traceTo } from '../base/trace-points.ts';
import { textSink } from '../system/text-sink.ts';
import { start } from './main.ts';

/** Runs the command and ends the process. */
export async function enter(): Promise<never> {
  // Or Node takes it for a wish to be debugged, and listens for whoever wants to.
  process.on('SIGUSR1', () => undefined);
  const { TRACE } = process.env;
  if (TRACE !== undefined) traceTo(TRACE, textSink(2));
  process.exit(await start(process.argv));
}
