import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';
import { LOGIN_COOKIE, Logins } from './logins.js';

/**
 * Lets in who has logged in by HTTP, from pages of this chat. Why the origin: every page in the world may open a WebSocket
 * to here. Why not by the option `allowedOrigins`: the chat has as many addresses as its machine.
 */
@Injectable()
export class CookieGuard implements CanActivate {
  constructor(private readonly logins: Logins) {}

  canActivate(context: ExecutionContext): boolean {
    const jstp = context.switchToRpc().getContext<JstpContext>();
    const { headers, cookies } = jstp.getUpgradeRequest() ?? {};
    if (headers?.origin !== `http://${headers?.host}`) return false;
    const name = this.logins.nameOf(cookies?.[LOGIN_COOKIE]);
    if (name === undefined) return false;
    // With `authorizeResume`: nobody gets a session back that another has logged in for.
    if (jstp.getHandshake()?.strategy === 'session') return name === jstp.getUsername();
    jstp.setUsername(name);
    return true;
  }
}
