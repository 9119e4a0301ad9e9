// The one way to a configuration: from what was chosen to read, through the reader of its format, to a Reading with every problem.
import { decodeFile, decodeRaw } from '../base/raw-text.ts';
import { builtInServices, servicesFrom } from '../base/services.ts';
import { atOnce, type Steps } from '../base/slices.ts';
import { Defaults } from '../gensio/syntax/defaults.ts';
import { checkSteps } from './check.ts';
import { readConfSteps } from './conf/model.ts';
import type { Reading } from './model.ts';
import { type Overrides, override, setDefaults } from './overrides.ts';
import type { Files, Source } from './source.ts';
import { readYamlSteps } from './yaml/model.ts';

/** Names of ports as this machine knows them. */
function servicesOf(files: Files): typeof builtInServices {
  const got = files.read('/etc/services');
  return Buffer.isBuffer(got) ? servicesFrom(decodeRaw(got)) : builtInServices;
}

/**
 * Reads a configuration, with what the command line says of it. Never throws: what cannot be read is in the problems, and complete
 * tells whether a mistake ended the reading early. Each call starts from the built-in defaults.
 */
export const readConfig = (source: Source, overrides: Overrides = {}): Reading => atOnce(readConfigSteps(source, overrides));

/** The same, so that others may come in between. */
export function* readConfigSteps(source: Source, overrides: Overrides = {}): Steps<Reading> {
  const { file, files, lines, format } = source;
  const services = servicesOf(files);
  const defaults = new Defaults(services);
  setDefaults(defaults, overrides);
  const text = decodeFile(source.bytes);
  const reading = yield* format === 'yaml'
    ? readYamlSteps(text, file, { files, defaults })
    : readConfSteps(text, file, { lines, defaults });
  const all = override({ ...reading, diags: [...source.diags, ...reading.diags] }, overrides, new Defaults(services));
  const checked = yield* checkSteps(all.whole ?? all.config, all.origins);
  return { ...all, diags: [...all.diags, ...checked] };
}
