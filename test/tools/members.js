/** The members of the interfaces and classes of lib/, as the source has them: what the reference documents is held against it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const lib = path.resolve(import.meta.dirname, '../../lib');

/**
 * @typedef {object} Member
 * @property {string} name
 * @property {string | undefined} fallback what its `@default` says
 */

/** What was found by its name. @type {Map<string, ts.InterfaceDeclaration | ts.ClassDeclaration>} */
const declarations = new Map();
/** The texts of the files of lib/ by their paths. @type {Map<string, string> | undefined} */
let texts;

/**
 * The own members of an interface, or the public methods of a class, without those that are marked `@internal`.
 * @param {string} name of a declaration somewhere in lib/
 * @returns {Member[]}
 * @throws Error where there is none of that name
 */
export function membersOf(name) {
  const declaration = declarations.get(name) ?? findDeclaration(name);
  if (!declaration) throw new Error(`There is no interface and no class ${name} in lib/`);
  return [...declaration.members].flatMap((member) => {
    const isHidden =
      ts.isConstructorDeclaration(member) ||
      !member.name ||
      !ts.isIdentifier(member.name) ||
      ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal') ||
      (ts.getCombinedModifierFlags(/** @type {ts.Declaration} */ (member)) & ts.ModifierFlags.Private) !== 0;
    if (isHidden) return [];
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
    const fallback = tag && ts.getTextOfJSDocComment(tag.comment)?.trim();
    return [{ name: member.name.getText(), fallback }];
  });
}

/**
 * Parses the files that may declare a name, and notes all that they declare. Why not all of lib/: that takes seconds.
 * @param {string} name
 */
function findDeclaration(name) {
  texts ??= new Map(sources(lib).map((file) => [file, readFileSync(file, 'utf8')]));
  const declaring = new RegExp(`^export (abstract )?(interface|class) ${name}\\b`, 'm');
  for (const [file, text] of texts) {
    if (!declaring.test(text)) continue;
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      const isOne = ts.isInterfaceDeclaration(statement) || ts.isClassDeclaration(statement);
      if (isOne && statement.name) declarations.set(statement.name.text, statement);
    }
  }
  return declarations.get(name);
}

/**
 * The texts of lib/ that match a pattern.
 * @param {RegExp} pattern
 * @returns {Set<string>}
 */
export function textsOfLib(pattern) {
  return new Set(sources(lib).flatMap((file) => readFileSync(file, 'utf8').match(pattern) ?? []));
}

/** @type {(folder: string) => string[]} */
function sources(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => path.join(folder, file));
}
