// Configurations for programs: read from text or file, checked, printed, converted. Nothing is opened; nothing throws for what a
// user wrote: problems are values.
import type { Diag } from '../base/diag.ts';
import { encodeRaw } from '../base/raw-text.ts';
import type { Config, Reading } from '../config/model.ts';
import { Origins } from '../config/origin.ts';
import { readConfig as read } from '../config/read.ts';
import { diskFiles, type Files, formatOf, readSource } from '../config/source.ts';
import { parseStack as parse } from '../gensio/syntax/gensio-str.ts';
import type { Stack } from '../gensio/syntax/stack.ts';

/** Options of `readConfig()` and `readConfigFile()`. */
export interface ReadOptions {
  /** Where files named in the text (include, `*{file}`) are looked for. Default: the disk, without environment variables. */
  readonly files?: Files;
}

/** A program's server has no doors or recordings: a section that asks for them, or restricts a port, is not passed over in silence. */
function withUnused(reading: Reading): Reading {
  const unused = (reading.own?.found ?? []).map(({ key, file, tree }): Diag => {
    const { line, col } = tree.place(key.at);
    const text = `the section '${key.text}' has no effect here: only the daemon acts on it`;
    return { code: 'questionable', severity: 'warning', pos: { file, line, col, len: key.text.length }, text };
  });
  return unused.length === 0 ? reading : { ...reading, diags: [...reading.diags, ...unused] };
}

const files = (given: Files | undefined): Files => given ?? diskFiles({});

/**
 * Reads a configuration of either format: YAML when file ends in `.yaml`, when the text starts with `%YAML` or plainly is YAML; else
 * a classic one. file also stands in the places of problems. complete is false when a mistake ended the reading early.
 */
export function readConfig(text: string | Buffer, file = 'ser2net.yaml', options: ReadOptions = {}): Reading {
  const bytes = typeof text === 'string' ? encodeRaw(text) : text;
  const { format, diags } = formatOf(file, bytes);
  return withUnused(read({ format, file, bytes, lines: [], oldFormat: false, diags, files: files(options.files) }));
}

/** The same for a file. One that cannot be read is a problem like any other: its Diag has the code `include`. */
export function readConfigFile(path: string, options: ReadOptions = {}): Reading {
  const source = readSource({ file: path, lines: [], strings: [] }, files(options.files));
  if (!('failed' in source)) return withUnused(read(source));
  const diag: Diag = { code: 'include', severity: 'error', pos: { file: path, line: 0, col: 0, len: 0 }, text: source.failed };
  const config: Config = { format: 'none', connections: [], rotators: [], leds: [], admin: undefined };
  return { config, diags: [diag], complete: false, origins: new Origins() };
}

/** What an accepter or connector string means: `telnet(rfc2217),tcp,localhost,2000`. Without a spec there is an error and a detail. */
export const parseStack = (text: string, role: 'accepter' | 'connector'): Stack => parse(text, role);
