import type { Type } from '@nestjs/common';
import { Observable } from 'rxjs';

/** The metadata key under which TypeScript stores the types of a method's parameters. */
const PARAMETER_TYPES = 'design:paramtypes';

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
    const types: unknown = Reflect.getMetadata(PARAMETER_TYPES, prototype, name);
    if (!Array.isArray(types) || !types.some(isStreamType)) continue;
    const shown = types.map((type: unknown) => (isStreamType(type) ? Object : type));
    Reflect.defineMetadata(PARAMETER_TYPES, shown, prototype, name);
  }
}

function isStreamType(type: unknown): boolean {
  return typeof type === 'function' && (type === Observable || type.prototype instanceof Observable);
}
