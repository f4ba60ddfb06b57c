import { BadRequestException, Body, Controller, Get, Param, Post } from '@nestjs/common';
import { InjectJstp, JstpArgs, JstpClient } from 'nestjs-jstp';
import { firstValueFrom, toArray, type Observable } from 'rxjs';
import type { Said } from '../chat/rooms.service.js';
import { Readers } from './readers.js';

/** The chat by HTTP: every request is a call over one JSTP connection. */
@Controller('rooms')
export class GatewayController {
  constructor(
    @InjectJstp('chat') private readonly chat: JstpClient,
    private readonly readers: Readers,
  ) {}

  @Get()
  rooms(): Observable<string[]> {
    return this.chat.send('lobby.rooms', JstpArgs.of());
  }

  @Get(':room')
  history(@Param('room') room: string): Promise<Said[]> {
    this.readers.add(room);
    return firstValueFrom(this.chat.send<Said, string>('rooms.history', room).pipe(toArray()));
  }

  @Post(':room')
  say(@Param('room') room: string, @Body('text') text: unknown): Observable<Said> {
    if (typeof text !== 'string' || text === '') throw new BadRequestException('text must not be empty');
    return this.chat.send('rooms.say', JstpArgs.of(room, text));
  }
}
