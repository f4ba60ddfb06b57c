import { Controller, UseGuards } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Arg, JstpApplication, JstpContext, JstpInterface } from 'nestjs-jstp';
import { from, type Observable } from 'rxjs';
import { z } from 'zod';
import { MemberGuard } from './member.guard.js';
import { RoomsService, type Said } from './rooms.service.js';

const Text = z.string().trim().min(1, 'Say something').max(1000);

/** The rooms as clients of today see them. */
@JstpApplication('chat@2.0.0')
@JstpInterface('rooms')
@UseGuards(MemberGuard)
@Controller()
export class RoomsController {
  constructor(private readonly rooms: RoomsService) {}

  @MessagePattern('join')
  join(@Payload() room: string, @Ctx() context: JstpContext): Promise<readonly string[]> {
    return this.rooms.join(room, context);
  }

  @MessagePattern('say')
  say(
    @Arg(0) room: string,
    @Arg(1, { schema: Text }) text: string,
    @Arg(2, { optional: true }) id: string | undefined,
    @Ctx() context: JstpContext,
  ): Promise<Said> {
    return this.rooms.say(room, text, context, id);
  }

  /** A stream: the values arrive one by one. */
  @MessagePattern('history')
  history(@Payload() room: string): Observable<Said> {
    return from(this.rooms.history(room));
  }

  /** What clients tell of their users: 'typing', and whatever else those of tomorrow think of. */
  @EventPattern<string>('*')
  noticed(@Payload() who: string, @Ctx() context: JstpContext): void {
    console.log(`   chat      notices that ${who} is ${context.getMethod()}`);
  }
}
