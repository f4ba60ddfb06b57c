import { parseApplicationName } from './application-name.js';
import { placementDecorator } from './class-handlers.js';

/**
 * Sets the application of a controller's handlers (inherited ones included), or of one handler. Without it, handlers
 * belong to the server's `application`.
 *
 * @param application 'name@version', or 'name' for the version 1.0.0
 * @throws ConfigurationError for an empty name, and for a version that is not semver
 * @example
 * &#64;JstpApplication('chat@1.2.0')
 * &#64;Controller()
 * export class RoomsController {}
 */
export function JstpApplication(application: string): ClassDecorator & MethodDecorator {
  return placementDecorator({ application: parseApplicationName(application, '@JstpApplication').full });
}
