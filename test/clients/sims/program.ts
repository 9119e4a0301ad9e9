// A program as the device, on pipes or on a terminal of its own: what the server sends is its standard input, what it writes is sent to
// the server.
import type { Line } from '../line.ts';
import type { Running } from '../processes.ts';
import type { Trial } from '../trial.ts';

export function programOn(
  t: Trial,
  line: Line,
  command: string,
  args: readonly string[],
  how: 'pipes' | 'terminal' = 'pipes',
  env: NodeJS.ProcessEnv = {},
): Running {
  const options = { cwd: t.dir, env, onOutput: (data: Buffer) => line.send(Buffer.from(data)) };
  const program = how === 'pipes' ? t.start(command, args, options) : t.terminal(command, args, options);
  line.onData = (data) => program.write(data);
  return program;
}
