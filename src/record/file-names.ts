// How the files of a recording are called: the name as configured with its escapes, and what it is renamed to when it is done.
import { encodeRaw } from '../base/raw-text.ts';
import { twoDigits } from '../base/text.ts';
import { type DevstrContext, expandDevstr } from '../config/devstr.ts';

/** What escapes can name, but for the time. */
type NameContext = Omit<DevstrContext, 'now' | 'fileName'>;

/** The folder with its last slash, and the name. */
function split(template: string): { readonly folder: string; readonly name: string } {
  const end = template.lastIndexOf('/') + 1;
  return { folder: template.slice(0, end), name: template.slice(end) };
}

/** One piece of a path, which leads nowhere: no slash, no control character, neither `.` nor `..`. */
const piece = (text: string): string => {
  const clean = text.replaceAll(/[\x00-\x1f\x7f/]/g, '_');
  return clean === '.' || clean === '..' ? clean.replaceAll('.', '_') : clean;
};

/** The names of one recording's files. */
export class FileNames {
  /** Where they all are; without a slash at the end. */
  readonly folder: string;
  readonly #name: string;
  readonly #context: NameContext;

  /** template: as the kind of the option `file` accepts it. */
  constructor(template: string, context: NameContext) {
    const { folder, name } = split(template);
    this.#context = context;
    this.#name = name;
    // No time in it: a folder that changed would have no list of its files.
    const expanded = folder.split('/').map((part) => (part.includes('\\') ? piece(this.#expand(part, undefined)) : part));
    this.folder = expanded.join('/').replace(/(?<=.)\/+$/, '') || '/';
  }

  #expand(text: string, now: DevstrContext['now'] | undefined): string {
    const context: NameContext = { ...this.#context, peer: '' };
    if (now !== undefined) return expandDevstr(text, { ...context, now, fileName: true }).toString('utf8');
    return text.replaceAll(/\\(.)/g, (_, letter: string) =>
      letter === 'N' ? context.name : letter === 'o' ? (context.device ?? context.name) : letter,
    );
  }

  /** The name of a file that is begun at that time, without its folder. */
  at(now: DevstrContext['now']): string {
    return piece(this.#expand(this.#name, now));
  }
  /** The hidden file beside them that lists what this port wrote. */
  get index(): string {
    return `.ser2net-${encodeURIComponent(encodeRaw(this.#context.name).toString('latin1'))}.index`;
  }
}

/** What a file that is done is renamed to if its name is wanted again: `a.20240102-030405.pcapng`, local time; n: with a number, from 1. */
export function doneName(name: string, begun: DevstrContext['now'], n = 0): string {
  const dot = name.lastIndexOf('.');
  const date = `${begun.getFullYear()}${twoDigits(begun.getMonth() + 1)}${twoDigits(begun.getDate())}`;
  const time = `${twoDigits(begun.getHours())}${twoDigits(begun.getMinutes())}${twoDigits(begun.getSeconds())}`;
  return `${name.slice(0, dot)}.${date}-${time}${n === 0 ? '' : `-${n}`}${name.slice(dot)}`;
}
