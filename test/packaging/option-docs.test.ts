import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { tablesOf, withDocs } from '../../packaging/option-docs.ts';
import { CONNECTION } from '../../src/options/connection.ts';

const FILE = resolve(import.meta.dirname, '../../src/options/connection.d.ts');
const FLAGS = { allowImportingTsExtensions: true, noEmit: true, strict: true, skipLibCheck: true, module: ts.ModuleKind.Node20 };

test('the type ConnectionOptions tells of each field the text, unit and default of its row', async () => {
  const tables = await tablesOf(FILE.replace('.d.ts', '.js'));
  // As the compiler leaves it: this build may have its comments already.
  const bare = readFileSync(FILE, 'utf8').replace(/^ {4}\/\*\*.*\n/gm, '');
  const documented = withDocs(bare, tables);
  assert.equal(withDocs(documented, tables), documented);
  const host = ts.createCompilerHost(FLAGS);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target) =>
    resolve(name) === FILE ? ts.createSourceFile(name, documented, target, true) : read(name, target);
  const program = ts.createProgram([FILE], FLAGS, host);
  const checker = program.getTypeChecker();
  const type = program
    .getSourceFile(FILE)!
    .statements.filter(ts.isTypeAliasDeclaration)
    .find(({ name }) => name.text === 'ConnectionOptions')!;
  const docs = new Map(
    checker
      .getTypeAtLocation(type)
      .getProperties()
      .map((field) => [field.name, ts.displayPartsToString(field.getDocumentationComment(checker))]),
  );
  for (const [key, { doc }] of Object.entries(CONNECTION)) assert.ok(docs.get(key)?.startsWith(doc), key);
  assert.match(docs.get('chardelayMin')!, / In us\. Default: 1000\.$/);
});
