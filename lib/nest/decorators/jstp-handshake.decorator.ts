import { MessagePattern } from '@nestjs/microservices';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { JSTP } from '../constants.js';
import { addExtras, classNameOf } from './handler-extras.js';

/**
 * Declares a handler that decides on handshakes, as an AuthPolicy does. Its payload is the credentials, its context
 * has the connection that is being opened. Guards, pipes, filters, interceptors and request scope work as for any
 * handler; clients cannot call it as a method. Guards, interceptors and filters get the data `{ strategy, credentials
 * }`, pipes what the handler gets.
 *
 * The handler lets the client in when it returns the user's name, or, after `context.setUsername`, `true` or nothing.
 * For the strategies 'anonymous' and 'session', which need no name, `true` is enough. Every other answer refuses with
 * the code 11. A throw refuses as well, whatever an exception filter answers; an `RpcException` of a `RemoteError`
 * keeps its code.
 *
 * The handler decides for the application of its controller (see `@JstpApplication`), and wins over the server's
 * `authPolicy`.
 *
 * @param strategy the strategy on which the handler decides: 'login', 'anonymous', 'session' or one of your own.
 * @default all strategies that have no handler of their own
 * @throws ConfigurationError for an empty strategy
 * @example
 * &#64;JstpHandshake('login')
 * async login(&#64;Payload() [name, password]: [string, string]) {
 *   return (await this.users.check(name, password)) && name;
 * }
 */
export function JstpHandshake(strategy?: string): MethodDecorator {
  if (strategy === '') throw new ConfigurationError('@JstpHandshake', strategy, 'a strategy, or nothing');
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    addExtras(descriptor.value as object, {
      handshake: strategy === undefined ? {} : { strategy },
      className: classNameOf(target),
      methodName: String(key),
    });
    MessagePattern(`jstp-handshake:${strategy ?? '*'}`, JSTP)(target, key, descriptor);
  };
}
