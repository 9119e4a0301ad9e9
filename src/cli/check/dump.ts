// `ser2net dump` and --dump: a configuration as it was understood, as YAML that reads back to the same. Defines, includes and defaults
// are worked in; what was left out is not there. For a file kept as it is, see convert.ts.
import type { Diag } from '../../base/diag.ts';
import { formFor, problemsFor, type Version } from '../../config/convert/for-version.ts';
import { printConf } from '../../config/convert/to-conf.ts';
import type { Config, Reading } from '../../config/model.ts';
import { printYaml } from '../../config/yaml/print.ts';

/** How a configuration is printed. */
interface DumpForm {
  /** A comment after each value says where it came from. */
  readonly origin?: boolean | undefined;
  /** Only what differs from the built-in defaults. */
  readonly short?: boolean | undefined;
  /** In a form that this version of ser2net reads. */
  readonly version?: Version | undefined;
}

/** Version 1 of the format unless a name needs version 2: there any text can be one. */
export function versionFor(config: Config): 1 | 2 {
  const names = [...config.connections, ...config.rotators, ...config.leds, ...(config.attachments ?? [])].map(({ name }) => name);
  return names.every((name) => /^[A-Za-z0-9_-]+$/.test(name)) ? 1 : 2;
}

/** The configuration, but for this program's own sections. For another version: but for what it does not know. */
export function printConfig({ config, origins }: Pick<Reading, 'config' | 'origins'>, { origin, short, version }: DumpForm = {}): string {
  const form = { full: short !== true, ...(origin === true && { origins }) };
  if (version === undefined) return printYaml(config, versionFor(config), form);
  if (version === '3.5') return printConf(config);
  return printYaml({ ...config, attachments: [] }, 1, { ...form, ...formFor(version) });
}

/** What a version has not in any form, and which therefore is not printed. */
export const leftOut = (version: Version, reading: Reading): readonly Diag[] => problemsFor(version, reading).lost;
