import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { JstpApplication, JstpInterface } from 'nestjs-jstp';
import { RoomsService } from './rooms.service.js';

/** What everybody may ask, guests too. */
@JstpApplication('chat@2.0.0')
@JstpInterface('lobby')
@Controller()
export class LobbyController {
  constructor(private readonly rooms: RoomsService) {}

  @MessagePattern('rooms')
  names(): string[] {
    return this.rooms.names();
  }
}
