import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { check, checkNames, isObject } from '../../protocol/option-checks.js';
import { asyncApiOf, type AsyncApiDocument, type AsyncApiOptions } from '../../reflection/asyncapi.js';
import { strategiesOf } from '../server/registration.js';
import { JstpServer } from '../server/jstp-server.js';

/** The options of {@link createAsyncApiDocument}. */
export interface AsyncApiDocumentOptions extends AsyncApiOptions {
  /** Which application, as 'name' or 'name@version'. @default the only one */
  readonly application?: string;
  /**
   * The server that serves it, for what its options say: `application`, `applications`, `authPolicy`... @default the one that is
   * connected, or that of JstpModule, or one without options
   */
  readonly server?: JstpServer;
}

/**
 * Makes the AsyncAPI document of an application that is served over JSTP. The application need not listen.
 *
 * @throws ConfigurationError for an unknown option, and where there is no such application, or more than one and none is
 * named; TypeError for an address of a server that is none; what is an error at the start of the server
 * @example
 * const app = await NestFactory.create(AppModule);
 * const document = await createAsyncApiDocument(app, { servers: { production: 'wss://chat.example/jstp' } });
 * await writeFile('asyncapi.json', JSON.stringify(document));
 */
export async function createAsyncApiDocument(
  app: Pick<INestApplicationContext, 'get'>,
  options: AsyncApiDocumentOptions = {},
): Promise<AsyncApiDocument> {
  const what = 'the options of createAsyncApiDocument';
  checkNames(what, options, ['application', 'server', 'servers', 'info']);
  const { application, server = serverOf(app), ...rest } = options;
  check(`server in ${what}`, server, 'a JstpServer', (value) => value instanceof JstpServer);
  check(`servers in ${what}`, rest.servers ?? {}, 'an object of addresses', isObject);
  const copy = server.copyWith(app.get(ModulesContainer, { strict: false }));
  return asyncApiOf(await copy.describe(application), rest);
}

function serverOf(app: Pick<INestApplicationContext, 'get'>): JstpServer {
  const connected = [...strategiesOf(app.get(ModulesContainer, { strict: false }))];
  const first = connected.find((strategy) => strategy instanceof JstpServer);
  if (first) return first;
  try {
    return app.get(JstpServer, { strict: false });
  } catch {
    // Without JstpModule, a server is made for connectMicroservice, which Nest does not show.
    return new JstpServer();
  }
}
