import { ConfigurationError } from '../../protocol/configuration-error.js';
import { check, checkNames, isBoolean, isString, isText, optional } from '../../protocol/option-checks.js';
import { declareMember, declareParameter } from '../reflection/declarations.js';

/** The options of `@JstpDescription`. */
export interface JstpDescriptionOptions {
  /** What it does: plain text or Markdown. @default nothing is said */
  readonly description?: string;
  /** Of handlers: whether it should not be used any more; or what to use in its place. @default false */
  readonly deprecated?: boolean | string;
  /** Of handlers: the version of the application that had it first, as '1.2.0'. @default nothing is said */
  readonly since?: string;
  /** Of methods: whether a call that is made twice does no more than a call that is made once. @default false */
  readonly idempotent?: boolean;
}

/**
 * Describes an interface (on the class of a controller), a method, an event or a handshake (on its handler), or an
 * argument (on a parameter, by a text alone), for those whom the server's option `reflection` lets see descriptions, and for AsyncAPI.
 *
 * @throws ConfigurationError for an unknown option, and for options on a parameter
 * @example
 * &#64;MessagePattern('join')
 * &#64;JstpDescription({ description: 'Enters a room.', idempotent: true })
 * join(&#64;Arg(0) &#64;JstpDescription('the name of the room') room: string) {}
 */
export function JstpDescription(
  given: string | JstpDescriptionOptions,
): ClassDecorator & MethodDecorator & ParameterDecorator {
  const options = typeof given === 'string' ? { description: given } : given;
  checkOptions(options);
  return (target: object, key?: string | symbol, third?: PropertyDescriptor | number): void => {
    if (typeof third === 'number') {
      check('@JstpDescription', given, 'given a text on a parameter', isString);
      if (key === undefined)
        throw new ConfigurationError('@JstpDescription', 'a constructor', 'used on parameters of a handler');
      const method = (target as Record<string | symbol, object>)[key];
      declareParameter(method, third, options.description ?? '');
    } else declareMember(key === undefined ? target : (third?.value as object), options);
  };
}

function checkOptions(options: JstpDescriptionOptions): void {
  checkNames('the options of @JstpDescription', options, [
    'description',
    'deprecated',
    'since',
    'idempotent',
  ]);
  const { description, deprecated, since, idempotent } = options;
  check('the option description of @JstpDescription', description, 'a text', optional(isString));
  check('the option since of @JstpDescription', since, 'a text', optional(isText));
  check('the option idempotent of @JstpDescription', idempotent, 'true or false', optional(isBoolean));
  const isDeprecation = (value: unknown): boolean => isBoolean(value) || isText(value);
  check(
    'the option deprecated of @JstpDescription',
    deprecated,
    'true, false or a text',
    optional(isDeprecation),
  );
}
