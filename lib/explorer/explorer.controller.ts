import { Controller, Get, Inject, Req, Res, UseGuards, VERSION_NEUTRAL, type Type } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { DEFAULT_PATH, type ExplorerPlacement } from './explorer-options.js';
import { ExplorerResponder, type PageRequestLike } from './explorer-responder.js';

/** The controller that serves the page. */
interface ExplorerController {
  file(request: PageRequestLike, response: unknown): Promise<void>;
}

/**
 * Lets a controller's files be found on Fastify, before Nest registers its routes. Why: to Fastify a slash at the end is a
 * part of the path, which a wildcard alone takes both with and without the user's option `ignoreTrailingSlash`; and the
 * wildcard of Express is written differently.
 */
export function adaptRoutes({ prototype }: Type<ExplorerController>, { httpAdapter }: HttpAdapterHost): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'file');
  if (httpAdapter.getType() === 'fastify' && descriptor) Get('*')(prototype as object, 'file', descriptor);
}

/** Makes the controller that serves the page: its path and its guards have to be known when the class is made. */
export function explorerController({
  path = DEFAULT_PATH,
  guards = [],
}: ExplorerPlacement): Type<ExplorerController> {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class JstpExplorerController implements ExplorerController {
    constructor(@Inject(ExplorerResponder) private readonly responder: ExplorerResponder) {}

    /** The page. */
    @Get()
    index(@Req() request: PageRequestLike, @Res() response: unknown): Promise<void> {
      return this.responder.answerPage(request, response);
    }

    /** A file of the page; or the page itself: to Fastify the slash at the end is a file without a name. */
    @Get(':file')
    file(@Req() request: PageRequestLike, @Res() response: unknown): Promise<void> {
      return this.responder.answerFile(request, response);
    }
  }
  return JstpExplorerController;
}
