import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';

interface HandshakeData {
  strategy: string;
  credentials: unknown;
}

/** Lets in who gives a name: events are sent to users by it. Passwords are the matter of the sample 01-chat. */
@Injectable()
export class NameGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { strategy, credentials } = context.switchToRpc().getData<HandshakeData>();
    if (strategy !== 'login' || !Array.isArray(credentials)) return false;
    const [name] = credentials as unknown[];
    if (typeof name !== 'string') return false;
    context.switchToRpc().getContext<JstpContext>().setUsername(name);
    return true;
  }
}
