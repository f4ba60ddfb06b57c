import { Injectable } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { JstpExpose } from 'nestjs-jstp';

/** How often each room was read by HTTP. The chat asks the gateway for it, over the connection that the gateway has made. */
@JstpExpose('readers', { client: 'chat' })
@Injectable()
export class Readers {
  private readonly counts = new Map<string, number>();

  /** Not for the chat: it may call what is exposed, and nothing else. */
  add(room: string): void {
    this.counts.set(room, this.count(room) + 1);
  }

  @JstpExpose()
  count(@Payload() room: string): number {
    return this.counts.get(room) ?? 0;
  }
}
