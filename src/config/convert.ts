// Writes a configuration anew in either form of ser2net.yaml: what `ser2net convert` prints.
import type { Diag } from '../base/diag.ts';
import { type ConvertOptions, confToYaml } from './conf/to-yaml.ts';

export type { ConvertOptions } from './conf/to-yaml.ts';

export interface Converted {
  readonly text: string;
  /** The problems of the text, and each difference of the result, which stands in it as a comment too. */
  readonly diags: readonly Diag[];
}

/** Converts a classic text, of which any can be converted. */
export function convert(text: string, file: string, to: 'v1' | 'v2', options: ConvertOptions = {}): Converted {
  return confToYaml(text, file, to, options);
}
