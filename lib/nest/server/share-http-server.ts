import type { HttpServer as HttpAdapter } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { isObject } from '../../protocol/option-checks.js';
import type { JstpServerOptions } from './jstp-server-options.js';

/**
 * Replaces `server: 'http'` by a function that returns the application's HTTP server when the JSTP server begins to
 * listen.
 */
export function shareHttpServer(options: JstpServerOptions, host: HttpAdapterHost): JstpServerOptions {
  const share = <Given>(given: Given): Given =>
    isObject(given) && given['server'] === 'http' ? { ...given, server: () => httpServerOf(host) } : given;
  const { listeners } = options as { listeners?: unknown };
  return share(Array.isArray(listeners) ? { ...options, listeners: listeners.map(share) } : options);
}

function httpServerOf({ httpAdapter }: HttpAdapterHost): unknown {
  // Why optional: an application of microservices alone has no adapter, whatever the type says.
  const adapter = httpAdapter as HttpAdapter | null | undefined;
  if (adapter) return adapter.getHttpServer();
  throw new Error(
    "server: 'http' needs an application with HTTP (NestFactory.create), and this one has none",
  );
}
