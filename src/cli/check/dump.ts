// `ser2net dump` and --dump: a configuration as it was understood, as YAML that reads back to the same. Defines, includes and defaults
// are worked in; what was left out is not there. For a file kept as it is, see convert.ts.
import type { Config, Reading } from '../../config/model.ts';
import { printYaml } from '../../config/yaml/print.ts';

/** How a configuration is printed. */
interface DumpForm {
  /** A comment after each value says where it came from. */
  readonly origin?: boolean | undefined;
  /** Only what differs from the built-in defaults. */
  readonly short?: boolean | undefined;
}

/** Version 1 of the format unless a name needs version 2: there any text can be one. */
export function versionFor(config: Config): 1 | 2 {
  const names = [...config.connections, ...config.rotators, ...config.leds, ...(config.attachments ?? [])].map(({ name }) => name);
  return names.every((name) => /^[A-Za-z0-9_-]+$/.test(name)) ? 1 : 2;
}

/** The configuration, but for this program's own sections. */
export function printConfig({ config, origins }: Pick<Reading, 'config' | 'origins'>, { origin, short }: DumpForm = {}): string {
  return printYaml(config, versionFor(config), { full: short !== true, ...(origin === true && { origins }) });
}
