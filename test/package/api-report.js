/**
 * The public API as text, from the declarations in dist: which names each entry exports, and what they declare,
 * without comments and private members. Types that no entry exports but a signature shows are listed as well.
 */
import path from 'node:path';
import ts from 'typescript';

/**
 * @param {Record<string, string>} entries import name -> its .d.ts file
 * @param {string} dist only what is declared below this folder is ours
 * @returns {string}
 */
export function apiReport(entries, dist) {
  const program = ts.createProgram(Object.values(entries), {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const isOurs = (/** @type {ts.Declaration} */ node) =>
    node.getSourceFile().fileName.startsWith(dist + path.posix.sep);

  /** @type {Map<ts.Symbol, string>} symbol -> the name it is exported by */
  const names = new Map();
  const sections = Object.entries(entries).map(([entry, file]) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${entry}: ${file} exports nothing`);
    const exported = checker.getExportsOfModule(module);
    for (const symbol of exported) names.set(resolveAlias(checker, symbol), symbol.name);
    return `# ${entry}\n\n${sorted(exported.map((symbol) => symbol.name)).join('\n')}\n`;
  });

  const reached = reachedFrom(checker, [...names.keys()], isOurs);
  const hidden = reached.filter((symbol) => !names.has(symbol));
  const declare = (/** @type {Iterable<ts.Symbol>} */ symbols) =>
    sorted([...symbols].map((symbol) => declarationText(symbol, isOurs)).filter((text) => text !== '')).join(
      '\n\n',
    );
  sections.push(`# Declarations\n\n${declare(names.keys())}\n`);
  if (hidden.length > 0)
    sections.push(`# Not exported, but part of a declaration above\n\n${declare(hidden)}\n`);
  return sections.join('\n');
}

/** By code units, so that every machine sorts alike. */
function sorted(/** @type {string[]} */ texts) {
  return texts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** @type {(checker: ts.TypeChecker, symbol: ts.Symbol) => ts.Symbol} */
function resolveAlias(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/**
 * Every symbol of ours that the declarations of `start` mention, directly or through each other.
 * @type {(checker: ts.TypeChecker, start: ts.Symbol[], isOurs: (node: ts.Declaration) => boolean) => ts.Symbol[]}
 */
function reachedFrom(checker, start, isOurs) {
  const seen = new Set(start);
  const visit = (/** @type {ts.Node} */ node) => {
    if (isPrivate(node)) return;
    if (ts.isIdentifier(node)) {
      const found = checker.getSymbolAtLocation(node);
      const symbol = found && resolveAlias(checker, found);
      const declaration = symbol?.declarations?.at(0);
      if (symbol && declaration && isOurs(declaration) && isTopLevel(declaration)) seen.add(symbol);
    }
    ts.forEachChild(node, visit);
  };
  // The set grows while it is walked: iteration goes on to what visit() adds.
  for (const symbol of seen)
    for (const declaration of symbol.declarations ?? []) if (isOurs(declaration)) visit(declaration);
  return [...seen];
}

function isTopLevel(/** @type {ts.Declaration} */ node) {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts.isSourceFile(statement.parent);
}

function isPrivate(/** @type {ts.Node} */ node) {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  );
}

/** @type {(symbol: ts.Symbol, isOurs: (node: ts.Declaration) => boolean) => string} */
function declarationText(symbol, isOurs) {
  const printer = ts.createPrinter({ removeComments: true });
  const texts = (symbol.declarations ?? []).filter(isOurs).map((declaration) => {
    const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
    return printer.printNode(ts.EmitHint.Unspecified, withoutPrivates(node), declaration.getSourceFile());
  });
  return texts.join('\n');
}

function withoutPrivates(/** @type {ts.Node} */ node) {
  if (!ts.isClassDeclaration(node)) return node;
  const members = node.members.filter((member) => !isPrivate(member));
  const { modifiers, name, typeParameters, heritageClauses } = node;
  return ts.factory.updateClassDeclaration(node, modifiers, name, typeParameters, heritageClauses, members);
}
