// Defaults on their way to version 2 of the YAML format, where a default always has a value: the other formats can also take one away
// (`default:` without `value:`). A text that is taken away somewhere is written for each class that looks it up, as that can be
// deleted again; what even this cannot express is written at each section that would feel it.
import { isDeepStrictEqual } from 'node:util';
import { classOf, type Defaults, isTextDefault } from '../../gensio/syntax/defaults.ts';
import { ADMIN } from '../../options/admin.ts';
import { CONNECTION } from '../../options/connection.ts';
import { ROTATOR } from '../../options/rotator.ts';
import type { Rows } from '../../options/row.ts';
import { LINE } from '../../options/serialdev.ts';
import { LAYERS } from '../../options/stack.ts';

/** A section to write. Without a value: as it was written. */
type DefaultStep =
  | { readonly is: 'set'; readonly name: string; readonly class: string | undefined; readonly value?: string }
  | { readonly is: 'delete'; readonly name: string; readonly class: string };

/** How a default is written in version 2. */
export interface Written {
  /** In this order; none if nothing is to be written. */
  readonly steps: readonly DefaultStep[];
  /**
   * What they leave over. 'sections': nothing expresses it, so it stands in each section (see missing()). 'built-in': the built-in
   * text cannot be taken away.
   */
  readonly left?: 'sections' | 'built-in';
}

/** Sections whose options have defaults of the class ser2net. */
export const ROWS_OF = { connection: CONNECTION, rotator: ROTATOR, admin: ADMIN } as const;

/** The classes under which something looks a default up. */
function classesOf(name: string): string[] {
  const uses = (rows: Rows): boolean => Object.values(rows).some(({ defaultKey }) => defaultKey?.name === name);
  const layers = Object.entries(LAYERS).flatMap(([type, { rows }]) => (uses(rows) ? [classOf(type)] : []));
  return [...new Set([...(Object.values(ROWS_OF).some(uses) ? ['ser2net'] : []), ...(uses(LINE) ? ['serialdev'] : []), ...layers])];
}

/** Follows the defaults of a file, and says for each change what to write in version 2. */
export class DefaultsForV2 {
  readonly #was: Defaults;
  /** What holds in the file being written. */
  readonly now: Defaults;
  readonly #emptied = new Set<string>();

  /** was: what holds in the file being read, kept up to date by its reader; now: the same at the start of the file. */
  constructor(was: Defaults, now: Defaults) {
    this.#was = was;
    this.now = now;
  }

  /** Tells beforehand that the file has a default without a value. */
  expect(name: string): void {
    if (isTextDefault(name)) this.#emptied.add(name);
  }

  /** What to write for a default that was read just now. */
  set(name: string, cls: string | undefined, value: string | undefined): Written {
    if (this.#emptied.has(name)) return this.#same(name);
    const text = value ?? String(this.#was.get(name, cls ?? ''));
    const error = this.now.set(name, cls, text);
    if (value !== undefined) return { steps: [{ is: 'set', name, class: cls }] };
    return error === undefined ? { steps: [{ is: 'set', name, class: cls, value: text }] } : { steps: [], left: 'sections' };
  }

  /** What to write for a default of a class that was taken away just now. */
  remove(name: string, cls: string): Written {
    if (this.#emptied.has(name)) return this.#same(name);
    return { steps: this.now.remove(name, cls) === undefined ? [{ is: 'delete', name, class: cls }] : [] };
  }

  #same(name: string): Written {
    const steps: DefaultStep[] = [];
    let left = false;
    for (const cls of classesOf(name)) {
      const wanted = this.#was.get(name, cls);
      if (wanted === this.now.get(name, cls)) continue;
      if (wanted !== undefined) {
        this.now.set(name, cls, String(wanted));
        steps.push({ is: 'set', name, class: cls, value: String(wanted) });
        continue;
      }
      if (this.now.remove(name, cls) === undefined) steps.push({ is: 'delete', name, class: cls });
      if (this.now.get(name, cls) !== undefined) left = true;
    }
    return left ? { steps, left: 'built-in' } : { steps };
  }

  /** The options of a section that would not have their values by default: name and value as text. */
  missing(rows: Rows): readonly { readonly key: string; readonly name: string; readonly value: string }[] {
    const [was, now] = [this.#was, this.now].map((each): Readonly<Record<string, unknown>> => each.values(rows, 'ser2net'));
    return Object.entries(rows).flatMap(([key, { yaml, kind }]) => {
      if (yaml === false || was![key] === undefined || isDeepStrictEqual(was![key], now![key])) return [];
      return [{ key, name: yaml, value: kind.print(was![key]) }];
    });
  }
}

/** What to say of what is left over, and whether the meaning is lost. */
export function remarkOn(name: string, { steps, left }: Written): { readonly text: string; readonly lost: boolean } | undefined {
  if (left === 'sections') return { text: `version 2 cannot set the default '${name}' to nothing, it stands where it counts`, lost: false };
  if (left === undefined)
    return steps.length > 0 ? undefined : { text: `the default '${name}' is not set here, nothing is taken away`, lost: false };
  // Without a signature, and without a speed, the built-in one is used.
  if (name === 'signature' || name === 'speed') return { text: `the built-in '${name}' holds, which means the same`, lost: false };
  return { text: `version 2 cannot take the default '${name}' away, the built-in one holds`, lost: true };
}
