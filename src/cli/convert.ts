// `ser2net convert`: a configuration as YAML, and what is to know about it on standard error. The result is read back: what would
// not be the same is said, too.
import { readFileSync } from 'node:fs';
import { writeFilesAtomically } from '../base/atomic-write.ts';
import { formatDiag } from '../base/diag.ts';
import { decodeFile, encodeRaw } from '../base/raw-text.ts';
import { strerror } from '../base/strerror.ts';
import { convert } from '../config/convert/convert.ts';
import { differences } from '../config/convert/differences.ts';
import { uciToYaml } from '../config/convert/uci-to-yaml.ts';
import { readConfig } from '../config/read.ts';
import { diskFiles, formatOf } from '../config/source.ts';
import { MESSAGES } from '../daemon/messages.ts';
import type { SubcommandIo } from './subcommand.ts';

interface ConvertFlags {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly v1?: boolean | undefined;
  readonly v2?: boolean | undefined;
  readonly output?: string | undefined;
  readonly meant?: boolean | undefined;
  readonly inline?: boolean | undefined;
}

/** `-` is standard input. 0: converted; 1: parts had to be left out; 2: not readable, not writable, or a mistake in the words. */
export async function convertFile(
  file: string,
  { from: format, to, v1, v2, output, meant, inline }: ConvertFlags,
  io: SubcommandIo,
): Promise<number> {
  const wanted = new Set([...(to === undefined ? [] : [to]), ...(v1 === true ? ['v1'] : []), ...(v2 === true ? ['v2'] : [])]);
  if (wanted.size > 1) {
    io.err('give only one of --v1 and --v2\n');
    return 2;
  }
  const files = diskFiles(process.env);
  const bytes = file === '-' ? readFileSync(0) : files.read(file);
  if (!Buffer.isBuffer(bytes)) {
    io.err(`${MESSAGES.cannotOpen(file, bytes.reason)}\n`);
    return 2;
  }
  const name = file === '-' ? '<stdin>' : file;
  const written = decodeFile(bytes);
  const uci = format === 'uci' ? uciToYaml(written, name) : undefined;
  const converted = convert(uci?.text ?? written, uci === undefined ? name : `${name}.yaml`, wanted.has('v2') ? 'v2' : 'v1', {
    meant: meant === true,
    ...(inline === true && { inline: files }),
  });
  const { text } = converted;
  const diags = [...(uci?.diags ?? []), ...converted.diags];
  const result = encodeRaw(text);
  if (output === undefined || output === '-') io.out(result);
  else {
    try {
      writeFilesAtomically({ path: output, content: result });
    } catch (err) {
      io.err(`cannot write ${output}: ${strerror(err)}\n`);
      return 2;
    }
  }
  for (const diag of diags) io.err(`${formatDiag(diag)}\n`);
  const read = (from: string, content: Buffer) =>
    readConfig({ ...formatOf(from, content), file: from, bytes: content, lines: [], oldFormat: false, files });
  if (uci !== undefined) for (const diag of read(`${name}.yaml`, result).diags) io.err(`${formatDiag(diag)}\n`);
  // With --meant the result is not what the file says.
  else if (meant !== true)
    for (const each of differences(read(name, bytes).config, read(`${name}.yaml`, result).config, diags))
      io.err(`${name}: note: ${each}\n`);
  return diags.some(({ severity }) => severity === 'error') ? 1 : 0;
}
