// Rules of TCP wrappers, as hosts_access(5) and hosts_options(5) write them: reading, and whether they let somebody in. Decides what
// libwrap 7.6 of Debian decides, but runs nothing and asks nobody for user names. Opens no files: hosts-files.ts does.
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { AccessClient } from '../context.ts';

/** Lists of words: those that count, those excepted from them, those excepted from these, and so on. */
type Words = readonly (readonly string[])[];
interface Rule {
  readonly line: number;
  readonly daemons: Words;
  readonly clients: Words;
  /** What follows the second colon; `undefined` if there is none. */
  readonly options: string | undefined;
}
/** A file of rules. */
export interface Rules {
  /** In the order of the file. */
  readonly rules: readonly Rule[];
  /** What is wrong with lines that were passed over. */
  readonly problems: readonly Problem[];
}
/** Something in hosts.allow or hosts.deny that is not followed. */
export interface Problem {
  /** Line number, from 1. */
  readonly line: number;
  /** What is wrong, in words. */
  readonly text: string;
}
/** name: it cannot be said without the name of the visitor. */
type Verdict = 'allow' | 'deny' | 'name';
/** What the two files say of a client. */
export interface AccessDecision {
  /** What is to be done with the client. */
  readonly verdict: Verdict;
  /** Of rules that had a say: what they ask for and do not get. file: the one they stand in. */
  readonly problems: readonly (Problem & { readonly file: 'allow' | 'deny' })[];
}

/** Most levels of files of patterns that name files of patterns. */
const MAX_DEPTH = 8;

/** Cuts at the first such character outside of brackets, which hold IPv6 addresses. from: where to begin to look. */
function cut(text: string, at: string, from = 0): readonly [string, string | undefined] {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']') depth--;
    else if (depth === 0 && text[i] === at) return [text.slice(0, i), text.slice(i + 1)];
  }
  return [text, undefined];
}

function words(text: string): Words {
  const lists: string[][] = [[]];
  for (const word of text.split(/[, \t\r\n]+/)) {
    if (word === '') continue;
    if (word.toUpperCase() === 'EXCEPT') lists.push([]);
    else lists.at(-1)!.push(word);
  }
  return lists;
}

/** Reads hosts.allow or hosts.deny. Never throws; what cannot be understood is passed over and told. */
export function parseHosts(text: string): Rules {
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i]!;
    while (line.endsWith('\\') && i + 1 < lines.length) line = line.slice(0, -1) + lines[++i]!;
    if (line.startsWith('#') || line.trim() === '') continue;
    const [daemons, rest] = cut(line, ':');
    if (rest === undefined) {
      problems.push({ line: i + 1, text: 'missing ":" separator' });
      continue;
    }
    const [clients, options] = cut(rest, ':');
    rules.push({ line: i + 1, daemons: words(daemons), clients: words(clients), options });
  }
  return { rules, problems };
}

/** atoi(3) */
const leadingNumber = (text: string): number => Number(/^\s*[+-]?[0-9]+/.exec(text)?.[0] ?? 0);

/** inet_addr(3) of four parts; undefined also for 255.255.255.255, which it cannot tell from an error. */
function ipv4Number(text: string): number | undefined {
  const parts = text
    .split('.')
    .map((part) => (/^0[0-7]*$|^[1-9][0-9]*$/.test(part) ? Number.parseInt(part, part.startsWith('0') ? 8 : 10) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  const n = parts.reduce((sum, part) => sum * 256 + part, 0);
  return n === 0xffffffff ? undefined : n;
}

/** `192.0.2.0/255.255.255.0`, `192.0.2.0/24`: the bits under the mask must be those of the net, which has no others. */
function inNet(net: string, mask: string, address: string): boolean {
  const [n, a] = [ipv4Number(net), isIPv4(address) ? ipv4Number(address) : undefined];
  const bits = leadingNumber(mask);
  const m = mask.split('.').length === 4 ? ipv4Number(mask) : bits < 1 || bits > 32 ? undefined : 2 ** 32 - 2 ** (32 - bits);
  return n !== undefined && a !== undefined && m !== undefined && (a & m) >>> 0 === n;
}

/** `[2001:db8::1]`, `[2001:db8::]/32`; rest: what follows the bracket. */
function inIpv6Net(net: string, rest: string, address: string): boolean {
  if (!isIPv6(net) || net.includes('%') || !isIPv6(address) || !/^(\/.*)?$/.test(rest)) return false;
  const bits = rest === '' ? 128 : leadingNumber(rest.slice(1));
  if (bits < 0 || bits > 128) return false;
  if (bits === 0) return true;
  const list = new BlockList();
  list.addSubnet(net, bits, 'ipv6');
  return list.check(address, 'ipv6');
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** `*` and `?`, in a time that grows with both lengths and no faster. */
function wild(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (p < pattern.length && pattern[p] !== '*' && (pattern[p] === '?' || same(pattern[p]!, text[t]!))) {
      p++;
      t++;
    } else if (pattern[p] === '*') {
      star = p++;
      mark = t;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}

/** A word beside a name, an address or `unknown`. */
function stringMatch(word: string, text: string): boolean {
  if (/[*?]/.test(word)) return wild(word, text);
  if (word.startsWith('.')) return text.length > word.length && same(text.slice(-word.length), word);
  if (same(word, 'ALL')) return true;
  if (same(word, 'KNOWN')) return text !== 'unknown';
  if (word.endsWith('.')) return same(text.slice(0, word.length), word);
  return same(word, text);
}

/** What may follow an option, and what it does here. */
interface Option {
  /** Absent: it takes none. */
  readonly value?: RegExp;
  readonly does?: 'allow' | 'deny';
  /** It must be the last one. */
  readonly last?: true;
  /** It would do something with ser2net that is not done here. */
  readonly ignored?: true;
}
/** hosts_options(5). What would change or run something in a daemon that stays is not done. */
const OPTIONS: Readonly<Record<string, Option>> = {
  allow: { does: 'allow', last: true },
  deny: { does: 'deny', last: true },
  // Both decide by a program, which is not run: nobody gets in.
  twist: { value: /./, does: 'deny', last: true, ignored: true },
  aclexec: { value: /./, does: 'deny', ignored: true },
  spawn: { value: /./, ignored: true },
  banners: { value: /./, ignored: true },
  user: { value: /./, ignored: true },
  group: { value: /./, ignored: true },
  umask: { value: /^[0-7]+$/, ignored: true },
  nice: { value: /^([+-]?[0-9]+)?$/, ignored: true },
  setenv: { value: /./ },
  severity: { value: /./ },
  linger: { value: /^[0-9]+$/ },
  rfc931: { value: /^[0-9]*$/ },
  keepalive: {},
};

/** One question to both files. */
class Question {
  readonly problems: (Problem & { file: 'allow' | 'deny' })[] = [];
  readonly #visitor: AccessClient;
  readonly #patternsIn: (file: string) => string;
  #needsName = false;

  constructor(visitor: AccessClient, patternsIn: (file: string) => string) {
    this.#visitor = visitor;
    this.#patternsIn = patternsIn;
  }

  ask(file: 'allow' | 'deny', rules: readonly Rule[]): Verdict | undefined {
    const { daemon } = this.#visitor;
    for (const rule of rules) {
      const complain = (text: string): void => void this.problems.push({ file, line: rule.line, text });
      const daemonFits = (word: string): boolean => {
        const [name, host] = cut(word, '@', 1);
        return stringMatch(name, daemon) && (host === undefined || this.#host(host, this.#visitor.server, () => 'unknown', complain));
      };
      const clientFits = (word: string): boolean => {
        const [user, host] = cut(word, '@', 1);
        if (host === undefined) return this.#host(word, this.#visitor.address, () => this.#name(), complain);
        if (!same(user, 'ALL')) complain(`user names are not asked for: '${word}'`);
        return this.#host(host, this.#visitor.address, () => this.#name(), complain) && stringMatch(user, 'unknown');
      };
      const fits = this.#lists(rule.daemons, daemonFits) && this.#lists(rule.clients, clientFits);
      // Nothing found out without the name counts.
      if (this.#needsName) return 'name';
      if (fits) return rule.options === undefined ? file : (this.#options(rule.options, complain) ?? file);
    }
    return undefined;
  }

  #name(): string {
    if (this.#visitor.name === undefined) this.#needsName = true;
    return this.#visitor.name ?? 'unknown';
  }

  /** In the first list, and not in the second, unless in the third, and so on. */
  #lists(lists: Words, fits: (word: string) => boolean): boolean {
    let deep = 0;
    while (lists[deep]?.some(fits)) deep++;
    return deep % 2 === 1;
  }

  #host(word: string, address: string, name: () => string, complain: (text: string) => void, depth = 0): boolean {
    const known = (): boolean => !['unknown', 'paranoid'].includes(name());
    if (word.startsWith('@')) {
      complain(`netgroups are not supported: '${word}'`);
      return false;
    }
    if (word.startsWith('/')) {
      if (depth >= MAX_DEPTH) return false;
      const patterns = this.#patternsIn(word).split(/\s+/);
      return patterns.some((pattern) => pattern !== '' && this.#host(pattern, address, name, complain, depth + 1));
    }
    if (same(word, 'KNOWN')) return known();
    if (same(word, 'LOCAL')) return known() && !name().includes('.');
    const bracket = /^\[([^\]]*)\](.*)$/.exec(word);
    if (bracket !== null) return inIpv6Net(bracket[1]!, bracket[2]!, address);
    const [net, mask] = cut(word, '/');
    if (mask !== undefined) {
      if (/^0+$/.test(mask)) complain(`'${word}' fits nobody, as with libwrap; write ALL`);
      return inNet(net, mask, address);
    }
    return stringMatch(word, address) || (/[^0-9./]/.test(word) && stringMatch(word, name()));
  }

  /** `undefined` if they leave it to the file they stand in. */
  #options(text: string, complain: (text: string) => void): Verdict | undefined {
    // A colon in a value has a backslash before it.
    const options = text.split(/(?<!\\):/).map((option) => option.replaceAll('\\:', ':').trim());
    for (const [i, option] of options.entries()) {
      const [, name = '', value = ''] = /^([^=\s]*)\s*=?\s*(.*)$/s.exec(option) ?? [];
      const known = Object.hasOwn(OPTIONS, name.toLowerCase()) ? OPTIONS[name.toLowerCase()] : undefined;
      const wrong =
        known === undefined
          ? `bad option name: '${name}'`
          : known.value === undefined
            ? value !== '' && `option '${name}' does not accept a value`
            : !known.value.test(value) && `option '${name}' requires another value than '${value}'`;
      const misplaced = known?.last === true && i < options.length - 1 && `option '${name}' must be at the end`;
      // As with libwrap: who writes what cannot be understood lets nobody in.
      if (known === undefined || wrong !== false || misplaced !== false) {
        complain(wrong || misplaced || '');
        return 'deny';
      }
      if (known.ignored) complain(`option '${name}' is not supported`);
      if (known.does !== undefined) return known.does;
    }
    return undefined;
  }
}

/**
 * What the two files say of a visitor. patternsIn gives the text of a file named as a pattern, '' when it cannot be read. With
 * verdict 'name' it has to be asked again, with the name.
 */
export function judge(allow: Rules, deny: Rules, visitor: AccessClient, patternsIn: (file: string) => string): AccessDecision {
  const question = new Question(visitor, patternsIn);
  const verdict = question.ask('allow', allow.rules) ?? question.ask('deny', deny.rules) ?? 'allow';
  return { verdict, problems: verdict === 'name' ? [] : question.problems };
}
