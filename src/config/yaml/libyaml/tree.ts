// YAML text as ser2net sees it: events, each with its place. Scalars are text whatever they look like, keys may repeat, and what
// stands before a mistake stays. Reading follows libyaml 0.2.5, whose every verdict existing files rely on; the npm package
// `yaml` differs on about one damaged file in five.
import { atOnce, type Steps } from '../../../base/slices.ts';
import { lineStarts, Malformed } from './cursor.ts';
import { EventReader, type YamlEvent } from './events.ts';
import { explain, type Mistake, textMistake } from './syntax.ts';

/** A text, read. */
export interface YamlTree {
  /** The text with each line end as one LF: what offsets count in. */
  readonly text: string;
  /** All of them, or those before a mistake. */
  readonly events: readonly YamlEvent[];
  /** Why the events end before the stream does. */
  readonly mistake: Mistake | undefined;
  /** Line and column of an offset, both from 1, columns in characters. */
  place(at: number): { readonly line: number; readonly col: number };
}

/** Events read in one step. */
const STEP = 32;

/** Reads a whole text. Never throws; takes time in proportion to its length. */
export const readTree = (source: string): YamlTree => atOnce(readTreeSteps(source));

/** The same, so that others may come in between. */
export function* readTreeSteps(source: string): Steps<YamlTree> {
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const lines = lineStarts(text);
  const wide = /[\ud800-\udfff]/.test(text);
  const read = yield* readEvents(text);
  return { text, ...read, place: (at) => placeOf(text, lines, wide, at) };
}

function* readEvents(text: string): Steps<Pick<YamlTree, 'events' | 'mistake'>> {
  const mistake = textMistake(text);
  // libyaml decodes a block at a time, before it looks at any of it: a small file with a bad character says nothing at all.
  if (mistake !== undefined) return { events: [], mistake };
  const events: YamlEvent[] = [];
  const reader = new EventReader(text);
  try {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      events.push(event);
      if (events.length % STEP === 0) yield;
    }
  } catch (err) {
    if (!(err instanceof Malformed)) throw err;
    return { events, mistake: explain(text, err.classic, err.at, err.start) };
  }
  return { events, mistake: undefined };
}

function placeOf(text: string, lines: readonly number[], wide: boolean, at: number): { readonly line: number; readonly col: number } {
  let [low, high] = [0, lines.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  const start = lines[low]!;
  return { line: low + 1, col: (wide ? [...text.slice(start, at)].length : at - start) + 1 };
}
