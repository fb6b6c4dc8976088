import { posix } from 'node:path';
import { parseSync, Visitor, type Program } from 'oxc-parser';
import { linesOf, type Finding, type Rule, type Tree } from './tree.ts';

/** One `import`, `export … from`, `import()` or `import('…').Type` of a module. */
export interface Import {
  readonly specifier: string;
  /** The file meant, where the specifier is relative. */
  readonly target: string | undefined;
  /** Whether the compiler erases it. `import { type A }` is not erased: it still loads the module. */
  readonly erased: boolean;
  readonly line: number;
}

/** A function, method or accessor, from its first line to its last. */
export interface Span {
  readonly line: number;
  readonly lines: number;
}

export interface Name {
  readonly name: string;
  readonly line: number;
}

export interface Module {
  readonly file: string;
  readonly imports: readonly Import[];
  readonly functions: readonly Span[];
  /** Classes, interfaces, type aliases and functions that are declared by name. */
  readonly declarations: readonly Name[];
  /** Identifiers that are read, not property names; a member of a plain name as `name.member` too. */
  readonly references: readonly Name[];
  /** Why it does not parse; the lists are empty then. */
  readonly broken?: Finding;
}

const parsed = new WeakMap<Tree, readonly Module[]>();

/** The TypeScript and JavaScript modules of a tree. */
export function modulesOf(tree: Tree): readonly Module[] {
  const known = parsed.get(tree);
  if (known) return known;
  const modules = [...tree].filter(([file]) => /\.m?[jt]s$/.test(file)).map(([file, text]) => parseModule(file, text));
  parsed.set(tree, modules);
  return modules;
}

/** What does not parse is seen by no other rule. */
export const modulesParse: Rule = (tree) => modulesOf(tree).flatMap(({ broken }) => broken ?? []);

type LineOf = (node: { readonly start: number }) => number;

function parseModule(file: string, text: string): Module {
  const { program, errors } = parseSync(file, text);
  const lineAt = linesOf(text);
  const [error] = errors;
  if (error) {
    const broken = { file, line: lineAt(error.labels[0]?.start ?? 0), message: `does not parse: ${error.message}` };
    return { file, imports: [], functions: [], declarations: [], references: [], broken };
  }
  const functions: Span[] = [];
  const measured = ({ start, end }: { start: number; end: number }): void => {
    functions.push({ line: lineAt(start), lines: lineAt(end) - lineAt(start) + 1 });
  };
  new Visitor({ FunctionDeclaration: measured, FunctionExpression: measured, ArrowFunctionExpression: measured }).visit(program);
  const line: LineOf = ({ start }) => lineAt(start);
  return {
    file,
    functions,
    imports: importsIn(program, file, line),
    declarations: declarationsIn(program, line),
    references: referencesIn(program, line),
  };
}

function importsIn(program: Program, file: string, line: LineOf): readonly Import[] {
  const imports: Import[] = [];
  const imported = (node: { start: number }, specifier: string, erased: boolean): void => {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined;
    imports.push({ specifier, target, erased, line: line(node) });
  };
  new Visitor({
    ImportDeclaration: (node) => imported(node, node.source.value, node.importKind === 'type'),
    ExportAllDeclaration: (node) => imported(node, node.source.value, node.exportKind === 'type'),
    ExportNamedDeclaration: (node) => {
      if (node.source) imported(node, node.source.value, node.exportKind === 'type');
    },
    ImportExpression: (node) => {
      const { source } = node;
      const known = source.type === 'Literal' && typeof source.value === 'string';
      imported(node, known ? source.value : '(computed)', false);
    },
    TSImportType: (node) => imported(node, node.source.value, true),
  }).visit(program);
  return imports;
}

function declarationsIn(program: Program, line: LineOf): readonly Name[] {
  const declarations: Name[] = [];
  const declared = ({ id }: { id: { start: number; name: string } | null }): void => {
    if (id) declarations.push({ name: id.name, line: line(id) });
  };
  new Visitor({
    FunctionDeclaration: declared,
    ClassDeclaration: declared,
    TSInterfaceDeclaration: declared,
    TSTypeAliasDeclaration: declared,
  }).visit(program);
  return declarations;
}

function referencesIn(program: Program, line: LineOf): readonly Name[] {
  const references: Name[] = [];
  const propertyNames = new Set<unknown>();
  const keyed = (node: { computed: boolean; key: unknown }): void => {
    if (!node.computed) propertyNames.add(node.key);
  };
  new Visitor({
    Property: keyed,
    MethodDefinition: keyed,
    PropertyDefinition: keyed,
    TSPropertySignature: keyed,
    TSMethodSignature: keyed,
    MemberExpression: (node) => {
      if (node.computed) return;
      propertyNames.add(node.property);
      if (node.object.type === 'Identifier') references.push({ name: `${node.object.name}.${node.property.name}`, line: line(node) });
    },
    Identifier: (node) => {
      if (!propertyNames.has(node)) references.push({ name: node.name, line: line(node) });
    },
  }).visit(program);
  return references;
}
