import ts from 'typescript';

/**
 * A statement inside a function, or the expression that an arrow function returns.
 * @typedef {object} Unit
 * @property {number} start
 * @property {number} end
 * @property {string} key names it by what it says, so that it is found again where lines have moved
 * @property {'listed' | 'single' | 'arrow'} place in a list of statements, alone (after an `if`), or an arrow's result
 */

/**
 * @param {string} file
 * @param {string} text
 */
export function parse(file, text) {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
}

/**
 * The names of the functions, classes and constants around a node: `SessionKeeper.drain`.
 * @param {ts.Node} node
 * @returns {string}
 */
export function pathOf(node) {
  /** @type {string[]} */
  const names = [];
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isConstructorDeclaration(at)) names.unshift('constructor');
    else if (
      (ts.isClassDeclaration(at) ||
        ts.isFunctionLike(at) ||
        ts.isPropertyDeclaration(at) ||
        ts.isPropertyAssignment(at) ||
        ts.isVariableDeclaration(at)) &&
      at.name
    )
      names.unshift(at.name.getText());
  }
  return names.join('.');
}

/**
 * All statements of the functions of a file, the outer before those in it.
 * @param {ts.SourceFile} source
 * @returns {Unit[]}
 */
export function unitsOf(source) {
  /** @type {Unit[]} */
  const units = [];
  /** @type {Map<string, number>} */
  const seen = new Map();
  /** @param {ts.Node} node */
  const visit = (node) => {
    const place = placeOf(node);
    if (place) {
      const name = `${pathOf(node)}: ${firstLine(node.getText())}`;
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      units.push({
        start: node.getStart(),
        end: node.end,
        key: count === 0 ? name : `${name} (${count + 1})`,
        place,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return units;
}

/**
 * The same program, which notes in `hits` what runs.
 * @param {string} file as the coverage map names it
 * @param {string} text
 */
export function instrument(file, text) {
  const units = unitsOf(parse(file, text));
  /** @type {[position: number, order: number, text: string][]} */
  const inserts = [];
  for (const [index, { start, end, place }] of units.entries()) {
    const hit = `__hits[${index}] = 1`;
    if (place === 'listed') inserts.push([start, index, `${hit};`]);
    else if (place === 'single') inserts.push([start, index, `{${hit};`], [end, -index, '}']);
    else inserts.push([start, index, `(${hit}, `], [end, -index, ')']);
  }
  inserts.sort(([a, first], [b, second]) => a - b || first - second);
  let result = `const __hits = globalThis.__mutationHits(${JSON.stringify(file)}, ${units.length});`;
  let from = 0;
  for (const [position, , inserted] of inserts) {
    result += text.slice(from, position) + inserted;
    from = position;
  }
  return result + text.slice(from);
}

/**
 * @param {ts.Node} node
 * @returns {Unit['place'] | undefined}
 */
function placeOf(node) {
  const { parent } = node;
  if (ts.isSourceFile(node)) return undefined;
  if (ts.isArrowFunction(parent) && parent.body === node && !ts.isBlock(node)) return 'arrow';
  if (!ts.isStatement(node) || ts.isBlock(node) || ts.isFunctionDeclaration(node)) return undefined;
  if (ts.isBlock(parent) || ts.isCaseOrDefaultClause(parent)) return 'listed';
  if (ts.isIfStatement(parent) || ts.isIterationStatement(parent, false)) return 'single';
  return undefined;
}

/** @param {string} text */
function firstLine(text) {
  return (text.split('\n', 1)[0] ?? '').trim();
}
