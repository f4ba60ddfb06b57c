import { MessagePattern } from '@nestjs/microservices';
import { ConfigurationError } from '../../protocol/configuration-error.js';
import { JSTP } from '../constants.js';
import { addExtras, classNameOf } from './handler-extras.js';

/**
 * A handler that decides on handshakes: the AuthPolicy by decoration. Its payload are the credentials, its
 * context the connection that is being opened; guards, pipes, filters, interceptors and request scope work
 * as for any handler, and it is no method that a client could call. The data of guards, interceptors and filters
 * are `{ strategy, credentials }`, pipes get what the handler gets.
 *
 * It says yes by the user's name, or by `true` or nothing after `context.setUsername`. The strategies 'anonymous'
 * and 'session' need no name: `true` is enough. Every other answer refuses with code 11. What is thrown refuses as
 * well, whatever an exception filter answers; an `RpcException` of a `RemoteError` keeps its code.
 *
 * It decides for the application of its controller; without `@JstpApplication` that is the server's
 * `application`. It wins over the server's `authPolicy`.
 *
 * @param strategy the strategy it decides on ('login', 'anonymous', 'session' or one of yours). Without it:
 * every strategy that has no handler of its own
 * @throws ConfigurationError for an empty strategy
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
