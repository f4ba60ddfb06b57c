import {
  Controller,
  Get,
  NotFoundException,
  Req,
  Res,
  StreamableFile,
  UseGuards,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Explorer } from './explorer.js';
import { DEFAULT_PATH, type ExplorerPlacement } from './explorer-options.js';
import { COMMON_HEADERS, pageHeaders, pageText } from './explorer-page.js';

/** What is used of a request, which is that of Express or of Fastify. */
interface Request {
  readonly url: string;
  /** The URL before a router has taken a part of it away. */
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The files are named by their contents. Why private: guards may have been asked. */
const FOR_A_YEAR = 'private, max-age=31536000, immutable';

/** Makes the controller that serves the page: its path and its guards have to be known when the class is made. */
export function explorerController({ path = DEFAULT_PATH, guards = [] }: ExplorerPlacement): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class JstpExplorerController {
    constructor(
      private readonly explorer: Explorer,
      private readonly host: HttpAdapterHost,
    ) {}

    /** The page. */
    @Get()
    async index(@Req() request: Request, @Res() response: unknown): Promise<void> {
      this.assertEnabled();
      const path = pathOf(request);
      if (path.endsWith('/')) await this.sendPage(request, response, path);
      else {
        // Relative, as a proxy may serve it at another path.
        const last = path.slice(path.lastIndexOf('/') + 1);
        this.send(response, 302, { ...COMMON_HEADERS, 'cache-control': 'no-store', location: `./${last}/` });
      }
    }

    /** A file of the page; or the page itself, as routers that take a slash for a part of the path come here. */
    @Get('*path')
    async file(@Req() request: Request, @Res() response: unknown): Promise<void> {
      this.assertEnabled();
      const path = pathOf(request);
      if (path.endsWith('/')) await this.sendPage(request, response, path);
      else await this.sendFile(request, response, path.slice(path.lastIndexOf('/') + 1));
    }

    private assertEnabled(): void {
      if (!this.explorer.isEnabled) throw new NotFoundException();
    }

    private async sendPage(request: Request, response: unknown, path: string): Promise<void> {
      const settings = await this.explorer.settings({ path, host: request.headers['host'] });
      const { index } = await this.explorer.pageFiles;
      this.send(response, 200, pageHeaders(settings), Buffer.from(pageText(index, settings)));
    }

    private async sendFile(request: Request, response: unknown, name: string): Promise<void> {
      const file = (await this.explorer.pageFiles).find(name);
      if (!file) throw new NotFoundException();
      const isGzipped = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/i.test(request.headers['accept-encoding'] ?? '');
      this.send(
        response,
        200,
        {
          ...COMMON_HEADERS,
          'content-type': file.type,
          'cache-control': FOR_A_YEAR,
          vary: 'accept-encoding',
          ...(isGzipped && { 'content-encoding': 'gzip' }),
        },
        isGzipped ? file.gzipped : file.content,
      );
    }

    private send(
      response: unknown,
      status: number,
      headers: Readonly<Record<string, string>>,
      content: Buffer = Buffer.alloc(0),
    ): void {
      const { httpAdapter } = this.host;
      for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
      const type = headers['content-type'];
      httpAdapter.reply(response, new StreamableFile(content, { type, length: content.length }), status);
    }
  }
  return JstpExplorerController;
}

/** Returns the path of a request as its client has named it, without the query. */
function pathOf({ originalUrl, url }: Request): string {
  return (originalUrl ?? url).split(/[?#]/, 1)[0];
}
