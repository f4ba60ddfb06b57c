import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';

/** Lets members through, at each call: those who gave a name when they connected. */
@Injectable()
export class MemberGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToRpc().getContext<JstpContext>().getUsername() !== null;
  }
}
