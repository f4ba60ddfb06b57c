import ts from 'typescript';
import { DEFINITIONS, type JsonSchema } from '../reflection/application-description.js';

/** What is known of a type: its schema, and whether it is a stream of such values. */
export interface TypeOfValue {
  readonly schema: JsonSchema | undefined;
  readonly streams: boolean;
}

/** How deep types without a name are followed. */
const MAX_DEPTH = 16;
/** How many types a class may name. */
const MAX_DEFINITIONS = 500;

const PROMISES = new Set(['Promise', 'PromiseLike']);
const STREAMS = new Set([
  'Observable',
  'AsyncGenerator',
  'AsyncIterable',
  'AsyncIterableIterator',
  'JstpSource',
  'JstpStream',
  'Subject',
  'BehaviorSubject',
  'ReplaySubject',
  'ReadableStream',
]);
const BYTES = new Set(['Uint8Array', 'Buffer', 'ArrayBuffer']);
/** Classes that JSON has no type for, by their names. */
const CLASSES: ReadonlyMap<string, JsonSchema> = new Map([
  ['Date', { type: 'string', format: 'date-time' }],
  ['URL', { type: 'string', format: 'uri' }],
  ['Map', { 'x-jstp-type': 'Map' }],
  ['Set', { 'x-jstp-type': 'Set' }],
  ['RegExp', { 'x-jstp-type': 'RegExp' }],
  ['Error', { 'x-jstp-type': 'Error' }],
]);

/** Writes JSON Schemas of TypeScript's types. */
export class TypeSchemas {
  private readonly names = new Map<ts.Type, string>();
  private readonly written = new Map<string, JsonSchema>();

  constructor(private readonly checker: ts.TypeChecker) {}

  /** The schemas that others point to; undefined where there are none. */
  get definitions(): Readonly<Record<string, JsonSchema>> | undefined {
    return this.written.size > 0 ? Object.fromEntries(this.written) : undefined;
  }

  /** What a method answers: of a Promise or a stream, what is in it. */
  result(type: ts.Type): TypeOfValue {
    const inner = this.argumentsOf(type).at(0);
    if (inner && PROMISES.has(symbolName(type))) return this.result(inner);
    return this.parameter(type);
  }

  /** What a parameter takes: of a stream, what is in it. */
  parameter(type: ts.Type): TypeOfValue {
    const inner = this.argumentsOf(type).at(0);
    const streams = STREAMS.has(symbolName(type));
    const schema = streams ? inner && this.of(inner, 0) : this.of(type, 0);
    return { schema: schema === true ? undefined : schema, streams };
  }

  private of(type: ts.Type, depth: number): JsonSchema {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return true;
    if (flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined | ts.TypeFlags.Never)) return false;
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (flags & ts.TypeFlags.BooleanLiteral) return { const: this.checker.typeToString(type) === 'true' };
    if (flags & ts.TypeFlags.StringLike) return { type: 'string' };
    if (flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' };
    if (flags & ts.TypeFlags.NumberLike && !type.isUnion()) return { type: 'number' };
    if (flags & ts.TypeFlags.BigIntLike) return { 'x-jstp-type': 'bigint' };
    if (type.isUnion()) return this.ofUnion(type, depth);
    if (type.isTypeParameter()) {
      const constraint = this.checker.getBaseConstraintOfType(type);
      return constraint && constraint !== type ? this.of(constraint, depth + 1) : true;
    }
    if (flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return this.ofObject(type, depth);
    return true;
  }

  private ofUnion({ types }: ts.UnionType, depth: number): JsonSchema {
    const there = types.filter(({ flags }) => !(flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)));
    const schemas = there.map((one) => this.of(one, depth + 1));
    if (schemas.includes(true)) return true;
    const constants = schemas.flatMap((schema) =>
      typeof schema === 'object' && 'const' in schema ? [schema['const']] : [],
    );
    const isBoolean = constants.includes(true) && constants.includes(false);
    const values = isBoolean ? constants.filter((value) => typeof value !== 'boolean') : constants;
    const others = schemas.filter((schema) => typeof schema !== 'object' || !('const' in schema));
    const all: JsonSchema[] = [
      ...(isBoolean ? [{ type: 'boolean' }] : []),
      ...(values.length > 0 ? [{ enum: values }] : []),
      ...others,
    ];
    return all.length === 1 ? all[0] : { anyOf: all };
  }

  private ofObject(type: ts.Type, depth: number): JsonSchema {
    const { checker } = this;
    if (checker.isTupleType(type)) return this.ofTuple(type, depth);
    const element = this.argumentsOf(type).at(0);
    if (checker.isArrayType(type)) {
      const items = element ? this.of(element, depth + 1) : true;
      return items === true ? { type: 'array' } : { type: 'array', items };
    }
    const name = symbolName(type);
    if (BYTES.has(name)) return { type: 'string', contentEncoding: 'base64', 'x-jstp-type': 'bytes' };
    const known = CLASSES.get(name);
    if (known !== undefined && isOfPlatform(type.symbol)) return known;
    if (type.getCallSignatures().length > 0 || STREAMS.has(name) || PROMISES.has(name)) return true;
    const named = this.nameOf(type);
    if (named === undefined) return depth > MAX_DEPTH ? true : this.ofMembers(type, depth);
    return this.pointer(type, named);
  }

  private pointer(type: ts.Type, wanted: string): JsonSchema {
    const known = this.names.get(type);
    if (known !== undefined) return { $ref: DEFINITIONS + known };
    if (this.names.size >= MAX_DEFINITIONS) return { type: 'object' };
    let name = wanted;
    for (let n = 2; this.written.has(name); n++) name = `${wanted}${n}`;
    this.names.set(type, name);
    this.written.set(name, true);
    this.written.set(name, this.ofMembers(type, 0));
    return { $ref: DEFINITIONS + name };
  }

  /** The name of a type that has one: of a class, an interface or an alias, with those of its arguments. */
  private nameOf(type: ts.Type): string | undefined {
    // `Record<...>`, `Partial<...>` and their like say how a type was made, not what it is.
    if (type.aliasSymbol && isOfPlatform(type.aliasSymbol)) return undefined;
    const isNamed =
      type.isClassOrInterface() || type.aliasSymbol !== undefined || this.argumentsOf(type).length > 0;
    const text = isNamed ? this.checker.typeToString(type) : '';
    const name = text
      .replaceAll(/\W+/g, '_')
      .replaceAll(/^_+|_+$/g, '')
      .slice(0, 80);
    return /^[a-z]/i.test(name) ? name : undefined;
  }

  private ofMembers(type: ts.Type, depth: number): JsonSchema {
    const { checker } = this;
    const properties: [string, JsonSchema][] = [];
    const required: string[] = [];
    for (const property of checker.getPropertiesOfType(type)) {
      const declared = checker.getTypeOfSymbol(property);
      const flags = ts.getCombinedModifierFlags(property.valueDeclaration ?? ({} as ts.Declaration));
      const isHidden = (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
      if (isHidden || property.name.startsWith('__@') || declared.getCallSignatures().length > 0) continue;
      const schema = this.of(declared, depth + 1);
      properties.push([property.name, this.described(schema, property)]);
      if (!(property.flags & ts.SymbolFlags.Optional) && schema !== true) required.push(property.name);
    }
    const index = checker.getIndexInfosOfType(type).at(0);
    return {
      type: 'object',
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
      ...(required.length > 0 && { required }),
      ...(index && { additionalProperties: this.of(index.type, depth + 1) }),
    };
  }

  private described(schema: JsonSchema, property: ts.Symbol): JsonSchema {
    const description = ts.displayPartsToString(property.getDocumentationComment(this.checker)).trim();
    if (description === '' || schema === false) return schema;
    return schema === true ? { description } : { ...schema, description };
  }

  private ofTuple(type: ts.Type, depth: number): JsonSchema {
    const { target } = type as ts.TypeReference;
    const { elementFlags } = target as ts.TupleType;
    const elements = this.argumentsOf(type).map((element) => this.of(element, depth + 1));
    const rest = elementFlags.findIndex((flag) => (flag & ts.ElementFlags.Variable) !== 0);
    const minItems = elementFlags.filter((flag) => (flag & ts.ElementFlags.Required) !== 0).length;
    if (rest === -1) return { type: 'array', prefixItems: elements, items: false, minItems };
    // What is behind a rest in the middle is not told apart.
    return {
      type: 'array',
      prefixItems: elements.slice(0, rest),
      items: elements.length === rest + 1 ? elements[rest] : true,
      minItems,
    };
  }

  private argumentsOf(type: ts.Type): readonly ts.Type[] {
    const isReference = ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
    return isReference && type.flags & ts.TypeFlags.Object
      ? this.checker.getTypeArguments(type as ts.TypeReference)
      : [];
  }
}

/** The name of the class or interface of a type; '' where it has none. */
function symbolName(type: ts.Type): string {
  // Why not as it is declared: types of the language itself have no symbol.
  return (type as Partial<ts.Type>).symbol?.name ?? '';
}

/** Whether a name is one of JavaScript's or TypeScript's own, or of a package, and none of the application. */
function isOfPlatform(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).every((declaration) => declaration.getSourceFile().isDeclarationFile);
}
