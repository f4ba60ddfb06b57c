import { Inject } from '@nestjs/common';
import { getJstpClientToken, getJstpInterfaceToken } from '../client-module/client-tokens.js';

/**
 * Injects a client of JstpClientModule, a {@link JstpClient}.
 * @param name the client's name. @default that of the client without a name
 * @throws ConfigurationError for an empty name
 * @example constructor(@InjectJstp('chat') private readonly chat: JstpClient) {}
 */
export function InjectJstp(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getJstpClientToken(name));
}

/**
 * Injects a remote interface of `JstpClientModule.forFeature`, a {@link RemoteApi}.
 * @param interfaceName the name of the interface
 * @param client the client's name. @default that of the client without a name
 * @throws ConfigurationError for an empty name
 * @example constructor(@InjectJstpInterface('rooms', 'chat') private readonly rooms: RemoteApi<Rooms>) {}
 */
export function InjectJstpInterface(
  interfaceName: string,
  client?: string,
): ParameterDecorator & PropertyDecorator {
  return Inject(getJstpInterfaceToken(interfaceName, client));
}
