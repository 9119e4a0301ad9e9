// Writes a configuration again in either form of ser2net.yaml: what `ser2net convert` prints.
import type { Diag } from '../../base/diag.ts';
import { encodeRaw } from '../../base/raw-text.ts';
import { type Files, formatOf } from '../source.ts';
import { confToYaml } from './conf-to-yaml.ts';
import { yamlToYaml } from './yaml-versions.ts';

/** How to convert. */
export interface ConvertOptions {
  /**
   * Write what the author of a file for 2.x or 3.x meant where this version reads it otherwise: `\s` in texts is the line parameters,
   * and a port stays, without the words of its options that are not understood.
   */
  readonly meant?: boolean;
  /** Put what a YAML file of the other version includes in its place, read from here. Without it an include stays as it is. */
  readonly inline?: Files;
}

/** The result of a conversion. */
export interface Converted {
  /** The text of the new file. */
  readonly text: string;
  /** The problems of the text, and each difference of the result, which stands in it as a comment too. */
  readonly diags: readonly Diag[];
}

/** Converts a text of any format; a classic one may be anything. YAML that is of the version already stays as it is. */
export function convert(text: string, file: string, to: 'v1' | 'v2', { meant = false, inline }: ConvertOptions = {}): Converted {
  const { format, diags } = formatOf(file, encodeRaw(text));
  const converted = format === 'yaml' ? yamlToYaml(text, file, to, inline) : confToYaml(text, file, to, meant);
  return { text: converted.text, diags: [...diags, ...converted.diags] };
}
