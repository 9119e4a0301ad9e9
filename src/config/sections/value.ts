// A piece of a YAML file as a value: texts, lists and mappings with their places, names put in.
import type { YamlList, YamlMap, YamlText, YamlValue } from '../../options/sections/shape.ts';
import type { YamlEvent } from '../yaml/libyaml/events.ts';

/** What a file says about names. */
export interface Names {
  /** The text with the names put in that it has in it; `undefined` if one is not defined. */
  expand(text: string): string | undefined;
  /** What an alias stands for. */
  alias(name: string): string | undefined;
}

/** Names in a file that knows none. */
export const NO_NAMES: Names = { expand: (text) => text, alias: () => undefined };

/** Something that cannot be made out, which is reported at its place. */
export type Unknown = (at: { readonly at: number; readonly end: number }, name: string) => void;

/** A value that was read, and the anchor before it. */
interface AnchoredValue {
  /** What follows the anchor. */
  readonly value: YamlValue;
  /** Without its &; `undefined` if there is none. */
  readonly anchor: string | undefined;
}

/** Nested deeper than this is not looked at. */
const MAX_DEPTH = 32;

/** Reads the value that begins at an event; next: the event after it. `undefined` if none begins there. */
export function valueAt(
  events: readonly YamlEvent[],
  from: number,
  names: Names,
  unknown: Unknown,
): (AnchoredValue & { next: number }) | undefined {
  let i = from;
  const read = (depth: number): AnchoredValue | undefined => {
    const event = events[i];
    if (event === undefined || depth > MAX_DEPTH) return undefined;
    i++;
    switch (event.is) {
      case 'scalar': {
        const text = names.expand(event.value);
        if (text === undefined) unknown({ at: event.from, end: event.end }, event.value);
        return { value: { is: 'text', at: event.from, end: event.end, text: text ?? '' }, anchor: event.anchor };
      }
      case 'alias': {
        const text = names.alias(event.name);
        if (text === undefined) unknown(event, event.name);
        return { value: { is: 'text', at: event.at, end: event.end, text: text ?? '' }, anchor: undefined };
      }
      case 'sequence-start': {
        const items: YamlValue[] = [];
        while (events[i] !== undefined && events[i]!.is !== 'sequence-end') {
          const item = read(depth + 1);
          if (item === undefined) return undefined;
          items.push(item.value);
        }
        i++;
        return { value: { is: 'list', at: event.at, end: event.at + 1, items } satisfies YamlList, anchor: event.anchor };
      }
      case 'mapping-start': {
        const entries: { key: YamlText; value: YamlValue }[] = [];
        while (events[i] !== undefined && events[i]!.is !== 'mapping-end') {
          const key = read(depth + 1)?.value;
          const value = read(depth + 1)?.value;
          if (key?.is !== 'text' || value === undefined) return undefined;
          entries.push({ key, value });
        }
        i++;
        // An anchor stands before the mapping, and where the mapping is that of a section it is the place of its name.
        return { value: { is: 'map', at: event.at, end: event.at + 1, entries } satisfies YamlMap, anchor: event.anchor };
      }
      default:
        return undefined;
    }
  };
  const got = read(0);
  return got && { ...got, next: i };
}
