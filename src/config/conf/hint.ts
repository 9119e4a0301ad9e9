// What to do about a line or a word that was not understood: the usual slips, and the nearest name.
import { nearest } from '../../base/text.ts';
import { inCapitals, keywords } from './keywords.ts';
import type { ConfNames } from './names.ts';

/** In the order in which a misspelt word is compared with them. */
export const DIRECTIVES = [
  'BANNER',
  'SIGNATURE',
  'OPENSTR',
  'CLOSESTR',
  'CLOSEON',
  'DEVICE',
  'TRACEFILE',
  'CONTROLPORT',
  'RS485CONF',
  'DEFAULT',
  'DELDEFAULT',
  'ROTATOR',
  'LED',
] as const;
/** The word that a line other than a port line begins with. */
export type DirectiveName = (typeof DIRECTIVES)[number];

const STATES = ['raw', 'rawlp', 'telnet', 'off', 'on'];
const SHAPE = 'a port line is port:state:timeout:device:options, with the state raw, rawlp, telnet, on or off';
const YAML =
  /^(%YAML|---|\.\.\.$|(connection|define|default|delete_default|admin|rotator|led|include|connections|defines|defaults|admins|leds|rotators):(\s|$)|\s+[-\w]+:(\s|$))/i;
/** How many names of the user's own are compared with a misspelt one: the search must not make reading slow. */
const MOST_NAMES = 100;

/** For a line that is neither a directive nor has a state. */
export function lineHint(text: string): string {
  if (/^[ \t]+$/.test(text)) return 'an empty line must not contain spaces';
  if (/^\s*#/.test(text)) return 'a comment has its # in the first column';
  const word = /^\s*([A-Za-z0-9_]+)\s*:/.exec(text.slice(0, 100))?.[1];
  if (word !== undefined && text.slice(0, 100).split(':').length > 1) {
    const upper = word.toUpperCase();
    if (DIRECTIVES.some((d) => d === upper)) return `write ${upper}: in capitals, in the first column, immediately followed by the colon`;
    const near = /^[A-Za-z]/.test(word) && !YAML.test(text) ? nearest(upper, DIRECTIVES) : undefined;
    if (near !== undefined) return `did you mean '${near}:'?`;
  }
  if (YAML.test(text)) return 'this looks like YAML: end the name of the file in .yaml, or make %YAML 1.1 its first line';
  if (/::(raw|rawlp|telnet|off|on):/.test(text)) return 'of the two colons before the state one is too many';
  for (const field of text.slice(0, 1000).split(':').slice(1, 4)) {
    const state = field.trim().toLowerCase();
    if (STATES.includes(state)) return `write the state as ':${state}:', in lower case and without spaces`;
    const protocol = /^(udp|tcp)$/.exec(state)?.[1];
    if (protocol !== undefined) return `there is no state '${field.trim()}': write '${protocol},${text.split(':', 1)[0]}:raw:...'`;
    const near = /^[a-z]{2,}$/.test(state) ? nearest(state, STATES) : undefined;
    if (near !== undefined) return `did you mean the state '${near}'?`;
  }
  return SHAPE;
}

/** For a word of an option list that is not understood. */
export function wordHint(word: string, line: number, names: ConfNames): string | undefined {
  if (word.startsWith('#')) return 'a comment must stand on a line of its own, with its # in the first column';
  const known = names.strings.get(word);
  if (known?.kind === 'device') return `'${word}' names a device: it belongs in the device field`;
  const later = names.later.get(word);
  if (known === undefined && later !== undefined) {
    return later > line
      ? `'${word}' is defined later, on line ${later}: move that line before this one`
      : `line ${later}, which defines '${word}', was left out`;
  }
  const capitals = inCapitals(word);
  if (capitals !== undefined) return `write it in capitals: ${capitals}`;
  if (/^[A-Za-z0-9]+(,-?[A-Za-z0-9_=]+)+$/.test(word)) return 'separate options with spaces, not with commas';
  const frame = /^([5-8])([NEOMS])([12])$/i.exec(word);
  if (frame !== null) return `put it right after the speed, parity first: 9600${frame[2]!.toLowerCase()}${frame[1]}${frame[3]}`;
  if (/^[NEOMS][5-8][12]?$/i.test(word)) return `put it right after the speed, as in 9600${word.toLowerCase()}`;
  const equals = word.indexOf('=');
  const key = equals < 0 ? word : word.slice(0, equals);
  if (names.hintsLeft-- <= 0) return undefined;
  const own = [...names.strings.keys()].slice(0, MOST_NAMES);
  const near = nearest(key, [...keywords, ...(equals < 0 ? own : [])]);
  if (near !== undefined) return `did you mean '${near}'?`;
  return equals < 0
    ? 'a text is used by its name, after the BANNER, SIGNATURE, OPENSTR, CLOSESTR or CLOSEON line that defines it'
    : undefined;
}
