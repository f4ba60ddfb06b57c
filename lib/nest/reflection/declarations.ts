import type { SchemaSource } from './schema-source.js';

/** What `@JstpDescription` declares, on a class, a method or a parameter. */
export interface DeclaredMember {
  readonly description?: string;
  readonly deprecated?: boolean | string;
  readonly since?: string;
  readonly idempotent?: boolean;
}

/** What `@JstpResult` declares. */
export interface DeclaredResult {
  readonly source: SchemaSource;
  readonly streams: boolean | undefined;
}

/** An argument of an event, as `@JstpEmits` declares it. */
export interface DeclaredArgumentType {
  readonly name?: string;
  readonly description?: string;
  readonly type?: SchemaSource;
  readonly optional?: boolean;
}

/** What `@JstpEmits` declares. */
export interface DeclaredEvent {
  readonly event: string;
  readonly interface: string | undefined;
  readonly description: string | undefined;
  readonly deprecated: boolean | string | undefined;
  readonly since: string | undefined;
  readonly arguments: readonly DeclaredArgumentType[] | undefined;
}

const MEMBER = 'jstp:description';
const PARAMETERS = 'jstp:parameter-descriptions';
const RESULT = 'jstp:result';
const EMITS = 'jstp:emits';

/** The key of a class's metadata under which the types of parameters are kept that pipes must not see. */
const HIDDEN_TYPES = 'jstp:paramtypes';
const PARAMETER_TYPES = 'design:paramtypes';

/** Adds to what is declared of a class or method. */
export function declareMember(target: object, member: DeclaredMember): void {
  Reflect.defineMetadata(
    MEMBER,
    { ...(Reflect.getOwnMetadata(MEMBER, target) as object), ...member },
    target,
  );
}

/** Returns what is declared of a class or method. */
export function declaredMember(target: object): DeclaredMember {
  return (Reflect.getOwnMetadata(MEMBER, target) ?? {}) as DeclaredMember;
}

/** Declares the description of a method's parameter. */
export function declareParameter(method: object, index: number, description: string): void {
  const known = Reflect.getOwnMetadata(PARAMETERS, method) as object | undefined;
  Reflect.defineMetadata(PARAMETERS, { ...known, [index]: description }, method);
}

/** Returns the descriptions of a method's parameters, by their positions. */
export function declaredParameters(method: object): Readonly<Record<number, string | undefined>> {
  return (Reflect.getOwnMetadata(PARAMETERS, method) ?? {}) as Record<number, string>;
}

/** Declares the result of a method. */
export function declareResult(method: object, result: DeclaredResult): void {
  Reflect.defineMetadata(RESULT, result, method);
}

/** Returns the result that is declared of a method. */
export function declaredResult(method: object): DeclaredResult | undefined {
  return Reflect.getOwnMetadata(RESULT, method) as DeclaredResult | undefined;
}

/** Declares an event that the server emits, on a class or method. */
export function declareEvent(target: object, event: DeclaredEvent): void {
  Reflect.defineMetadata(EMITS, [event, ...declaredEvents(target)], target);
}

/** Returns the events that are declared on a class or method, in the order of their decorators. */
export function declaredEvents(target: object): readonly DeclaredEvent[] {
  return (Reflect.getOwnMetadata(EMITS, target) ?? []) as DeclaredEvent[];
}

/** Shows pipes other types of a method's parameters than those that are declared. */
export function showTypes(prototype: object, name: string, shown: readonly unknown[]): void {
  Reflect.defineMetadata(HIDDEN_TYPES, typesOf(prototype, name), prototype, name);
  Reflect.defineMetadata(PARAMETER_TYPES, shown, prototype, name);
}

/** Returns the types of a method's parameters, as they are declared; undefined where they are not known. */
export function typesOf(prototype: object, name: string): readonly unknown[] | undefined {
  const hidden: unknown = Reflect.getMetadata(HIDDEN_TYPES, prototype, name);
  return (hidden ?? Reflect.getMetadata(PARAMETER_TYPES, prototype, name)) as readonly unknown[] | undefined;
}

/** Returns the type of what a method returns, as it is declared; undefined where it is not known, or is no class. */
export function returnTypeOf(prototype: object, name: string): unknown {
  return Reflect.getMetadata('design:returntype', prototype, name);
}
