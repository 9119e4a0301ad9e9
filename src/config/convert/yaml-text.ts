// Puts the parts of a converted file together: sections in the order of the file, with the comments that stand before them.
// Version 1 repeats its section names; version 2 has each name once in a document, and begins a new document where order counts.
import { comment, type YamlVersion } from '../yaml/quote.ts';

/** A key of the top level, as version 1 spells it. */
export type SectionKind = 'define' | 'default' | 'delete_default' | 'admin' | 'led' | 'connection' | 'rotator' | 'attachment' | 'include';

/** One thing of the file. */
export interface Part {
  /** The key it stands under. */
  readonly kind: SectionKind;
  /** A name as it stands in YAML: an anchor in version 1, a scalar in version 2. */
  readonly name: string;
  /** Its lines, relative to the section; for a define or an include its one scalar. */
  readonly body: readonly string[];
  /** What a version 2 anchor for a define is called. */
  readonly anchor?: string;
}

type Item = { readonly comment: readonly string[] } | { readonly part: Part };

const indent = (lines: readonly string[], by: string): string[] => lines.map((line) => (line === '' ? '' : by + line));
const asComment = (line: string): string => (line === '' ? '' : `#${comment(line)}`);

/** Collects a converted file. */
export class YamlText {
  readonly #version: YamlVersion;
  readonly #items: Item[] = [];
  constructor(version: YamlVersion) {
    this.#version = version;
  }

  /** Comment lines, each without its `#`; an empty one is an empty line. */
  comment(...lines: readonly string[]): void {
    this.#items.push({ comment: lines.map(asComment) });
  }

  /** Adds a section after the others. */
  add(part: Part): void {
    this.#items.push({ part });
  }

  /** The whole file, which ends in one line feed. */
  toString(): string {
    const lines = this.#version === 'v1' ? this.#version1() : this.#version2();
    return `${['%YAML 1.1', '---', ...lines].join('\n').replace(/\n+$/, '')}\n`;
  }

  #version1(): string[] {
    const lines = this.#items.flatMap((item) => {
      if ('comment' in item) return item.comment;
      const { kind, name, body } = item.part;
      if (kind === 'define') return [`define: &${name} ${body[0]}`];
      if (kind === 'include') return [`include: ${body[0]}`];
      const anchor = name === '' ? '' : ` &${name}`;
      return [`${kind}:${anchor}`, ...indent(body, '  ')];
    });
    return this.#items.some((item) => 'part' in item) ? lines : [...lines, 'define: &confver 1.0'];
  }

  #version2(): string[] {
    const documents: Document[] = [new Document()];
    let waiting: string[] = [];
    for (const item of apart(this.#items)) {
      if ('comment' in item) {
        waiting.push(...item.comment);
        continue;
      }
      const { part } = item;
      // Texts and LEDs have names of their own and do not depend on defaults; what uses them comes after them in the file.
      const early = part.kind === 'define' || part.kind === 'led';
      let document = early ? documents[0]! : documents.at(-1)!;
      if (!early && !document.takes(part)) {
        document = new Document();
        documents.push(document);
      }
      document.add(part, waiting);
      waiting = [];
    }
    if (documents.length === 1 && documents[0]!.empty) return [...waiting, 'defines:', "  confver: '1.0'"];
    const texts = documents.filter((document) => !document.empty).map((document) => document.lines());
    return [...texts.flatMap((lines, i) => (i === 0 ? lines : ['---', ...lines])), ...waiting];
  }
}

/**
 * ser2net 4.6.7 keeps the classes of a delete_defaults for the next one, and for a rotator, until another section has ended, and stops
 * at a default it has deleted already. So there is another section; the classes of one default come together.
 */
function apart(items: readonly Item[]): Item[] {
  const out: Item[] = [];
  let last: Part | undefined;
  for (const item of items) {
    if (!('part' in item) || /^(define|led|include)$/.test(item.part.kind)) {
      out.push(item);
      continue;
    }
    const { part } = item;
    if (last?.kind === 'delete_default' && (part.kind === 'delete_default' || part.kind === 'rotator')) {
      const before = out.at(-1)!;
      if (part.kind === 'delete_default' && part.name === last.name && 'part' in before && before.part === last) {
        last = { ...last, body: [...last.body, ...part.body] };
        out[out.length - 1] = { part: last };
        continue;
      }
      const body = ["value: 'false'", 'class: nothing'];
      out.push(
        { comment: [`# for ser2net 4.6.7, which would go on with the classes above`] },
        { part: { kind: 'default', name: 'nodelay', body } },
      );
    }
    out.push(item);
    last = part;
  }
  return out;
}

/** One document of version 2. */
class Document {
  /** In the order in which they were begun; defines and leds before all. */
  readonly #sections = new Map<SectionKind, { readonly names: Set<string>; readonly head: readonly string[]; readonly lines: string[] }>();

  get empty(): boolean {
    return this.#sections.size === 0;
  }

  /** Whether it may stand here: its name is new, and a default comes before whatever it holds for. */
  takes({ kind, name }: Part): boolean {
    if (this.#sections.get(kind)?.names.has(name)) return false;
    if (kind !== 'default' && kind !== 'delete_default') return true;
    const last = [...this.#sections.keys()].filter((k) => k !== 'define' && k !== 'led').at(-1);
    return last === undefined || last === kind;
  }

  add({ kind, name, body, anchor }: Part, before: readonly string[]): void {
    let section = this.#sections.get(kind);
    if (section === undefined) {
      section = { names: new Set(), head: before, lines: [] };
      this.#sections.set(kind, section);
    } else section.lines.push(...indent(before, '  '));
    section.names.add(name);
    if (kind === 'include') section.lines.push(`include: ${body[0]}`);
    else if (kind === 'define') section.lines.push(`  ${name}: ${anchor === undefined ? '' : `&${anchor} `}${body[0]}`);
    else section.lines.push(`  ${name}:`, ...indent(body, '    '));
  }

  lines(): string[] {
    const order: readonly SectionKind[] = ['define', 'led'];
    const early = (kind: SectionKind): number => (order.includes(kind) ? order.indexOf(kind) : order.length);
    const sections = [...this.#sections].sort(([a], [b]) => early(a) - early(b));
    return sections.flatMap(([kind, { head, lines }], i) => [
      ...(i === 0 || head[0] === '' ? [] : ['']),
      ...head,
      ...(kind === 'include' ? [] : [`${kind}s:`]),
      ...lines,
    ]);
  }
}
