import { check, checkNames, isBoolean, optional } from '../../protocol/option-checks.js';
import { declareResult } from '../reflection/declarations.js';
import { isSchemaSource, SOURCE_ALLOWED, type SchemaSource } from '../reflection/schema-source.js';

/** The options of `@JstpResult`. */
export interface JstpResultOptions {
  /**
   * Whether the method answers with many values, of which each is of the type. @default as the method shows: true for an
   * `async *method()`, and for one that is declared to return an Observable
   */
  readonly streams?: boolean;
}

/**
 * Declares what a method answers, for descriptions: what is in the Promise, the Observable or the generator, which
 * TypeScript's own metadata do not have. It checks nothing when the method answers.
 *
 * @param type a class, a schema, `[type]` for an array, or null for no value
 * @throws ConfigurationError for anything else
 * @example
 * &#64;MessagePattern('members')
 * &#64;JstpResult([Member])
 * async members(&#64;Payload() room: string): Promise<Member[]> {}
 */
export function JstpResult(type: SchemaSource, options: JstpResultOptions = {}): MethodDecorator {
  check('@JstpResult', type, `given ${SOURCE_ALLOWED}`, isSchemaSource);
  checkNames('the options of @JstpResult', options, ['streams']);
  const { streams } = options;
  check('the option streams of @JstpResult', streams, 'true or false', optional(isBoolean));
  return (_target: object, _key: string | symbol, descriptor: PropertyDescriptor): void => {
    declareResult(descriptor.value as object, { source: type, streams });
  };
}
