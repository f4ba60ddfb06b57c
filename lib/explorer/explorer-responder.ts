import { Inject, Injectable, NotFoundException, StreamableFile } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { COMMON_HEADERS, pageHeaders, pageText } from './explorer-page.js';
import { Explorer } from './explorer.js';

/** What is used of a request, which is that of Express or of Fastify. */
export interface PageRequestLike {
  readonly url: string;
  /** The URL before a router has taken a part of it away. */
  readonly originalUrl?: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** The files are named by their contents. Why private: guards may have been asked. */
const FOR_A_YEAR = 'private, max-age=31536000, immutable';

/** Answers requests for the page and its files, by either platform of Nest. */
@Injectable()
export class ExplorerResponder {
  constructor(
    @Inject(Explorer) private readonly explorer: Explorer,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {}

  /**
   * Answers with the page, or sends a browser that asks without a slash at the end to the place that has it.
   * @throws NotFoundException where the explorer is off
   */
  async answerPage(request: PageRequestLike, response: unknown): Promise<void> {
    this.assertEnabled();
    const path = pathOf(request);
    if (path.endsWith('/')) await this.sendPage(request, response, path);
    else {
      const headers = { ...COMMON_HEADERS, 'cache-control': 'no-store' };
      // Relative, as a proxy may serve it at another path.
      this.send(response, 302, { ...headers, location: `./${lastOf(path)}/` });
    }
  }

  /**
   * Answers with a file of the page; or with the page, where there is no name.
   * @throws NotFoundException where the explorer is off, or has no such file
   */
  async answerFile(request: PageRequestLike, response: unknown): Promise<void> {
    this.assertEnabled();
    const path = pathOf(request);
    if (path.endsWith('/')) await this.sendPage(request, response, path);
    else await this.sendFile(request, response, lastOf(path));
  }

  private assertEnabled(): void {
    if (!this.explorer.isEnabled) throw new NotFoundException();
  }

  private async sendPage(request: PageRequestLike, response: unknown, path: string): Promise<void> {
    const settings = await this.explorer.settings({ path, host: request.headers['host'] });
    const { index } = await this.explorer.pageFiles;
    this.send(response, 200, pageHeaders(settings), Buffer.from(pageText(index, settings)));
  }

  private async sendFile(request: PageRequestLike, response: unknown, name: string): Promise<void> {
    const file = (await this.explorer.pageFiles).find(name);
    if (!file) throw new NotFoundException();
    const isGzipped = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)/i.test(request.headers['accept-encoding'] ?? '');
    const headers = {
      ...COMMON_HEADERS,
      'content-type': file.type,
      'cache-control': FOR_A_YEAR,
      vary: 'accept-encoding',
      ...(isGzipped && { 'content-encoding': 'gzip' }),
    };
    this.send(response, 200, headers, isGzipped ? file.gzipped : file.content);
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

/** Returns the path of a request as its client has named it, without the query. */
function pathOf({ originalUrl, url }: PageRequestLike): string {
  return (originalUrl ?? url).split(/[?#]/, 1)[0];
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
