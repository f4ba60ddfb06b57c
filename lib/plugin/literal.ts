import ts from 'typescript';

/** Makes the syntax of plain data. */
export function literalOf(value: unknown, factory: ts.NodeFactory): ts.Expression {
  if (Array.isArray(value))
    return factory.createArrayLiteralExpression(value.map((one) => literalOf(one, factory)));
  if (typeof value === 'object' && value !== null) return objectLiteralOf(value, factory);
  if (typeof value === 'string') return factory.createStringLiteral(value);
  if (typeof value === 'number') return numberOf(value, factory);
  if (value === null) return factory.createNull();
  return value === true ? factory.createTrue() : factory.createFalse();
}

/** Makes the syntax of an object. */
export function objectLiteralOf(value: object, factory: ts.NodeFactory): ts.ObjectLiteralExpression {
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined
      ? []
      : // Computed, as `__proto__: x` would set the prototype.
        factory.createPropertyAssignment(
          factory.createComputedPropertyName(factory.createStringLiteral(key)),
          literalOf(member, factory),
        ),
  );
  return factory.createObjectLiteralExpression(members, true);
}

function numberOf(value: number, factory: ts.NodeFactory): ts.Expression {
  const positive = factory.createNumericLiteral(Math.abs(value));
  return value < 0 ? factory.createPrefixUnaryExpression(ts.SyntaxKind.MinusToken, positive) : positive;
}
