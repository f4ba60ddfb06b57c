import type { InjectionToken } from '@nestjs/common';
import { check, isText } from '../../protocol/option-checks.js';
import { JstpClient } from '../client/jstp-client.js';

/** The name of a client that is given none. */
export const DEFAULT_CLIENT = 'default';

/**
 * The token of a client of JstpClientModule, for `app.get`, and for tests that override it.
 * @param name the client's name. @default that of the client without a name, whose token is the class JstpClient
 * @throws ConfigurationError for an empty name
 */
export function getJstpClientToken(name: string = DEFAULT_CLIENT): InjectionToken {
  return checkedName(name) === DEFAULT_CLIENT ? JstpClient : `JstpClient:${name}`;
}

/**
 * The token of the options of a client of JstpClientModule, for tests:
 * `overrideProvider(getJstpClientOptionsToken('chat')).useValue({ port: 4000 })`.
 * @param name the client's name. @default that of the client without a name
 * @throws ConfigurationError for an empty name
 */
export function getJstpClientOptionsToken(name: string = DEFAULT_CLIENT): string {
  return `JstpClientOptions:${checkedName(name)}`;
}

/**
 * The token of a remote interface of `JstpClientModule.forFeature`, for tests:
 * `overrideProvider(getJstpInterfaceToken('rooms', 'chat')).useValue({ join: async () => 'in' })`.
 * @param interfaceName the name of the interface
 * @param client the client's name. @default that of the client without a name
 * @throws ConfigurationError for an empty name
 */
export function getJstpInterfaceToken(interfaceName: string, client: string = DEFAULT_CLIENT): string {
  check('interface', interfaceName, 'a non-empty string', isText);
  return `JstpInterface:${checkedName(client)}:${interfaceName}`;
}

function checkedName(name: string): string {
  check('name', name, "a client's name that is not empty", isText);
  return name;
}
