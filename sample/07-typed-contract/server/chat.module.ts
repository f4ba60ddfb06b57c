import { Module } from '@nestjs/common';
import { JstpModule } from 'nestjs-jstp';
import { RoomController } from './room.controller.js';

/** The room, by WebSocket, on the port of the page. */
@Module({
  imports: [JstpModule.forRoot({ listeners: [{ transport: 'ws', server: 'http', path: '/jstp' }] })],
  controllers: [RoomController],
})
export class ChatModule {}
