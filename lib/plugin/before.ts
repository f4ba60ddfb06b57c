import ts from 'typescript';
import { PLUGIN_METADATA } from '../reflection/plugin-metadata.js';
import { classMetadata } from './class-metadata.js';
import { literalOf } from './literal.js';

/**
 * Adds to each class with handlers a static method that returns what TypeScript knows of them. The Nest CLI calls it.
 * @param _options there are none
 */
export function before(
  _options: object | undefined,
  program: ts.Program,
): ts.TransformerFactory<ts.SourceFile> {
  const checker = program.getTypeChecker();
  return (context) => (file) => {
    const { factory } = context;
    const visit = (node: ts.Node): ts.Node => {
      const visited = ts.visitEachChild(node, visit, context);
      if (!ts.isClassDeclaration(node) || !ts.isClassDeclaration(visited)) return visited;
      const metadata = classMetadata(node, checker);
      if (!metadata) return visited;
      const body = factory.createBlock([factory.createReturnStatement(literalOf(metadata, factory))]);
      const modifiers = [factory.createModifier(ts.SyntaxKind.StaticKeyword)];
      const member = factory.createMethodDeclaration(
        modifiers,
        undefined,
        PLUGIN_METADATA,
        undefined,
        undefined,
        [],
        undefined,
        body,
      );
      const { modifiers: own, name, typeParameters, heritageClauses, members } = visited;
      return factory.updateClassDeclaration(visited, own, name, typeParameters, heritageClauses, [
        ...members,
        member,
      ]);
    };
    return ts.visitEachChild(file, visit, context);
  };
}
