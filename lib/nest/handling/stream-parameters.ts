import type { Type } from '@nestjs/common';
import { Observable } from 'rxjs';
import { showTypes, typesOf } from '../reflection/declarations.js';

interface MethodOfClass {
  readonly controller: Type;
  readonly name: string;
}

/**
 * Hides the type of parameters that are streams from pipes: they see `Object`, as for an `AsyncIterable`. Why: ValidationPipe
 * makes an instance of the type that is declared, and an Observable that is copied has no values.
 */
export function hideStreamTypes(methods: Iterable<MethodOfClass>): void {
  for (const { controller, name } of methods) {
    const prototype = controller.prototype as object;
    const types = typesOf(prototype, name);
    if (!types?.some(isStreamType)) continue;
    const shown = types.map((type) => (isStreamType(type) ? Object : type));
    showTypes(prototype, name, shown);
  }
}

/** Whether a type of a parameter or a result is a stream. */
export function isStreamType(type: unknown): boolean {
  return typeof type === 'function' && (type === Observable || type.prototype instanceof Observable);
}
