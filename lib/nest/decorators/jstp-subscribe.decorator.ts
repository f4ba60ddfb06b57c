import { ConfigurationError } from '../../protocol/configuration-error.js';
import { check, isText } from '../../protocol/option-checks.js';
import { declareSubscription } from '../client-module/exposed-declarations.js';
import { Wildcard } from '../wildcard.js';
import { checkedChoice, type JstpClientChoice } from './jstp-expose.decorator.js';

/**
 * Subscribes a method of a provider to an event of the server of a client of JstpClientModule, from the start of the
 * application to its shutdown, over lost connections and lost sessions. It may stand several times on a method. Guards,
 * pipes, interceptors, filters, `@Payload`, `@Arg` and `@Ctx` work as in handlers. What the method throws is an 'error'
 * of the client, or logged where nobody listens for that.
 *
 * @param interfaceName the name of the interface
 * @param event the name of the event, or a pattern with wildcards as `@EventPattern` takes them, for names in that interface
 * @param options which client
 * @throws ConfigurationError for an empty name, and for a wildcard in the wrong place
 * @example
 * &#64;JstpSubscribe('news', 'published')
 * onNews(&#64;Payload() text: string) {}
 */
export function JstpSubscribe(
  interfaceName: string,
  event: string,
  options?: JstpClientChoice,
): MethodDecorator {
  check('@JstpSubscribe', interfaceName, 'given the name of an interface', isText);
  check('@JstpSubscribe', event, 'given the name of an event', isText);
  Wildcard.of(event, interfaceName, '@JstpSubscribe');
  const client = checkedChoice('@JstpSubscribe', options);
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    const method: unknown = descriptor.value;
    if (typeof key !== 'string' || typeof method !== 'function' || typeof target === 'function')
      throw new ConfigurationError('@JstpSubscribe', String(key), 'used on methods of a class');
    declareSubscription(target, key, method, { interfaceName, event, client });
  };
}
