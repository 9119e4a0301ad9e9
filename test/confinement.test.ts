// "An unexpected failure ends one port, not the daemon" holds if whatever calls in from outside runs on behalf of who set it up
// (base/fault-domain.ts). So the code of ports, and of all that stands below and beside them, hands nothing to Node that is not bound:
// events through listenTo(), callbacks and promises through bind(), later turns through nextMicrotask() and onImmediate(). Timers and
// bytes are bound in clock.ts and uv-handle.ts, which src/README.md names as the only places of theirs.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const SRC = resolve(import.meta.dirname, '../../src');
const ROOMS = ['admin', 'attach', 'gensio', 'observe', 'port', 'record'];
/** The terminal client is a process of its own, with nobody to spare; pam-child.ts too. */
const ALONE = /^attach\/console\/|pam-child/;

const files = ROOMS.flatMap((room) => readdirSync(join(SRC, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)))
  .filter((file) => file.endsWith('.ts') && !ALONE.test(file))
  .map((file) => ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true));

const isCallOf = (node: ts.Node | undefined, name: string): boolean =>
  node !== undefined && ts.isCallExpression(node) && node.expression.getText() === name;
/** A function written where it is handed over, which does something. */
const isBare = (node: ts.Expression | undefined): boolean =>
  node !== undefined && (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) && node.body.getText() !== 'undefined';
const plain = (text: string): string => text.replace(/[?!]/g, '');

/** Names of functions that Node offers, which call back from outside. */
function namesFromNode(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of source.statements) {
    if (!ts.isImportDeclaration(node) || !node.moduleSpecifier.getText().startsWith("'node:")) continue;
    const named = node.importClause?.namedBindings;
    if (named !== undefined && ts.isNamedImports(named)) for (const { name } of named.elements) names.add(name.text);
  }
  return names;
}

/** What is handed to Node and is not bound, as `file:line text`. */
function unbound(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const text = plain(source.text);
  const fromNode = namesFromNode(source);
  const isHeard = (emitter: string): boolean =>
    text.includes(`listenTo(${emitter})`) || new RegExp(`\\b${emitter.replaceAll('.', '\\.')}(: \\w+)? = [^;]{0,60}listenTo\\(`).test(text);
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node)) return;
    const last = node.arguments.at(-1);
    const called = node.expression;
    const member = ts.isPropertyAccessExpression(called) ? called.name.text : undefined;
    const isEvent = (member === 'on' || member === 'once') && node.arguments.length === 2 && last!.getText() !== '() => undefined';
    const isBound = (argument: ts.Expression): boolean => isCallOf(argument, 'bind') || text.includes(`${argument.getText()} = bind(`);
    // Where nobody waits for the promise, nobody hears of a failure.
    const isDropped = ts.isExpressionStatement(node.parent) || ts.isVoidExpression(node.parent);
    const wrong =
      member === 'then'
        ? isDropped && !node.arguments.every(isBound)
        : isEvent
          ? !isHeard(plain((called as ts.PropertyAccessExpression).expression.getText()))
          : ts.isIdentifier(called) && fromNode.has(called.text) && isBare(last);
    if (wrong) found.push(`${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${called.getText()}`);
  };
  visit(source);
  return found;
}

test('what ports, and all below and beside them, hand to Node runs on behalf of who handed it over', () => {
  assert.deepEqual(files.flatMap(unbound), []);
});

test('each kind of callback that is not bound is found', () => {
  const text = `import { read, statSync } from 'node:fs';
const a = listenTo(make());
a.on('x', () => go());
b.once('x', () => go());
c?.on('x', () => undefined);
read(fd, buffer, () => go());
read(fd, buffer, bind(() => go()));
read(fd, buffer, () => undefined);
later().then(() => go());
later().then(bind(go));
`;
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
  assert.deepEqual(unbound(source), ['x.ts:4 b.once', 'x.ts:6 read', 'x.ts:9 later().then']);
});
