import ts from 'typescript';
import type { ClassMetadata, HandlerMetadata, ParameterMetadata } from '../reflection/plugin-metadata.js';
import { TypeSchemas } from './type-schemas.js';

/** The decorators of handlers. */
const HANDLERS = new Set(['MessagePattern', 'EventPattern', 'JstpHandshake']);

type Documented = Pick<ParameterMetadata, 'description'> & Pick<HandlerMetadata, 'deprecated' | 'since'>;

/** What TypeScript knows of the handlers of a class; undefined for a class without one. */
export function classMetadata(node: ts.ClassDeclaration, checker: ts.TypeChecker): ClassMetadata | undefined {
  const handlers = node.members.filter((member) => ts.isMethodDeclaration(member)).filter(isHandler);
  if (handlers.length === 0) return undefined;
  const schemas = new TypeSchemas(checker);
  const methods = handlers.map((method) => [
    method.name.getText(),
    handlerMetadata(method, checker, schemas),
  ]);
  const { definitions } = schemas;
  const { description } = node.name ? documented(checker.getSymbolAtLocation(node.name), checker) : {};
  return {
    ...(description !== undefined && { description }),
    methods: Object.fromEntries(methods) as ClassMetadata['methods'],
    ...(definitions && { definitions }),
  };
}

function isHandler(method: ts.MethodDeclaration): boolean {
  return (ts.getDecorators(method) ?? []).some(({ expression }) => {
    const callee = ts.isCallExpression(expression) ? expression.expression : expression;
    const name = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
    return HANDLERS.has(name.getText());
  });
}

function handlerMetadata(
  method: ts.MethodDeclaration,
  checker: ts.TypeChecker,
  schemas: TypeSchemas,
): HandlerMetadata {
  const signature = checker.getSignatureFromDeclaration(method);
  const returned = signature && schemas.result(checker.getReturnTypeOfSignature(signature));
  return {
    ...documented(checker.getSymbolAtLocation(method.name), checker),
    parameters: method.parameters.map((parameter) => parameterMetadata(parameter, checker, schemas)),
    ...(returned?.schema !== undefined && { result: returned.schema }),
    ...(returned?.streams && { streams: true }),
  };
}

function parameterMetadata(
  parameter: ts.ParameterDeclaration,
  checker: ts.TypeChecker,
  schemas: TypeSchemas,
): ParameterMetadata {
  const { schema, streams } = schemas.parameter(checker.getTypeAtLocation(parameter));
  const isNamed = ts.isIdentifier(parameter.name);
  const symbol = isNamed ? checker.getSymbolAtLocation(parameter.name) : undefined;
  // TSDoc puts a hyphen between the name and the text, which TypeScript takes for the text's.
  const description = documented(symbol, checker).description?.replace(/^-\s+/, '');
  return {
    ...(isNamed && { name: parameter.name.getText().replace(/^_+(?=\w)/, '') }),
    ...(description !== undefined && { description }),
    ...(schema !== undefined && { schema }),
    ...(streams && { streams: true }),
  };
}

function documented(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): Documented {
  if (!symbol) return {};
  const description = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
  const tags = new Map(
    symbol.getJsDocTags(checker).map(({ name, text }) => [name, ts.displayPartsToString(text).trim()]),
  );
  const [deprecated, since] = [tags.get('deprecated'), tags.get('since')];
  return {
    ...(description !== '' && { description }),
    ...(deprecated !== undefined && { deprecated: deprecated === '' ? true : deprecated }),
    ...(since !== undefined && since !== '' && { since }),
  };
}
