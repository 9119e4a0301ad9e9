// What a file exports, and what others may call of it, says what it is: a doc comment on every exported name and on every public
// member. A member that an interface or a base class of ours declares is described there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const SRC = resolve(import.meta.dirname, '../../src');

/** A class or an interface of ours: the names of its members, and what it extends and implements. */
interface Shape {
  readonly members: readonly string[];
  readonly bases: readonly string[];
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true));

const isShape = (node: ts.Node): node is ts.ClassDeclaration | ts.InterfaceDeclaration =>
  ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node);
const nameOf = (node: ts.NamedDeclaration): string | undefined => node.name?.getText();

function shapesOf(sources: readonly ts.SourceFile[]): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const node of sources.flatMap((source) => [...source.statements]).filter(isShape)) {
    const members = [...node.members].map(nameOf).filter((name) => name !== undefined);
    // Of Pick<Base, 'name'> the base counts.
    const bases = (node.heritageClauses ?? []).flatMap(({ types }) => types.flatMap((type) => type.getText().match(/\b[A-Z]\w*/g) ?? []));
    shapes.set(node.name?.text ?? '', { members, bases });
  }
  return shapes;
}

/** The names of members that the bases of a class or interface declare, however far up. */
function inherited(name: string, shapes: ReadonlyMap<string, Shape>, seen = new Set<string>()): ReadonlySet<string> {
  for (const base of shapes.get(name)?.bases ?? []) {
    if (seen.has(`is ${base}`)) continue;
    seen.add(`is ${base}`);
    for (const member of shapes.get(base)?.members ?? []) seen.add(member);
    inherited(base, shapes, seen);
  }
  return seen;
}

const hasModifier = (node: ts.Node, ...kinds: readonly ts.SyntaxKind[]): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kinds.includes(kind));
const isPublic = (member: ts.ClassElement | ts.TypeElement): boolean =>
  member.name !== undefined &&
  !ts.isPrivateIdentifier(member.name) &&
  !ts.isComputedPropertyName(member.name) &&
  !hasModifier(member, ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.OverrideKeyword);

/** The exported names and public members of a file without a doc comment, as `name (line)`. */
function undocumented(source: ts.SourceFile, shapes: ReadonlyMap<string, Shape>): readonly string[] {
  const found: string[] = [];
  const look = (node: ts.Node, name: string): void => {
    const comments = ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? [];
    if (comments.some(({ pos }) => source.text.startsWith('/**', pos))) return;
    found.push(`${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${name}`);
  };
  for (const node of source.statements) {
    if (!hasModifier(node, ts.SyntaxKind.ExportKeyword)) continue;
    if (ts.isVariableStatement(node)) look(node, node.declarationList.declarations.map(nameOf).join());
    else if (ts.isFunctionDeclaration(node) || ts.isTypeAliasDeclaration(node) || isShape(node)) look(node, nameOf(node) ?? 'default');
    if (!isShape(node)) continue;
    const owner = nameOf(node) ?? '';
    const known = new Set(inherited(owner, shapes));
    for (const member of node.members) {
      const name = nameOf(member) ?? '';
      if (!isPublic(member) || known.has(name)) continue;
      // The first of several signatures, and of get and set, speaks for all.
      known.add(name);
      look(member, `${owner}.${name}`);
    }
  }
  return found;
}

test('what is exported, and every public member of it, has a doc comment', () => {
  const shapes = shapesOf(files);
  assert.deepEqual(
    files.flatMap((file) => undocumented(file, shapes)),
    [],
  );
});

test('a comment of another kind, and one on something else, is none', () => {
  const text =
    '// no\nexport const a = 1;\n/** yes */\nexport class B implements C {\n  d(): void {}\n  e = 1;\n  #f = 1;\n}\n/** x */\nexport interface C {\n  /** y */\n  d(): void;\n  g: number;\n}\n';
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest, true);
  assert.deepEqual(undocumented(source, shapesOf([source])), ['x.ts:2 a', 'x.ts:6 B.e', 'x.ts:13 C.g']);
});
