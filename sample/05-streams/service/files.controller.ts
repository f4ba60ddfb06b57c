import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { Arg, JstpInterface } from 'nestjs-jstp';

const NAME = /^\w[\w.-]*$/;

/** Keeps files in one folder. */
@JstpInterface('files')
@Controller()
export class FilesController {
  private readonly folder = process.env.FILES_FOLDER ?? '.';

  /** Stores a file as its pieces come, and tells after each how many bytes it has: the call streams both ways. */
  @MessagePattern('upload')
  async *upload(@Arg(0) name: string, @Arg(1) pieces: AsyncIterable<Buffer>): AsyncGenerator<number> {
    const file = await open(this.pathOf(name), 'w');
    let stored = 0;
    try {
      for await (const piece of pieces) {
        await file.write(piece);
        stored += piece.length;
        yield stored;
      }
    } finally {
      // Also where the client has gone, or its file could not be read.
      await file.close();
    }
  }

  /** Sends a file, and reads it no faster than it is taken. */
  @MessagePattern('download')
  download(@Payload() name: string): Readable {
    return createReadStream(this.pathOf(name));
  }

  private pathOf(name: unknown): string {
    if (typeof name !== 'string' || !NAME.test(name)) throw new RpcException('No name of a file');
    return path.join(this.folder, name);
  }
}
