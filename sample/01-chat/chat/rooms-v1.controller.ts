import { Controller, UseGuards } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { JstpApplication, JstpContext, JstpInterface } from 'nestjs-jstp';
import { MemberGuard } from './member.guard.js';
import { RoomsService } from './rooms.service.js';

const ONLY_ROOM = 'kitchen';

/** The rooms as the first clients knew them: there was one. Both versions are alive, over the same rooms. */
@JstpApplication('chat@1.0.0')
@JstpInterface('rooms')
@UseGuards(MemberGuard)
@Controller()
export class RoomsV1Controller {
  constructor(private readonly rooms: RoomsService) {}

  @MessagePattern('enter')
  async enter(@Ctx() context: JstpContext): Promise<number> {
    const people = await this.rooms.join(ONLY_ROOM, context);
    return people.length;
  }

  @MessagePattern('say')
  async say(@Payload() text: string, @Ctx() context: JstpContext): Promise<boolean> {
    await this.rooms.say(ONLY_ROOM, text, context);
    return true;
  }
}
