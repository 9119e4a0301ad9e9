// Configurations with a mistake or two: made from good ones by what people get wrong, word by word and line by line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADMIN } from '../../src/options/admin.ts';
import { CONNECTION } from '../../src/options/connection.ts';
import { LED } from '../../src/options/led.ts';
import { type Rows, spellings } from '../../src/options/row.ts';
import { LAYERS } from '../../src/options/stack.ts';
import type { Random } from '../torture/random.ts';

export type Format = 'yaml' | 'conf';

const rows: readonly Rows[] = [CONNECTION, ADMIN, LED, ...Object.values(LAYERS).map((layer) => layer.rows as Rows)];
const OPTIONS = [...new Set(rows.flatMap((table) => [...spellings(table, 'yaml'), ...spellings(table, 'conf')]))];
const VALUES = [
  '',
  'true',
  'yes',
  'on',
  'off',
  'no',
  '0',
  '1',
  '-1',
  '7',
  '010',
  '0x10',
  '1.5',
  '65536',
  '70000',
  '4294967296',
  '99999999999',
  'x',
  '10s',
  '5m',
  '~',
  "''",
  '""',
  '*',
  '&a',
  '[a]',
  '{a: b}',
];
const LAYER_TEXTS = [
  'tcp',
  'tcp,',
  'udp,',
  'telnet,',
  'telnet(rfc2217),',
  'ssl,',
  'mux,',
  'tcp(nodelay),',
  'ipv4,',
  'localhost,',
  '::1,',
  'serialdev,',
  'echo',
  'pty',
  '/dev/ttyS0',
  'stdio,cat',
  'conacc,',
  'TCP,',
  'tpc,',
];
const SERIAL_WORDS = [
  '9600',
  '115200n81',
  '9600,8,n,1',
  '8N1',
  'local',
  'LOCAL',
  'NONE',
  '8DATABITS',
  '-RTSCTS',
  'rtscts',
  'XONXOFF',
  '12345',
  '300N',
  '115200E71',
  '115200x81',
  'nobreak',
  'telnet',
  'remctl',
  'banner',
  'HANGUP_WHEN_DONE',
];
const SIGNS = [
  ' ',
  ',',
  ':',
  ': ',
  '"',
  "'",
  '*',
  '&',
  '#',
  '\\',
  '\t',
  '(',
  ')',
  '-',
  '=',
  '[',
  ']',
  '{',
  '}',
  '\n',
  '  ',
  '\\x',
  '%',
  '|',
  '\u00e4',
  '- ',
];
const YAML_LINES = [
  'connection: &new',
  'define: &text hello',
  'default:',
  '  name: speed',
  '  value: 9600',
  '  class: serialdev',
  'rotator: &rot',
  '  connections:',
  '    - con1',
  'admin:',
  'led: &led1',
  '  driver: sysfs',
  '  options:',
  '    device: none',
  '    kickolduser: true',
  '    banner: *text',
  '    max-connections: 2',
  '  timeout: 10',
  '  enable: off',
  '  accepter: tcp,127.0.0.1,20999',
  '  connector: echo',
  '---',
  '...',
  '%YAML 1.1',
  'connections:',
  'delete_default:',
];
const CONF_LINES = [
  'BANNER:b:hello\\r\\n',
  'DEVICE:d:/dev/ttyS1',
  'DEFAULT:speed:9600',
  'DEFAULT:speed:9600:serialdev',
  'TRACEFILE:t:/tmp/x',
  'ROTATOR:r:20998:2000',
  'CONTROLPORT:20997',
  'OPENSTR:o:x',
  'LED:l:sysfs:device=none',
  'RS485CONF:rs:1:2:0:0:0',
  '20996:raw:0:/dev/ttyS2:9600',
  'CLOSEON:c:x',
  'SIGNATURE:s:x',
  'DELDEFAULT:speed:serialdev',
  '20995:telnet:5:echo:',
];

/** Words, runs of space, and single signs: what a mistake is made in. */
const tokens = (line: string): string[] => line.match(/[A-Za-z0-9_./-]+|\s+|[^A-Za-z0-9_./\s-]/g) ?? [];

function misspell(word: string, random: Random): string {
  if (word.length < 2) return `${word}x`;
  const at = random.below(word.length - 1);
  switch (random.below(5)) {
    case 0:
      return word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2);
    case 1:
      return word.slice(0, at) + word.slice(at + 1);
    case 2:
      return word.slice(0, at) + word[at]! + word.slice(at);
    case 3:
      return word.toUpperCase() === word ? word.toLowerCase() : word.toUpperCase();
    default:
      return word.slice(0, at) + random.pick([...'abcxyz019_-']) + word.slice(at + 1);
  }
}

function inLine(line: string, format: Format, random: Random): string {
  const parts = tokens(line);
  const at = random.below(parts.length + 1);
  const word = parts[at] ?? '';
  switch (random.below(7)) {
    case 0:
      return parts.toSpliced(at, 1).join('');
    case 1:
      return parts.toSpliced(at, 1, misspell(word, random)).join('');
    case 2:
      return parts.toSpliced(at, 1, random.pick(VALUES)).join('');
    case 3:
      return parts.toSpliced(at, random.below(2), random.pick(random.chance(50) ? LAYER_TEXTS : SERIAL_WORDS)).join('');
    case 4:
      return parts.toSpliced(at, 0, random.pick(SIGNS)).join('');
    case 5:
      return format === 'yaml'
        ? line.replace(/:.*$/, `: ${random.pick(VALUES)}`)
        : parts.toSpliced(at, 0, ' ', random.pick(OPTIONS), ' ').join('');
    default:
      return format === 'yaml' ? (random.chance(50) ? ` ${line}` : line.replace(/^ /, '')) : parts.toSpliced(at, 1, word, word).join('');
  }
}

function once(lines: readonly string[], format: Format, random: Random): string[] {
  // Comments are left alone: a mistake in one is none.
  const places = [...lines.keys()].filter((i) => /^[^#]*[^#\s]/.test(lines[i]!));
  const at = random.pick(places.length === 0 ? [0] : places);
  const line = lines[at] ?? '';
  switch (random.below(10)) {
    case 0:
      return lines.toSpliced(at, 1);
    case 1:
      return lines.toSpliced(at, 0, line);
    case 2: {
      const other = random.pick(places.length === 0 ? [0] : places);
      return lines.with(at, lines[other]!).with(other, line);
    }
    case 3:
      return lines.toSpliced(at + 1, 0, random.pick(format === 'yaml' ? YAML_LINES : CONF_LINES));
    case 4: {
      if (format === 'conf')
        return lines.with(at, `${line}${line.endsWith(':') || /\s/.test(line) ? ' ' : ':'}${random.pick(OPTIONS)}=${random.pick(VALUES)}`);
      const options = lines.findIndex((each) => /^\s+options:\s*$/.test(each));
      const option = `    ${random.pick(OPTIONS)}: ${random.pick(VALUES)}`;
      return options < 0 ? lines.toSpliced(at + 1, 0, '  options:', option) : lines.toSpliced(options + 1, 0, option);
    }
    default:
      return lines.with(at, inLine(line, format, random));
  }
}

/** The text with one to three mistakes. */
export function withMistakes(text: string, format: Format, random: Random): string {
  let lines = text.split('\n');
  for (let n = random.pick([1, 1, 1, 2, 2, 3]); n > 0 && lines.length > 0; n--) lines = once(lines, format, random);
  return lines.join('\n');
}

/** The configurations that the cases of compat/ give to the program: the first yaml or conf block of each. */
export function configurationOfCase(path: string): { readonly format: Format; readonly text: string } | undefined {
  const block = /^```(yaml|conf)\n([\s\S]*?)^```$/m.exec(readFileSync(path, 'utf8'));
  if (block === null) return undefined;
  const ports = new Map<string, string>();
  const text = block[2]!
    .replace(/%PORT[0-9]*/g, (name) => {
      ports.set(name, ports.get(name) ?? String(20100 + ports.size));
      return ports.get(name)!;
    })
    .replace(/%DEV[0-9]*/g, '/dev/ttyS0')
    .replace(/%[A-Z]+[0-9]*/g, (name) => (name === '%YAML' ? name : join('/nowhere', name.slice(1).toLowerCase())));
  return { format: block[1] as Format, text };
}
