import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  Arg,
  JstpApplication,
  JstpContext,
  JstpDescription,
  JstpEmits,
  JstpHandshake,
  JstpInterface,
  JstpResult,
} from '../../lib/index.js';
import { LOOPBACK } from '../support/ports.js';
import { startService } from '../nest/server/fixture.js';

@JstpApplication('chat@1.2.0')
@JstpInterface('rooms')
@JstpEmits('opened', { description: 'Somebody has joined.', arguments: [{ name: 'room', type: String }] })
@Controller()
class RoomsController {
  @MessagePattern('join')
  @JstpDescription('Joins a room.')
  @JstpResult(String)
  join(@Arg(0, { name: 'room' }) room: string, @Ctx() context: JstpContext): string {
    context.getConnection().emitRemoteEvent('rooms', 'opened', [room]);
    return `in ${room}`;
  }

  @MessagePattern('history')
  @JstpDescription('What was said.')
  async *history(@Arg(0, { name: 'room' }) _room: string): AsyncGenerator<object> {
    yield { who: 'ann', text: 'hello' };
    yield { who: 'bob', text: 'hi' };
  }

  @MessagePattern('add')
  @JstpResult(Number)
  add(@Arg(0, { name: 'a' }) a: number, @Arg(1, { name: 'b' }) b: number): number {
    return a + b;
  }

  @EventPattern('typing')
  typing(@Payload() _who: string): void {
    // Nobody is told.
  }

  @JstpHandshake('anonymous')
  enter(): boolean {
    return true;
  }

  @JstpHandshake('login')
  login(@Payload() [name, password]: string[]): string {
    if (password !== 'secret') throw new Error('No');
    return name;
  }
}

/** Starts the server that the guide of the command line talks to. @returns its address, without the application */
export async function serveGuide(): Promise<string> {
  const { port } = await startService({
    controllers: [RoomsController],
    options: { reflection: true },
  });
  return `jstp://${LOOPBACK}:${port}`;
}
