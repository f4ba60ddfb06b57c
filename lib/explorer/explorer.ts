import { readFile } from 'node:fs/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from '../protocol/configuration-error.js';
import { JstpServer } from '../nest/server/jstp-server.js';
import { strategiesOf } from '../nest/server/registration.js';
import { check, isObject } from '../protocol/option-checks.js';
import { checkExplorerOptions, DEFAULT_TITLE, isEnabled, type ExplorerOptions } from './explorer-options.js';
import type { ExplorerSettings } from './explorer-settings.js';
import { isWebSocketPlace, listenerUrl, type PageRequest } from './listener-url.js';
import { PageFiles } from './page-files.js';

/** @internal The token of the options of the explorer. */
export const EXPLORER_OPTIONS = Symbol('explorerOptions');

/** @internal The token of the folder with the files of the page: a URL. Tests of this package replace it. */
export const EXPLORER_FOLDER = Symbol('explorerFolder');

const NO_SERVER =
  'The explorer has no server to talk to, as no JstpServer was connected before the application started: ' +
  'app.connectMicroservice({ strategy: app.get(JstpServer) })';
const NO_WEB_SOCKETS =
  'given, or a WebSocket listener of the JstpServer, which the page talks to: ' +
  "{ listeners: [{ transport: 'net', port: 3000 }, { transport: 'ws', server: 'http', path: '/jstp' }] }";
const IS_OFF =
  'The explorer is off, as NODE_ENV is production. The option `enabled: true` serves it nevertheless; give it guards then';

/** Knows what the page has to be told, and has its files. */
@Injectable()
export class Explorer implements OnApplicationBootstrap {
  private readonly logger = new Logger('JstpExplorerModule');
  private files: Promise<PageFiles> | undefined;
  private version: Promise<string> | undefined;

  /** @throws ConfigurationError naming the option, what was given and what is allowed */
  constructor(
    @Inject(EXPLORER_OPTIONS) private readonly options: ExplorerOptions,
    @Inject(EXPLORER_FOLDER) private readonly folder: URL,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {
    // Why here: a factory may forget to return them.
    check('options', options, 'an object', isObject);
    checkExplorerOptions(options);
  }

  /** Whether the page is served. */
  get isEnabled(): boolean {
    return isEnabled(this.options);
  }

  /**
   * Tells why there is no page, or what it lacks. Nest calls it.
   * @throws ConfigurationError where the server has no WebSocket listener
   */
  onApplicationBootstrap(): void {
    if (!this.isEnabled) {
      if (this.options.enabled === undefined) this.logger.log(IS_OFF);
      return;
    }
    if (this.options.url !== undefined) return;
    const servers = this.servers();
    if (servers.length === 0) this.logger.warn(NO_SERVER);
    else if (!servers.some(takesWebSockets)) throw new ConfigurationError('url', undefined, NO_WEB_SOCKETS);
  }

  /** The files of the page. Rejects where they are not there. */
  get pageFiles(): Promise<PageFiles> {
    this.files ??= PageFiles.read(this.folder);
    return this.files;
  }

  /** Returns what the page is told. */
  async settings(request: PageRequest): Promise<ExplorerSettings> {
    const { title = DEFAULT_TITLE } = this.options;
    const servers = this.servers();
    const server = servers.find(takesWebSockets) ?? servers.at(0);
    const explored = server?.explored;
    return {
      url: this.options.url ?? (explored ? listenerUrl(explored, request) : null),
      version: await this.packageVersion(),
      title,
      applications: explored?.applications ?? [],
      reflection: explored?.reflection ?? false,
      administration: explored?.administration ?? false,
    };
  }

  private servers(): JstpServer[] {
    return [...strategiesOf(this.modules)].filter((strategy) => strategy instanceof JstpServer);
  }

  private packageVersion(): Promise<string> {
    this.version ??= readFile(new URL('../../package.json', import.meta.url), 'utf8').then(
      (text) => (JSON.parse(text) as { version: string }).version,
    );
    return this.version;
  }
}

function takesWebSockets({ explored }: JstpServer): boolean {
  return explored.places.some(isWebSocketPlace);
}
