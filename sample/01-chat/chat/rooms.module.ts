import { Module } from '@nestjs/common';
import { LobbyController } from './lobby.controller.js';
import { LoginGuard } from './login.guard.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsService } from './rooms.service.js';
import { RoomsV1Controller } from './rooms-v1.controller.js';

/** The chat, however it is reached. */
@Module({
  controllers: [LobbyController, RoomsController, RoomsV1Controller],
  providers: [RoomsService, LoginGuard],
})
export class RoomsModule {}
