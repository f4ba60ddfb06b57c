import ts from 'typescript';
import { parse, pathOf } from './statements.js';

/**
 * A change to one place of a file.
 * @typedef {object} Mutant
 * @property {string} file
 * @property {number} line
 * @property {number} start
 * @property {number} end
 * @property {string} text what stands there instead
 * @property {string} key names it by what it says, so that it is found again where lines have moved
 */

/** @type {ReadonlyMap<ts.SyntaxKind, string>} */
const OPPOSITES = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.EqualsEqualsToken, '!='],
  [ts.SyntaxKind.ExclamationEqualsToken, '=='],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
  [ts.SyntaxKind.MinusEqualsToken, '+='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
]);

/** Statements of these kinds do something that a test can miss. */
const REMOVABLE = new Set([
  ts.SyntaxKind.ExpressionStatement,
  ts.SyntaxKind.ThrowStatement,
  ts.SyntaxKind.ReturnStatement,
  ts.SyntaxKind.BreakStatement,
  ts.SyntaxKind.ContinueStatement,
]);

/**
 * Every change of a file that is tried. Texts for people are left alone.
 * @param {string} file as the list names it
 * @param {string} text
 * @returns {Mutant[]}
 */
export function mutantsOf(file, text) {
  const source = parse(file, text);
  /** @type {Mutant[]} */
  const mutants = [];
  /** @type {Map<string, number>} */
  const seen = new Map();

  /**
   * @param {ts.Node} node
   * @param {string} replacement
   * @param {string} shown
   */
  const add = (node, replacement, shown) => {
    const start = node.getStart();
    const name = `${nameOf(file)} ${pathOf(node)}: ${shown.replace(/\s+/g, ' ')}`;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    mutants.push({
      file,
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      start,
      end: node.end,
      text: replacement,
      key: count === 0 ? name : `${name} (${count + 1})`,
    });
  };

  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isDecorator(node)) return;
    for (const [replacement, shown] of changesOf(node)) add(node, replacement, shown);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return mutants;
}

/**
 * @param {ts.Node} node
 * @returns {Generator<[replacement: string, shown: string]>}
 */
function* changesOf(node) {
  const text = node.getText();
  if (ts.isBinaryExpression(node)) yield* changesOfOperator(node);
  else if (ts.isConditionalExpression(node)) {
    yield [`(${node.whenTrue.getText()})`, `always the first: ${text}`];
    yield [`(${node.whenFalse.getText()})`, `always the second: ${text}`];
  } else if (isTested(node)) yield [`!(${text})`, `negate ${text}`];
  else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    yield [node.operand.getText(), `drop the ! of ${text}`];
  else if (node.kind === ts.SyntaxKind.TrueKeyword) yield ['false', 'true -> false'];
  else if (node.kind === ts.SyntaxKind.FalseKeyword) yield ['true', 'false -> true'];
  else if (ts.isNumericLiteral(node)) {
    const other = Number(node.text.replaceAll('_', '')) === 0 ? '1' : `(${node.text} - 1)`;
    yield [other, `${text} -> ${other}`];
  } else if (ts.isAwaitExpression(node)) yield [node.expression.getText(), `drop ${shorten(text)}`];
  else if ('questionDotToken' in node && node.questionDotToken) yield* changesOfOptional(node);
  else if (REMOVABLE.has(node.kind)) yield [';', `remove ${shorten(text)}`];
  else if (ts.isBlock(node) && ts.isFunctionLike(node.parent) && node.statements.length > 0)
    yield ['{ return; }', `empty ${shorten(text)}`];
}

/**
 * @param {ts.BinaryExpression} node
 * @returns {Generator<[replacement: string, shown: string]>}
 */
function* changesOfOperator({ left, operatorToken, right }) {
  const [a, b] = [left.getText(), right.getText()];
  const shown = `${shorten(a)} ${operatorToken.getText()} ${shorten(b)}`;
  const opposite = OPPOSITES.get(operatorToken.kind);
  if (opposite) yield [`${a} ${opposite} ${b}`, `${shown}, with ${opposite}`];
  const isLogical =
    operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken ||
    operatorToken.kind === ts.SyntaxKind.BarBarToken;
  if (isLogical || operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
    yield [`(${a})!`, `${shown}, the left alone`];
  if (isLogical) yield [`(${b})`, `${shown}, the right alone`];
}

/**
 * @param {ts.Node} node
 * @returns {Generator<[replacement: string, shown: string]>}
 */
function* changesOfOptional(node) {
  const text = node.getText();
  if (ts.isPropertyAccessExpression(node))
    yield [`${node.expression.getText()}!.${node.name.getText()}`, `drop the ?. of ${shorten(text)}`];
  else if (ts.isCallExpression(node)) {
    const args = text.slice(node.arguments.pos - node.getStart());
    yield [`${node.expression.getText()}!(${args}`, `drop the ?. of ${shorten(text)}`];
  }
}

/**
 * Whether a node is a condition of which no smaller change is tried.
 * @param {ts.Node} node
 */
function isTested(node) {
  const { parent } = node;
  if (ts.isSourceFile(node)) return false;
  if (ts.isBinaryExpression(node) || ts.isPrefixUnaryExpression(node)) return false;
  return (ts.isIfStatement(parent) || ts.isWhileStatement(parent)) && parent.expression === node;
}

/** @param {string} file */
function nameOf(file) {
  const parts = file.split('/');
  return [parts[1], parts.at(-1)].join('/');
}

/** @param {string} text */
function shorten(text) {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}
