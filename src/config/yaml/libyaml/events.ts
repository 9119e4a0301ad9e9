// Tokens to events: the grammar of YAML 1.1 as libyaml 0.2.5 walks it, with its positions. One event at a time, no recursion.
import { Malformed } from './cursor.ts';
import { Scanner, type Token, type TokenType } from './scanner.ts';

/** at and end are offsets. */
export type YamlEvent =
  | { readonly is: 'document'; readonly at: number }
  | {
      readonly is: 'scalar';
      /** Of the anchor when there is one; from is where the value itself begins. */
      readonly at: number;
      readonly from: number;
      readonly end: number;
      readonly anchor: string | undefined;
      readonly value: string;
    }
  | { readonly is: 'alias'; readonly at: number; readonly end: number; readonly name: string }
  | { readonly is: 'mapping-start' | 'sequence-start'; readonly at: number; readonly anchor: string | undefined }
  | { readonly is: 'mapping-end' | 'sequence-end'; readonly at: number }
  | { readonly is: 'stream-end'; readonly at: number };

type State =
  | 'first-document'
  | 'document'
  | 'document-content'
  | 'document-end'
  | 'node'
  | 'sequence-first'
  | 'sequence'
  | 'indentless-sequence'
  | 'mapping-first'
  | 'mapping-key'
  | 'mapping-value'
  | '[first'
  | '['
  | '[key'
  | '[value'
  | '[end'
  | '{first'
  | '{'
  | '{value'
  | '{empty'
  | 'done';

const DOCUMENT_TOKENS: readonly TokenType[] = ['directive', 'document-start', 'document-end', 'stream-end'];

/** Reads a text event by event. */
export class EventReader {
  readonly #tokens: Scanner;
  #state: State = 'first-document';
  readonly #states: State[] = [];
  /** Where the collections begin that are open. */
  readonly #marks: number[] = [];
  #handles: readonly string[] = [];

  constructor(text: string) {
    this.#tokens = new Scanner(text);
  }

  /** The next event; undefined after the last. @throws Malformed */
  next(): YamlEvent | undefined {
    const token = this.#state === 'done' ? undefined : this.#tokens.peek();
    if (token === undefined) return undefined;
    switch (this.#state) {
      case 'first-document':
        return this.#document(token, true);
      case 'document':
        return this.#document(token, false);
      case 'document-content':
        if (!DOCUMENT_TOKENS.includes(token.type)) return this.#node(true, false);
        return this.#empty(this.#pop(), token.at);
      case 'document-end':
        if (token.type === 'document-end') this.#tokens.take();
        this.#state = 'document';
        return this.next();
      case 'node':
        return this.#node(true, false);
      case 'sequence-first':
      case 'sequence':
        return this.#blockSequence(this.#state === 'sequence-first');
      case 'indentless-sequence':
        return this.#indentless(token);
      case 'mapping-first':
      case 'mapping-key':
        return this.#blockKey(this.#state === 'mapping-first');
      case 'mapping-value':
        if (token.type !== 'value') return this.#empty('mapping-key', token.at);
        return this.#blockPart('mapping-key', ['key', 'value', 'block-end'], true);
      case '[first':
      case '[':
        return this.#flowSequence(this.#state === '[first');
      case '[key':
        if (!['value', 'flow-entry', ']'].includes(token.type)) return this.#below('[value', false, false);
        this.#tokens.take();
        return this.#empty('[value', token.end);
      case '[value':
        return this.#flowPart('[end', ']');
      case '[end':
        this.#state = '[';
        return { is: 'mapping-end', at: token.at };
      case '{first':
      case '{':
        return this.#flowMapping(this.#state === '{first');
      case '{value':
        return this.#flowPart('{', '}');
      default:
        return this.#empty('{', token.at);
    }
  }

  #pop(): State {
    return this.#states.pop() ?? 'done';
  }
  #empty(next: State, at: number): YamlEvent {
    this.#state = next;
    return { is: 'scalar', at, from: at, end: at, anchor: undefined, value: '' };
  }
  /** A node, and after it a state. */
  #below(after: State, block: boolean, indentless: boolean): YamlEvent {
    this.#states.push(after);
    return this.#node(block, indentless);
  }
  #open(first: boolean): void {
    if (first) this.#marks.push(this.#tokens.take().at);
  }
  #close(is: 'mapping-end' | 'sequence-end'): YamlEvent {
    this.#state = this.#pop();
    this.#marks.pop();
    return { is, at: this.#tokens.take().at };
  }
  #wrong(classic: string, token: Token): Malformed {
    return new Malformed(classic, token.at, this.#marks.pop() ?? token.at);
  }

  #document(first: Token, implicit: boolean): YamlEvent {
    let token = first;
    while (!implicit && token.type === 'document-end') {
      this.#tokens.take();
      token = this.#tokens.peek();
    }
    this.#handles = ['!', '!!'];
    if (token.type === 'stream-end') {
      this.#state = 'done';
      return { is: 'stream-end', at: token.at };
    }
    this.#states.push('document-end');
    if (implicit && token.type !== 'directive' && token.type !== 'document-start') {
      this.#state = 'node';
      return { is: 'document', at: token.at };
    }
    this.#directives();
    const start = this.#tokens.peek();
    if (start.type !== 'document-start') throw new Malformed('did not find expected <document start>', start.at, start.at);
    this.#tokens.take();
    this.#state = 'document-content';
    return { is: 'document', at: token.at };
  }

  #directives(): void {
    let version = false;
    const given: string[] = [];
    for (let token = this.#tokens.peek(); token.type === 'directive'; token = this.#tokens.peek()) {
      const [name, value = ''] = token.value.split(' ');
      if (name === 'YAML') {
        if (version) throw new Malformed('found duplicate %YAML directive', token.at, token.at);
        if (value !== '1.1' && value !== '1.2') throw new Malformed('found incompatible YAML document', token.at, token.at);
        version = true;
      } else {
        if (given.includes(value)) throw new Malformed('found duplicate %TAG directive', token.at, token.at);
        given.push(value);
      }
      this.#tokens.take();
    }
    this.#handles = [...new Set([...given, ...this.#handles])];
  }

  #node(block: boolean, indentless: boolean): YamlEvent {
    const tokens = this.#tokens;
    let token = tokens.peek();
    if (token.type === 'alias') {
      this.#state = this.#pop();
      tokens.take();
      return { is: 'alias', at: token.at, end: token.end, name: token.value };
    }
    const { at } = token;
    let anchor: string | undefined;
    let tag: Token | undefined;
    for (let n = 0; n < 2; n++) {
      if (token.type === 'anchor' && anchor === undefined) anchor = token.value;
      else if (token.type === 'tag' && tag === undefined) tag = token;
      else break;
      tokens.take();
      token = tokens.peek();
    }
    if (tag !== undefined && tag.value !== '' && !this.#handles.includes(tag.value)) {
      throw new Malformed('found undefined tag handle', tag.at, tag.at);
    }
    if (indentless && token.type === 'block-entry') {
      this.#state = 'indentless-sequence';
      return { is: 'sequence-start', at, anchor };
    }
    if (token.type === 'scalar') {
      this.#state = this.#pop();
      tokens.take();
      return { is: 'scalar', at, from: token.at, end: token.end, anchor, value: token.value };
    }
    if (token.type === '[' || token.type === '{') {
      this.#state = `${token.type}first`;
      return { is: token.type === '[' ? 'sequence-start' : 'mapping-start', at, anchor };
    }
    if (block && (token.type === 'block-sequence' || token.type === 'block-mapping')) {
      this.#state = token.type === 'block-sequence' ? 'sequence-first' : 'mapping-first';
      return { is: token.type === 'block-sequence' ? 'sequence-start' : 'mapping-start', at, anchor };
    }
    if (anchor === undefined && tag === undefined) throw new Malformed('did not find expected node content', token.at, at);
    this.#state = this.#pop();
    return { is: 'scalar', at, from: at, end: at, anchor, value: '' };
  }

  /** What follows `-`, `?` or `:` in a block: a node, or nothing when one of the tokens `none` follows. */
  #blockPart(after: State, none: readonly TokenType[], indentless: boolean): YamlEvent {
    const { end } = this.#tokens.take();
    if (none.includes(this.#tokens.peek().type)) return this.#empty(after, end);
    return this.#below(after, true, indentless);
  }
  #blockSequence(first: boolean): YamlEvent {
    this.#open(first);
    const token = this.#tokens.peek();
    if (token.type === 'block-entry') return this.#blockPart('sequence', ['block-entry', 'block-end'], false);
    if (token.type === 'block-end') return this.#close('sequence-end');
    throw this.#wrong("did not find expected '-' indicator", token);
  }
  #indentless(token: Token): YamlEvent {
    if (token.type === 'block-entry') return this.#blockPart('indentless-sequence', ['block-entry', 'key', 'value', 'block-end'], false);
    this.#state = this.#pop();
    return { is: 'sequence-end', at: token.at };
  }
  #blockKey(first: boolean): YamlEvent {
    this.#open(first);
    const token = this.#tokens.peek();
    if (token.type === 'key') return this.#blockPart('mapping-value', ['key', 'value', 'block-end'], true);
    if (token.type === 'block-end') return this.#close('mapping-end');
    throw this.#wrong('did not find expected key', token);
  }

  /** At an item of a flow collection, over the comma before it; false: the collection ends here. */
  #flowItem(first: boolean, close: ']' | '}'): boolean {
    this.#open(first);
    let token = this.#tokens.peek();
    if (token.type !== close && !first) {
      if (token.type !== 'flow-entry') throw this.#wrong(`did not find expected ',' or '${close}'`, token);
      this.#tokens.take();
      token = this.#tokens.peek();
    }
    return token.type !== close;
  }
  #flowSequence(first: boolean): YamlEvent {
    if (!this.#flowItem(first, ']')) return this.#close('sequence-end');
    const token = this.#tokens.peek();
    if (token.type !== 'key') return this.#below('[', false, false);
    this.#tokens.take();
    this.#state = '[key';
    return { is: 'mapping-start', at: token.at, anchor: undefined };
  }
  #flowMapping(first: boolean): YamlEvent {
    if (!this.#flowItem(first, '}')) return this.#close('mapping-end');
    if (this.#tokens.peek().type !== 'key') return this.#below('{empty', false, false);
    this.#tokens.take();
    const token = this.#tokens.peek();
    if (['value', 'flow-entry', '}'].includes(token.type)) return this.#empty('{value', token.at);
    return this.#below('{value', false, false);
  }
  /** The value of a key in a flow collection. */
  #flowPart(after: State, close: ']' | '}'): YamlEvent {
    let token = this.#tokens.peek();
    if (token.type === 'value') {
      this.#tokens.take();
      token = this.#tokens.peek();
      if (token.type !== 'flow-entry' && token.type !== close) return this.#below(after, false, false);
    }
    return this.#empty(after, token.at);
  }
}
