import { Controller, type OnModuleInit } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { JstpApplication, JstpContext, JstpInterface, JstpServer, type Handles } from 'nestjs-jstp';
import type { Chat, Said } from '../contract.js';

const MAX_NAME = 20;
const MAX_TEXT = 200;
const MAX_SAID = 100;

/** A text from a page. Why unknown: a contract is checked by the compiler, and not when something arrives. */
const short = (text: unknown, length: number): string => String(text).slice(0, length);

/** What the contract says of the room: a handler that is missing, or of another type, does not compile. */
@JstpApplication('chat@1.0.0')
@JstpInterface('room')
@Controller()
export class RoomController implements Handles<Chat, 'room'>, OnModuleInit {
  private readonly names = new Map<unknown, string>();
  private readonly said: Said[] = [];

  constructor(private readonly server: JstpServer<Chat>) {}

  onModuleInit(): void {
    this.server.on('disconnect', (connection) => {
      if (this.names.delete(connection.session)) this.tellPeople();
    });
  }

  @MessagePattern('join')
  async join(@Payload() name: string, @Ctx() context: JstpContext): Promise<string[]> {
    const session = context.getSession();
    if (!this.names.has(session)) {
      const language = await context.getClient<Chat>().call('page', 'language');
      this.names.set(session, `${short(name, MAX_NAME)} (${short(language, MAX_NAME)})`);
      this.tellPeople();
    }
    return [...this.names.values()];
  }

  @MessagePattern('say')
  say(@Payload() text: string, @Ctx() context: JstpContext): number {
    const said: Said = { who: this.nameOf(context), text: short(text, MAX_TEXT) };
    this.said.push(said);
    if (this.said.length > MAX_SAID) this.said.shift();
    this.server.broadcast('room', 'said', said);
    return this.names.size;
  }

  @MessagePattern('history')
  async *history(): AsyncGenerator<Said> {
    yield* this.said;
  }

  @EventPattern('typing')
  typing(@Ctx() context: JstpContext): void {
    this.server.except(context).emit('room', 'typing', this.nameOf(context));
  }

  private nameOf(context: JstpContext): string {
    return this.names.get(context.getSession()) ?? 'somebody';
  }

  private tellPeople(): void {
    this.server.broadcast('room', 'people', [...this.names.values()]);
  }
}
