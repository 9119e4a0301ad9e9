// This program's own version.
import { readFileSync } from 'node:fs';
import { MODULE_FOLDER } from '../base/module-folder.ts';

/** The version in package.json. */
export function ownVersion(): string {
  const file = new URL('../../package.json', MODULE_FOLDER);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
