import { ConfigurationError } from '../../protocol/configuration-error.js';
import { placementDecorator } from './class-handlers.js';

/**
 * Sets the interface of a controller's handlers, or of one handler (which wins over the class). The pattern of a
 * handler is then the name of its method or event. Inherited handlers belong to the interface of the class that is
 * registered. Without it, the interface is the part of a string pattern before its last dot, or else 'default'.
 *
 * @param name the name of the interface
 * @throws ConfigurationError for an empty name
 * @example
 * &#64;JstpInterface('rooms')
 * &#64;Controller()
 * export class RoomsController {
 *   &#64;MessagePattern('join') // rooms.join
 *   join(&#64;Payload() room: string) {}
 * }
 */
export function JstpInterface(name: string): ClassDecorator & MethodDecorator {
  if (typeof name !== 'string' || name === '') {
    throw new ConfigurationError('@JstpInterface', name, 'a name that is not empty');
  }
  return placementDecorator({ interface: name });
}
