import type { ModulesContainer } from '@nestjs/core';
import { JSTP, PATTERN_EXTRAS_METADATA } from '../constants.js';
import { methodsOf } from './registration.js';

/** A handler as Nest's decorators declare it. */
export interface DeclaredHandler {
  readonly pattern: unknown;
  readonly isEvent: boolean;
  readonly extras: Record<string, unknown>;
}

/**
 * The keys under which Nest keeps what `@MessagePattern` and `@EventPattern` declare of a method. Nest does not export them; a
 * test compares them with the installed Nest.
 */
const PATTERNS = 'microservices:pattern';
const KIND = 'microservices:handler_type';
const TRANSPORT = 'microservices:transport';
/** The kind of the handler of an event. */
const EVENT = 2;

/** Finds the handlers of an application that are served over JSTP, in the order in which Nest registers them. */
export function* handlersOf(modules: ModulesContainer): Generator<DeclaredHandler> {
  for (const { method } of methodsOf(modules)) {
    const kind: unknown = Reflect.getMetadata(KIND, method);
    const transport: unknown = Reflect.getMetadata(TRANSPORT, method);
    if (kind === undefined || (transport !== undefined && transport !== JSTP)) continue;
    const extras = Reflect.getMetadata(PATTERN_EXTRAS_METADATA, method) as Record<string, unknown>;
    const patterns: unknown = Reflect.getMetadata(PATTERNS, method);
    for (const pattern of Array.isArray(patterns) ? (patterns as unknown[]) : [patterns])
      yield { pattern, isEvent: kind === EVENT, extras };
  }
}
