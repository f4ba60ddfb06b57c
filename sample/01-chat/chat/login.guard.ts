import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';
import { isAccount } from './accounts.js';

interface HandshakeData {
  strategy: string;
  credentials: unknown;
}

/**
 * Decides at connect time, once for each client: a login needs its password, guests (anonymous) are let
 * in and find out later what members may do.
 */
@Injectable()
export class LoginGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { strategy, credentials } = context.switchToRpc().getData<HandshakeData>();
    if (strategy === 'anonymous') return true;
    if (strategy !== 'login' || !Array.isArray(credentials)) return false;
    const [login, password] = credentials as unknown[];
    if (typeof login !== 'string' || typeof password !== 'string') return false;
    if (!(await isAccount(login, password))) return false;
    context.switchToRpc().getContext<JstpContext>().setUsername(login);
    return true;
  }
}
