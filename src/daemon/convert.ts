// `ser2net convert`: a configuration as YAML on standard output, and what is to know about it on standard error.
import { readFileSync } from 'node:fs';
import { formatDiag } from '../base/diag.ts';
import { decodeRaw, encodeRaw } from '../base/raw-text.ts';
import { convert } from '../config/convert.ts';
import { diskFiles } from '../config/source.ts';
import { MESSAGES } from './messages.ts';
import type { SubcommandIo, SubcommandOptions } from './subcommands.ts';

/** `-` is standard input. 0: converted; 1: not readable, or lines had to be left out. */
export async function convertFile(file: string, options: SubcommandOptions, io: SubcommandIo): Promise<number> {
  const bytes = file === '-' ? readFileSync(0) : diskFiles(process.env).read(file);
  if (!Buffer.isBuffer(bytes)) {
    io.err(`${MESSAGES.cannotOpen(file, bytes.reason)}\n`);
    return 1;
  }
  const { text, diags } = convert(decodeRaw(bytes), file === '-' ? '<stdin>' : file, options.to === 'v2' ? 'v2' : 'v1', {
    meant: options.meant === true,
  });
  io.out(encodeRaw(text));
  for (const diag of diags) io.err(`${formatDiag(diag)}\n`);
  return diags.some(({ severity }) => severity === 'error') ? 1 : 0;
}
