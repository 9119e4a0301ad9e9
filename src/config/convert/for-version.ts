// What another version of ser2net makes of a configuration that is good here: what it refuses, and what it does not know.
import type { Diag, Pos } from '../../base/diag.ts';
import { layerInfo } from '../../gensio/syntax/custom-layers.ts';
import { printStack } from '../../gensio/syntax/gensio-str.ts';
import { layersOf, mapBottom, type Stack } from '../../gensio/syntax/stack.ts';
import { splitWords } from '../../gensio/syntax/words.ts';
import { ADMIN } from '../../options/admin.ts';
import { CONNECTION } from '../../options/connection.ts';
import { LED } from '../../options/led.ts';
import { ROTATOR } from '../../options/rotator.ts';
import type { Row, Rows } from '../../options/row.ts';
import type { Reading } from '../model.ts';
import { type PrintForm, stackText } from '../yaml/print.ts';
import { deviceOf, portOf } from './classic-forms.ts';
import { namedLayers } from './named-layers.ts';

/** The versions that `--for` knows, and the gensio that each of them comes with. 3.5 has none: it reads the classic format alone. */
export const VERSIONS = { '3.5': undefined, '4.3.11': '2.6.2', '4.6.7': '3.0.3' } as const;
/** A version that `--for` knows. */
export type Version = keyof typeof VERSIONS;

const isAfter = (one: string, other: string): boolean => one === 'new' || one.localeCompare(other, 'en', { numeric: true }) > 0;

/** Whether a version has an option: of ser2net's own, or (layer) of the gensio it comes with. */
export function knows(version: Version, { since, until }: Pick<Row<unknown>, 'since' | 'until'>, layer: boolean): boolean {
  const at = layer ? VERSIONS[version] : version;
  return at !== undefined && !isAfter(since, at) && (until === undefined || isAfter(until, at));
}

/** Layers that are newer than the options they share with others, by the gensio that brought them. */
const LAYER_SINCE: Readonly<Record<string, string>> = { sdev: '2.6.7', dev: '3.0.0', chardelay: '3.0.1' };

/** Whether the gensio of a version has a layer. */
const knowsLayer = (version: Version, type: string): boolean =>
  layerInfo(type) !== undefined && knows(version, { since: LAYER_SINCE[type] ?? '1.0' }, true);

/** The words in the parentheses of each layer of a stack, by the layer's place from the top. */
function optionsWritten({ text, spec }: Stack): string[][] {
  let rest = text;
  return layersOf(spec).map(({ type }) => {
    const at = rest.search(new RegExp(`(?:^|[ ,])${type}(?=[(,]|$)`));
    if (at < 0) return [];
    rest = rest
      .slice(at)
      .replace(/^[ ,]+/, '')
      .slice(type.length);
    const split = rest.startsWith('(') ? splitWords(rest, 'spaces and commas', 1, ')') : undefined;
    rest = rest.slice(split?.at ?? 0);
    return (split?.words ?? []).map((word) => word.split('=', 1)[0]!.toLowerCase());
  });
}

const since = ({ since: brought }: Row<unknown>, program: string): string =>
  brought === 'new' ? 'it is an option of this program' : `it came with ${program} ${brought}`;

const PORT_HINT = 'it knows [ipv4,|ipv6,][udp,][host,]port, with telnet or raw as the state';
const DEVICE_HINT = 'it knows devices below / with the usual speeds';

/** What a version refuses of a reading, or does not know. */
interface VersionProblems {
  /** What it would take in another form, in which `dump --for` writes it. */
  readonly form: readonly Diag[];
  /** What it has not in any form. */
  readonly lost: readonly Diag[];
}

/** Everything about a reading that a version refuses or does not know, in the order of the model. */
export function problemsFor(version: Version, { config, origins, diags, own }: Reading): VersionProblems {
  const form: Diag[] = [];
  const lost: Diag[] = [];
  const name = `ser2net ${version}`;
  const to =
    (list: Diag[]) =>
    (pos: Pos, text: string, hint?: string): void => {
      list.push({ code: 'other-version', severity: 'error', pos, text, ...(hint !== undefined && { hint }) });
    };
  const [inForm, add] = [to(form), to(lost)];
  const file = config.connections[0]?.pos.file ?? diags[0]?.pos.file ?? '';
  const whole = { file, line: 1, col: 1, len: 0 };
  const yaml = config.format === 'yaml' || config.format === 'yaml2';
  if (version === '3.5' && yaml) inForm(whole, `${name} reads only the classic format`, 'ser2net dump --for 3.5 writes it');
  if (version === '4.6.7' && config.format === 'conf')
    inForm(whole, `${name} does not read the classic format, which ended with 4.5.0`, 'ser2net convert makes YAML of it');
  if (version === '4.3.11' && config.format === 'yaml2')
    inForm(whole, `${name} does not read version 2 of the format, which came with 4.6.0`, 'ser2net convert --v1 makes version 1 of it');
  for (const diag of diags) {
    const { code, pos, classic } = diag;
    if (diag.severity === 'error') continue;
    if (version === '4.3.11' && diag.text.includes('is read as YAML because of its content'))
      inForm(pos, `${name} reads this file as a classic one`, diag.hint);
    if (code !== 'old-spelling') continue;
    if (version === '4.3.11' && classic !== undefined) inForm(pos, `${name} refuses what is spelt as in older versions`, diag.hint);
    if (version === '4.6.7' && yaml) inForm(pos, `${name} refuses what is spelt as in older versions`, diag.hint);
  }
  for (const { key, file: where, tree } of own?.found ?? [])
    add({ file: where, ...tree.place(key.at), len: key.end - key.at }, `${name} has no section '${key.text}', and stops reading at it`);
  for (const { pos } of config.attachments ?? []) add(pos, `${name} has no section 'attachment', and stops reading at it`);

  const optionsOf = (rows: Rows, pos: Pos, what: string, loses: string): void => {
    for (const [key, row] of Object.entries(rows)) {
      const origin = origins.of(pos, `options.${key}`);
      if (origin.is === 'built-in' || knows(version, row, false)) continue;
      add(origin.pos, `${name} has no option '${row.yaml}' (${since(row, 'ser2net')}): ${loses}`, `leave it out of ${what}`);
    }
  };
  const stackOf = (stack: Stack, role: 'accepter' | 'connector', section: Pos, what: string): void => {
    const pos = origins.placeOf(section, role);
    if (VERSIONS[version] === undefined || stack.spec === undefined) return;
    const words = optionsWritten(stack);
    for (const [i, { type }] of layersOf(stack.spec).entries()) {
      const rows = (layerInfo(type)?.rows ?? {}) as Rows;
      if (!knowsLayer(version, type)) {
        add(pos, `${name} has no layer '${type}': it refuses ${what}`);
        continue;
      }
      for (const row of Object.values(rows))
        if (row.yaml !== false && words[i]?.includes(row.yaml.toLowerCase()) === true && !knows(version, row, true))
          add(pos, `${name} has no option '${row.yaml}' of ${type} (${since(row, 'gensio')}): it refuses ${what}`);
    }
    const named = namedLayers(stack.text, role);
    if (version === '4.6.7' && yaml && named !== stack.text) inForm(pos, `${name} wants each layer by its name`, `write '${named}'`);
  };
  for (const { name: of, accepter, connector, pos } of config.connections) {
    const what = `the connection '${of}'`;
    optionsOf(CONNECTION, pos, what, `it refuses ${what}`);
    stackOf(accepter, 'accepter', pos, what);
    stackOf(connector, 'connector', pos, what);
    if (version !== '3.5') continue;
    if (portOf(accepter) === undefined) add(origins.placeOf(pos, 'accepter'), `${name} cannot listen on '${accepter.text}'`, PORT_HINT);
    else if (!yaml && layerInfo(/^[^,(]*/.exec(accepter.text)![0])?.rest === 'child')
      inForm(origins.placeOf(pos, 'accepter'), `${name} cannot listen on '${accepter.text}'`, PORT_HINT);
    if (deviceOf(connector) === undefined) add(origins.placeOf(pos, 'connector'), `${name} cannot use '${connector.text}'`, DEVICE_HINT);
  }
  for (const { name: of, accepter, pos } of config.rotators) {
    optionsOf(ROTATOR, pos, `the rotator '${of}'`, `it refuses the rotator '${of}'`);
    stackOf(accepter, 'accepter', pos, `the rotator '${of}'`);
  }
  for (const { name: of, pos } of config.leds) optionsOf(LED, pos, `the LED '${of}'`, `it refuses the LED '${of}'`);
  if (config.admin !== undefined) {
    optionsOf(ADMIN, config.admin.pos, 'the admin port', 'it says so, or has no admin port');
    stackOf(config.admin.accepter, 'accepter', config.admin.pos, 'the admin port');
  }
  return { form, lost };
}

/** An accepter or connector in a form that a version takes; options it does not know are left out. */
function stackFor(version: Version, stack: Stack, role: 'accepter' | 'connector'): string {
  if (stack.spec === undefined) return stack.text;
  const takes = (row: Row<unknown>): boolean => knows(version, row, true);
  const as = knowsLayer(version, 'sdev')
    ? stack.spec
    : mapBottom(stack.spec, (spec) => (spec.type === 'sdev' ? { ...spec, type: 'serialdev' } : spec));
  const written = stackText(stack, role);
  const all = printStack(as);
  const taken = printStack(as, takes);
  const text = taken === all && as === stack.spec ? written : taken;
  return version === '4.6.7' ? namedLayers(text, role) : text;
}

/** How a configuration is printed for a version that reads YAML: in version 1 of the format, which all of them read. */
export const formFor = (version: Version): PrintForm => ({
  takes: (row) => knows(version, row, false),
  stack: (stack, role) => stackFor(version, stack, role),
});
