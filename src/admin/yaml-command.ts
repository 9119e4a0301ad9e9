// One document of the console's YAML input: `command:` with `name`, and perhaps `id` and `parms`. Its length is bounded by the session.
import { decodeRaw } from '../base/raw-text.ts';
import type { YamlEvent } from '../config/yaml/libyaml/events.ts';
import { readTree } from '../config/yaml/libyaml/tree.ts';

/** The most parameters a command gets; further ones are left out. */
export const MAX_PARMS = 4;

type YamlCommand =
  | { readonly is: 'command'; readonly name: string; readonly id: string | undefined; readonly parms: readonly string[] }
  /** What was seen of name and id before the mistake is answered along with it. */
  | { readonly is: 'invalid'; readonly name: string | undefined; readonly id: string | undefined }
  | { readonly is: 'empty' | 'malformed' };

/** The events of one document, one after the other. Where the text breaks off there is no event any more. */
class Events {
  readonly #events: readonly YamlEvent[];
  #at = 0;
  constructor(events: readonly YamlEvent[]) {
    this.#events = events;
  }
  next(): YamlEvent | undefined {
    return this.#events[this.#at++];
  }
  /** Goes past the end of the collection that an event opened; nothing for other events. */
  skip(event: YamlEvent | undefined): void {
    let depth = opens(event) ? 1 : 0;
    while (depth > 0) {
      const next = this.next();
      if (next === undefined) return;
      if (opens(next)) depth++;
      else if (next.is === 'mapping-end' || next.is === 'sequence-end') depth--;
    }
  }
}
const opens = (event: YamlEvent | undefined): boolean => event?.is === 'mapping-start' || event?.is === 'sequence-start';
const scalarOf = (event: YamlEvent | undefined): string | undefined => (event?.is === 'scalar' ? event.value : undefined);

/** What a document says. Never throws. */
export function readYamlCommand(bytes: Buffer): YamlCommand {
  const { events, mistake } = readTree(decodeRaw(bytes));
  if (mistake !== undefined) return { is: 'malformed' };
  const content = new Events(events.filter((e) => e.is !== 'document' && e.is !== 'stream-end'));
  const root = content.next();
  if (root === undefined || scalarOf(root) === '') return { is: 'empty' };
  const nothing = { is: 'invalid', name: undefined, id: undefined } as const;
  if (root.is !== 'mapping-start' || scalarOf(content.next()) !== 'command') return nothing;
  return content.next()?.is === 'mapping-start' ? readFields(content) : nothing;
}

function readFields(events: Events): YamlCommand {
  let name: string | undefined;
  let id: string | undefined;
  let parms: readonly string[] = [];
  for (let key = events.next(); key !== undefined && key.is !== 'mapping-end'; key = events.next()) {
    const value = events.next();
    const text = scalarOf(value);
    const field = scalarOf(key);
    if (field === 'name' && text !== undefined) name = text;
    else if (field === 'id' && text !== undefined) id = text;
    else {
      const list = field === 'parms' && value?.is === 'sequence-start' ? readParms(events) : undefined;
      if (list === undefined) return { is: 'invalid', name, id };
      parms = list;
    }
  }
  return name === undefined ? { is: 'invalid', name, id } : { is: 'command', name, id, parms };
}

/** The first few of a sequence; undefined when one of them is not a scalar. */
function readParms(events: Events): readonly string[] | undefined {
  const parms: string[] = [];
  for (let item = events.next(); item !== undefined && item.is !== 'sequence-end'; item = events.next()) {
    const text = scalarOf(item);
    if (parms.length >= MAX_PARMS) events.skip(item);
    else if (text === undefined) return undefined;
    else parms.push(text);
  }
  return parms;
}
