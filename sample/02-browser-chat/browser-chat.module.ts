import { Module } from '@nestjs/common';
import { RoomsModule } from '../01-chat/chat/rooms.module.js';

/** The rooms of the first sample; main.ts makes them reachable by WebSocket. */
@Module({ imports: [RoomsModule] })
export class BrowserChatModule {}
