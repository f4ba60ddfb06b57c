import { Controller, UseGuards } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern } from '@nestjs/microservices';
import {
  Arg,
  JstpApplication,
  JstpContext,
  JstpDescription,
  JstpEmits,
  JstpInterface,
  JstpResult,
} from 'nestjs-jstp';
import { from, type Observable } from 'rxjs';
import { z } from 'zod';
import { MemberGuard } from './member.guard.js';
import { RoomsService, type Said } from './rooms.service.js';

const Room = z.string().trim().min(1, 'Name a room').max(100);
const Text = z.string().trim().min(1, 'Say something').max(1000);

/** `Said`, for those who look at the service from outside. */
const Message = z.object({
  id: z.string(),
  room: z.string(),
  who: z.string(),
  text: z.string(),
  at: z.number().describe('milliseconds since 1970'),
});

/** The rooms as clients of today see them. */
@JstpApplication('chat@2.0.0')
@JstpInterface('rooms')
@JstpDescription('Rooms in which people talk. Their names are free: `kitchen` is one.')
@JstpEmits('said', {
  description: 'Somebody has said something in a room of yours.',
  arguments: [{ name: 'message', type: Message }],
})
@JstpEmits('people', {
  description: 'Who is in a room of yours, after somebody has come or gone.',
  arguments: [
    { name: 'room', type: String },
    { name: 'people', type: [String] },
  ],
})
@JstpEmits('opened', {
  description: 'There is a new room.',
  arguments: [{ name: 'room', type: String }],
})
@UseGuards(MemberGuard)
@Controller()
export class RoomsController {
  constructor(private readonly rooms: RoomsService) {}

  @MessagePattern('join')
  @JstpDescription('Lets you in, opens the room if there is none, and tells who is there.')
  @JstpResult([String])
  join(
    @Arg(0, { name: 'room', schema: Room }) room: string,
    @Ctx() context: JstpContext,
  ): Promise<readonly string[]> {
    return this.rooms.join(room, context);
  }

  @MessagePattern('say')
  @JstpDescription('Says something to all who are in a room.')
  @JstpResult(Message)
  say(
    @Arg(0, { name: 'room', schema: Room }) room: string,
    @Arg(1, { name: 'text', schema: Text }) text: string,
    @Arg(2, { name: 'id', optional: true, schema: z.string().optional() })
    @JstpDescription('The same message is said once, however often it is sent.')
    id: string | undefined,
    @Ctx() context: JstpContext,
  ): Promise<Said> {
    return this.rooms.say(room, text, context, id);
  }

  /** A stream: the values arrive one by one. */
  @MessagePattern('history')
  @JstpDescription({ description: 'What was said in a room.', idempotent: true })
  @JstpResult(Message, { streams: true })
  history(@Arg(0, { name: 'room', schema: Room }) room: string): Observable<Said> {
    return from(this.rooms.history(room));
  }

  /** What clients tell of their users: 'typing', and whatever else those of tomorrow think of. */
  @EventPattern<string>('*')
  @JstpDescription('What you are doing: `typing`, or anything else.')
  noticed(@Arg(0, { name: 'who' }) who: string, @Ctx() context: JstpContext): void {
    console.log(`   chat      notices that ${who} is ${context.getMethod()}`);
  }
}
