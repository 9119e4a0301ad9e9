// This program's own sections, as the reader of YAML finds them among ser2net's. What they say is read by config/sections.
import type { YamlEvent } from './yaml/libyaml/events.ts';
import type { YamlTree } from './yaml/libyaml/tree.ts';

/** This program's own sections, which may stand among the others: passed over here, and read by config/sections. */
export const OWN_SECTIONS: readonly string[] = ['port', 'port-defaults'];

/** One of them, as it was found. */
export interface FoundSection {
  /** The word that begins it. */
  readonly key: { readonly at: number; readonly end: number; readonly text: string };
  /** The file it is in, as messages name it. */
  readonly file: string;
  /** All of that file, for places in it. */
  readonly tree: YamlTree;
  /** The events of its value; none if it is not well formed, which was reported. */
  readonly events: readonly YamlEvent[];
  /** Of a section that is not well formed: the name it seems to have. */
  readonly brokenName?: string | undefined;
}

/** What reading a file found for config/sections. */
export interface OwnSections {
  /** In the order in which they stand. */
  readonly found: readonly FoundSection[];
  /** The files that were read because others include them, as they were named. */
  readonly included: readonly string[];
  /** The text with the names put in that the file defines; `undefined` if it uses one that nothing defines. */
  expand(text: string): string | undefined;
  /** What an alias stands for; `undefined` if nothing defines it. */
  alias(name: string): string | undefined;
}

/** Where a section of our own stands that a mistake in YAML is in; `undefined` if the mistake is elsewhere. */
export function ownSectionAround(text: string, mistake: { readonly at: number; readonly start: number }): BrokenSection | undefined {
  const key = new RegExp(`^(${OWN_SECTIONS.join('|')})[ \\t]*:(?:[ \\t]+&([A-Za-z0-9_-]+))?`, 'gm');
  for (const m of text.matchAll(key)) {
    // To the next line that begins in the first column, but for comments.
    const rest = /\n(?=[^\s#])/.exec(text.slice(m.index));
    const end = rest === null ? text.length : m.index + rest.index + 1;
    // What does not fit into a section is noticed at the beginning of what comes after it.
    const inside = (at: number): boolean => at >= m.index && at < end;
    if (inside(mistake.at) || inside(mistake.start)) return { at: m.index, end, kind: m[1]!, name: m[2] };
  }
  return undefined;
}

/** A section that is not well formed. */
interface BrokenSection {
  /** Its first character. */
  readonly at: number;
  /** The one after its last. */
  readonly end: number;
  /** Its key. */
  readonly kind: string;
  /** Its anchor, if it has one. */
  readonly name: string | undefined;
}
