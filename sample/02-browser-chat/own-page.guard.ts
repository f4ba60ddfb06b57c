import { Injectable, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';
import { LoginGuard } from '../01-chat/chat/login.guard.js';

/**
 * Lets in whom LoginGuard lets in, from pages of this chat: a browser says of which site a page is. Why not by the option
 * `allowedOrigins`: the chat has as many addresses as its machine.
 */
@Injectable()
export class OwnPageGuard extends LoginGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToRpc().getContext<JstpContext>().getUpgradeRequest();
    const { origin, host } = request?.headers ?? {};
    return origin === `http://${host}` && (await super.canActivate(context));
  }
}
