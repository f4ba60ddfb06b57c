import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { pathToFileURL } from 'node:url';
import {
  Controller,
  type DynamicModule,
  type INestApplication,
  type LoggerService,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { JstpModule, JstpServer, type JstpServerOptions } from '../../lib/index.js';
import type { ExplorerSettings } from '../../lib/explorer/explorer-settings.js';
import { EXPLORER_FOLDER } from '../../lib/explorer/explorer.js';
import type { Closing } from '../support/closing.js';
import { moduleOf, QUIET } from '../support/nest-app.js';
import { LOOPBACK } from '../support/ports.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { buildExplorerPage } from '../tools/explorer-page.js';

@Controller()
class MathController {
  @MessagePattern('math.add')
  add([a, b]: [number, number]): number {
    return a + b;
  }
}

/** A WebSocket listener that shares the HTTP server of the application. */
export const SHARED: JstpServerOptions = { transport: 'ws', server: 'http', path: '/jstp' };

/** The page as `npm run build` bundles it, in a folder of its own. */
export async function builtPage(closing: Closing): Promise<URL> {
  const { folder, remove } = scratchFolder('jstp-explorer-');
  closing.add(remove);
  await buildExplorerPage(folder);
  return pathToFileURL(`${folder}/`);
}

/** An application that serves the explorer. */
export interface ExplorerApp {
  /** Of the explorer's module. */
  readonly module: DynamicModule;
  readonly page: URL;
  readonly server?: JstpServerOptions;
  readonly adapter?: AbstractHttpAdapter;
  readonly providers?: ModuleMetadata['providers'];
  readonly imports?: ModuleMetadata['imports'];
  /** Before it starts. */
  readonly prepare?: (app: INestApplication) => void;
  readonly logger?: LoggerService;
}

/** Starts an application. @returns the port of its HTTP server */
export async function startExplorer(
  closing: Closing,
  { module, page, server = SHARED, adapter, providers = [], imports = [], prepare, logger }: ExplorerApp,
): Promise<{ app: INestApplication; port: number }> {
  const explorer: DynamicModule = {
    ...module,
    providers: [...(module.providers ?? []), { provide: EXPLORER_FOLDER, useValue: page }],
  };
  const root = moduleOf({
    imports: [JstpModule.forRoot(server), explorer, ...imports],
    controllers: [MathController],
    providers,
  });
  const options = logger ? { ...QUIET, logger } : QUIET;
  const app = adapter
    ? await NestFactory.create(root, adapter, options)
    : await NestFactory.create(root, options);
  closing.add(() => app.close());
  app.connectMicroservice<MicroserviceOptions>({ strategy: app.get(JstpServer) });
  prepare?.(app);
  await app.startAllMicroservices();
  await app.listen(0, LOOPBACK);
  return { app, port: (app.getHttpServer().address() as { port: number }).port };
}

/** An answer of HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Asks for a path as it is written. Why not fetch: it sends a host of its own, and unpacks. */
export function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: LOOPBACK, port, path, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** The settings in a page. */
export function settingsIn({ body }: Answer): ExplorerSettings {
  const [, content = ''] = /<meta name="explorer-settings" content="([^"]*)" \/>/.exec(body.toString()) ?? [];
  const text = content
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
  return JSON.parse(text) as ExplorerSettings;
}
