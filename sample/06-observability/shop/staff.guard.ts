import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';

/** Lets through who may administer the shop. Asked at each call of jstp.administration. */
@Injectable()
export class StaffGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<JstpContext>().getUsername() === 'staff';
  }
}
