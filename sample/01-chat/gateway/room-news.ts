import { Injectable } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { JstpSubscribe } from 'nestjs-jstp';

/** What the chat tells its client, the gateway. */
@Injectable()
export class RoomNews {
  @JstpSubscribe('rooms', 'opened', { client: 'chat' })
  opened(@Payload() room: string): void {
    console.log(`   gateway   hears that the ${room} is open`);
  }
}
