import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { Arg, JstpApplication, JstpDescription, JstpInterface, JstpResult } from 'nestjs-jstp';
import { z } from 'zod';
import { RoomsService } from './rooms.service.js';

@JstpApplication('chat@2.0.0')
@JstpInterface('lobby')
@JstpDescription('What everybody may ask, guests too.')
@Controller()
export class LobbyController {
  constructor(private readonly rooms: RoomsService) {}

  @MessagePattern('rooms')
  @JstpDescription('The names of the rooms.')
  @JstpResult([String])
  names(): string[] {
    return this.rooms.names();
  }

  @MessagePattern('readers')
  @JstpDescription('How often a room was read by HTTP.')
  @JstpResult(Number)
  readers(@Arg(0, { name: 'room', schema: z.string().max(100) }) room: string): Promise<number> {
    return this.rooms.readers(room);
  }
}
