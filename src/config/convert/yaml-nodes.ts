// The events of a YAML text as nodes, with the comments and empty lines that stand before each: what converting one version of
// ser2net.yaml into the other starts from.
import { readTree, type YamlTree } from '../yaml/libyaml/tree.ts';

interface Common {
  /** Offset in the text of the tree. */
  readonly at: number;
  /** Lines before it: `# text` or nothing. */
  readonly before: readonly string[];
  readonly anchor: string | undefined;
}
/** A value with its comments. */
export type YamlNode =
  | (Common & { readonly is: 'scalar'; readonly value: string })
  | (Common & { readonly is: 'alias'; readonly name: string })
  | (Common & { readonly is: 'mapping'; readonly entries: (readonly [YamlNode, YamlNode])[] })
  | (Common & { readonly is: 'sequence'; readonly items: YamlNode[] });

interface YamlNodes {
  readonly tree: YamlTree;
  /** The roots of the documents. */
  readonly documents: readonly YamlNode[];
  /** Lines after the last node. */
  readonly rest: readonly string[];
}

interface CommentLine {
  readonly at: number;
  readonly text: string;
}

/** Comments and empty lines in order. One after a value counts as standing before its line. */
function commentLines({ text, events }: YamlTree): CommentLine[] {
  const spans = events.flatMap((e) =>
    e.is === 'scalar' || e.is === 'alias' ? [{ from: e.is === 'scalar' ? e.from : e.at, end: e.end }] : [],
  );
  const found: CommentLine[] = [];
  let next = 0;
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start);
    const stop = feed < 0 ? text.length : feed;
    while (next < spans.length && spans[next]!.end <= start) next++;
    const inside = next < spans.length && spans[next]!.from < start;
    let end = start;
    let n = next;
    for (; n < spans.length && spans[n]!.from < stop; n++) end = Math.max(end, spans[n]!.end);
    const line = text.slice(start, stop);
    if (!inside && end === start && line.trim() === '') found.push({ at: start, text: '' });
    else if (end <= stop) {
      const comment = /(?:^|\s)(#.*)$/.exec(text.slice(end, stop))?.[1];
      if (comment !== undefined) found.push({ at: start, text: comment.trimEnd() });
    }
    start = stop + 1;
  }
  return found;
}

/** A whole text as nodes. What comes after a mistake is not there; nor are nodes deeper than any section goes. */
export function readNodes(text: string): YamlNodes {
  const tree = readTree(text);
  const comments = commentLines(tree);
  let taken = 0;
  const before = (at: number): string[] => {
    const from = taken;
    // A comment of the line a node stands in goes before the node.
    const line = tree.text.lastIndexOf('\n', at - 1) + 1;
    while (taken < comments.length && comments[taken]!.at <= line) taken++;
    return comments.slice(from, taken).map((c) => c.text);
  };
  const documents: YamlNode[] = [];
  const open: { readonly node: YamlNode; key: YamlNode | undefined }[] = [];
  const put = (node: YamlNode): void => {
    const parent = open.at(-1);
    if (parent === undefined) documents.push(node);
    else if (parent.node.is === 'sequence') parent.node.items.push(node);
    else if (parent.node.is === 'mapping') {
      if (parent.key === undefined) parent.key = node;
      else {
        parent.node.entries.push([parent.key, node]);
        parent.key = undefined;
      }
    }
  };
  for (const event of tree.events) {
    switch (event.is) {
      case 'scalar':
        put({ is: 'scalar', at: event.from, before: before(event.at), anchor: event.anchor, value: event.value });
        break;
      case 'alias':
        put({ is: 'alias', at: event.at, before: before(event.at), anchor: undefined, name: event.name });
        break;
      case 'mapping-start':
      case 'sequence-start': {
        const common = { at: event.at, before: [], anchor: event.anchor };
        const node: YamlNode =
          event.is === 'mapping-start' ? { is: 'mapping', ...common, entries: [] } : { is: 'sequence', ...common, items: [] };
        put(node);
        open.push({ node, key: undefined });
        break;
      }
      case 'mapping-end':
      case 'sequence-end':
        open.pop();
        break;
      default:
    }
  }
  return { tree, documents, rest: comments.slice(taken).map((c) => c.text) };
}
