import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';

/** Lets through who may see what the service does, cut its connections and end its sessions. Asked at each call. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<JstpContext>().getUsername() === 'admin';
  }
}
