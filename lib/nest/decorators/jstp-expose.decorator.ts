import { ConfigurationError } from '../../protocol/configuration-error.js';
import { check, checkNames, isText } from '../../protocol/option-checks.js';
import { declareExposed, declareInterface } from '../client-module/exposed-declarations.js';

/** The options of `@JstpExpose` and `@JstpSubscribe`. */
export interface JstpClientChoice {
  /** The name of the client of JstpClientModule. @default that of the client without a name */
  readonly client?: string;
}

/**
 * Exposes methods of a provider to the server of a client of JstpClientModule. It stands on the class, with the name of
 * the interface, and on each method that the server may call, with the method's name where that is another one. A
 * method without it cannot be called, nor one that overrides a decorated one. Guards, pipes, interceptors, filters,
 * `@Payload`, `@Arg` and `@Ctx` work as in handlers.
 *
 * @param name on a class the name of the interface; on a method its name there. @default the method's own name
 * @param options on a class: which client
 * @throws ConfigurationError for an empty name, and for a class without one
 * @example
 * &#64;JstpExpose('screen')
 * &#64;Injectable()
 * class Screen {
 *   &#64;JstpExpose()
 *   size() {
 *     return [80, 25];
 *   }
 * }
 */
export function JstpExpose(name?: string, options?: JstpClientChoice): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (key === undefined) {
      check('@JstpExpose', name, 'given the name of an interface on a class', isText);
      declareInterface(target, { interfaceName: name ?? '', client: checkedChoice('@JstpExpose', options) });
      return;
    }
    const method: unknown = descriptor?.value;
    const isMethod = typeof key === 'string' && typeof method === 'function' && typeof target !== 'function';
    if (!isMethod)
      throw new ConfigurationError('@JstpExpose', String(key), 'used on a class, or on methods of it');
    check('@JstpExpose', name ?? key, 'given no name on a method, or one that is not empty', isText);
    check('@JstpExpose', options, 'given its options on the class', (value) => value === undefined);
    declareExposed(target, key, method, name ?? key);
  };
}

/** @internal The name of the client in the options of a decorator. */
export function checkedChoice(decorator: string, options: JstpClientChoice | undefined): string | undefined {
  if (options === undefined) return undefined;
  checkNames(`the options of ${decorator}`, options, ['client']);
  const { client } = options;
  check(
    `the option client of ${decorator}`,
    client,
    "a client's name that is not empty",
    (value) => value === undefined || isText(value),
  );
  return client;
}
