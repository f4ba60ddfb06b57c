import { parseApplicationName } from './application-name.js';
import { placementDecorator } from './class-handlers.js';

/**
 * The application of a controller's handlers, or of one handler, inherited ones included. Without it they
 * belong to the server's `application`.
 *
 * @param application 'name@version', or 'name' for version 1.0.0
 * @throws ConfigurationError for an empty name or a version that is not semver
 * @example
 * &#64;JstpApplication('chat@1.2.0')
 * &#64;Controller()
 * export class RoomsController {}
 */
export function JstpApplication(application: string): ClassDecorator & MethodDecorator {
  return placementDecorator({ application: parseApplicationName(application, '@JstpApplication').full });
}
