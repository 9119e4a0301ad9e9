// The public surface of the library as text, from the .d.ts files of this build: test/types/api.md. A review sees every change of it.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '../../..');
const BUILD = resolve(import.meta.dirname, '../..');
const INDEX = join(BUILD, 'src/index.d.ts');
/** Where the report is, from the root. */
export const API_REPORT = 'test/types/api.md';

const HEAD = `# The library's public surface

Generated from the declarations by \`npm run gen\`; a test fails when this is stale. What changes here changes programs that import
ser2net: say so in CHANGELOG.md.

`;

/** A declaration without comments, private members and \`declare\`, laid out the same way always. */
function textOf(node: ts.Node): string {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });
  return printer
    .printNode(ts.EmitHint.Unspecified, statement, statement.getSourceFile())
    .split('\n')
    .filter((line) => !/^\s*(?:#private;|private )/.test(line))
    .join('\n')
    .replace(/^export /, '')
    .replace(/^(?:declare )/, '');
}

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.Node20,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

interface Surface {
  readonly exported: readonly { readonly name: string; readonly text: string }[];
  /** opts of each LayerSpec that has some. */
  readonly layers: readonly { readonly name: string; readonly text: string }[];
  /** Types that stand in exported declarations and cannot be imported. */
  readonly hidden: readonly { readonly name: string; readonly file: string; readonly text: string }[];
}

let known: Surface | undefined;
/** Everything src/index.ts exports, and what that refers to. */
export const surface = (): Surface => {
  known ??= findSurface();
  return known;
};

function findSurface(): Surface {
  const program = ts.createProgram([INDEX], OPTIONS);
  const checker = program.getTypeChecker();
  const index = checker.getSymbolAtLocation(program.getSourceFile(INDEX)!)!;
  const target = (symbol: ts.Symbol): ts.Symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const ours = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(join(BUILD, 'src'));
  const exports = checker.getExportsOfModule(index).map((symbol) => ({ name: symbol.getName(), symbol: target(symbol) }));
  const known = new Set(exports.map(({ symbol }) => symbol));
  const hidden = new Map<string, { name: string; file: string; text: string }>();
  const waiting = exports.map(({ symbol }) => symbol);
  for (let symbol = waiting.pop(); symbol !== undefined; symbol = waiting.pop()) {
    for (const declaration of symbol.getDeclarations() ?? []) {
      const look = (node: ts.Node): void => {
        if (ts.isIdentifier(node)) {
          const used = checker.getSymbolAtLocation(node);
          const meant = used && target(used);
          const at = meant?.getDeclarations()?.find((d) => ours(d) && (isType(d) || ts.isVariableDeclaration(d)));
          if (meant !== undefined && at !== undefined && !known.has(meant)) {
            known.add(meant);
            waiting.push(meant);
            const file = relative(join(BUILD, 'src'), at.getSourceFile().fileName).replace('.d.ts', '.ts');
            // A table of options is long, and its rows are in the manual pages.
            const table = ts.isVariableDeclaration(at) && at.getText().length > 2000;
            hidden.set(`${file} ${meant.getName()}`, {
              name: meant.getName(),
              file,
              text: table ? `const ${meant.getName()}; // its rows: src/${file}` : textOf(at),
            });
            if (table) waiting.pop();
          }
        }
        node.forEachChild(look);
      };
      look(declaration);
    }
  }
  const text = (symbol: ts.Symbol): string => {
    const written = (symbol.getDeclarations() ?? []).map(textOf).join('\n');
    // The values of an option table: what a program sees of it.
    const isValues = /^type \w+ = (?:Values|Pick)<.*typeof/.test(written);
    return isValues ? `type ${symbol.getName()} = ${members(checker.getDeclaredTypeOfSymbol(symbol))};` : written;
  };
  const members = (type: ts.Type): string => {
    // By name: the compiler's own order depends on what it compiled before.
    const names = type.getProperties().sort((a, b) => (a.getName() < b.getName() ? -1 : 1));
    const lines = names.map((p) => {
      const written = checker.typeToString(checker.getTypeOfSymbol(p), undefined, ts.TypeFormatFlags.NoTruncation);
      return `    readonly ${p.getName()}: ${/[(){}[\]<]/.test(written) ? written : written.split(' | ').sort().join(' | ')};`;
    });
    return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n}`;
  };
  const specs = exports.find(({ name }) => name === 'LayerSpec');
  const union = specs === undefined ? undefined : checker.getDeclaredTypeOfSymbol(specs.symbol);
  const property = (type: ts.Type, name: string): ts.Type => checker.getTypeOfSymbol(type.getProperty(name)!);
  const layers = (union?.isUnion() ? union.types : []).map((type) => ({
    name: checker.typeToString(property(type, 'type')),
    text: members(property(type, 'opts')),
  }));
  return {
    layers: layers.sort((a, b) => (a.name < b.name ? -1 : 1)).filter((layer) => layer.text !== '{}'),
    exported: exports.map(({ name, symbol }) => ({ name, text: text(symbol) })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    hidden: [...hidden.values()].sort((a, b) => (`${a.file} ${a.name}` < `${b.file} ${b.name}` ? -1 : 1)),
  };
}

const isType = (node: ts.Node): boolean =>
  ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node);
const block = (text: string): string => `\`\`\`ts\n${text}\n\`\`\`\n`;

/** The names of each other entrance of the package, as a list. */
function entrances(): string {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, { types: string }> };
  const others = Object.entries(exports).filter(([name]) => name !== '.');
  const files = others.map(([, { types }]) => join(ROOT, types));
  const program = ts.createProgram(files, OPTIONS);
  const checker = program.getTypeChecker();
  return others
    .map(([name], i) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(files[i]!)!)!;
      const names = checker.getExportsOfModule(module).map((symbol) => `\`${symbol.getName()}\``);
      return `\`ser2net${name.slice(1)}\`: ${names.sort().join(', ')}\n`;
    })
    .join('\n');
}

/** The whole report. */
export function apiReport(): string {
  const { exported, hidden, layers } = surface();
  const parts = exported.map(({ name, text }) => `### ${name}\n\n${block(text)}`);
  const unnamed = hidden.map(({ file, text }) => `From \`${file}\`:\n\n${block(text)}`);
  const opts = layers.map(({ name, text }) => `${name.replaceAll('"', '`')}\n\n${block(text)}`);
  const report = `${HEAD}## Entrances

\`ser2net\` has all of it, the others parts.

${entrances()}
## Exported\n\n${parts.join('\n')}\n## Options of layers (LayerSpec, opts)\n\n${opts.join('\n')}\n## Referred to, not exported\n\n${unnamed.join('\n')}`;
  // The compiler writes the words of a union in the order in which it met them, and their quotes as it found them, which both depend on
  // what it compiled before.
  const quoted = report.replace(/'([^'"\n]*)'/g, '"$1"');
  return quoted.replace(/"[^"\n]*"(?: \| "[^"\n]*")+/g, (union) => union.split(' | ').sort().join(' | '));
}

/** As it is in the tree; '' when it is not there. */
export const writtenReport = (): string => (existsSync(join(ROOT, API_REPORT)) ? readFileSync(join(ROOT, API_REPORT), 'utf8') : '');
