import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { JstpClient, type Connection } from 'nestjs-jstp';
import { Pause } from './pause.js';
import { Progress } from './progress.js';
import type { FilesController } from './service/files.controller.js';

const SIZE = 8 * 1024 * 1024;
const PAUSE_MS = 200;

/** Sends a file. What the service has stored comes back meanwhile. */
async function upload(client: JstpClient, file: string): Promise<void> {
  const pause = new Pause();
  const pieces: AsyncIterable<Buffer> = pause.through(createReadStream(file));
  const progress = new Progress('upload', SIZE);
  for await (const stored of client.streams<FilesController>('files').upload('data.bin', pieces)) {
    if (!progress.show(stored)) continue;
    pause.close();
    console.log('upload   pauses: nothing more is sent');
    setTimeout(() => {
      console.log('upload   goes on, though the connection is cut just now');
      (client.unwrap<Connection>().getTransport() as Socket).destroy();
      pause.goOn();
    }, PAUSE_MS);
  }
}

/** Gets a file. A loop that waits holds the service back, which reads its file no further. */
async function download(client: JstpClient, file: string): Promise<void> {
  const progress = new Progress('download', SIZE);
  const copy = createWriteStream(file);
  let received = 0;
  for await (const piece of client.stream<Buffer>('files', 'download', 'data.bin')) {
    if (!copy.write(piece)) await once(copy, 'drain');
    received += piece.length;
    if (!progress.show(received)) continue;
    console.log('download pauses: nothing more is read');
    await delay(PAUSE_MS);
    console.log('download goes on');
  }
  copy.end();
  await once(copy, 'close');
}

async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

Logger.overrideLogger(['warn', 'error']);
const folder = await mkdtemp(path.join(tmpdir(), 'jstp-streams-'));
const service = fork(path.join(import.meta.dirname, 'service/main.js'), {
  env: { ...process.env, FILES_FOLDER: folder },
});
try {
  const [{ port }] = (await once(service, 'message')) as [{ port: number }];
  const client = new JstpClient({ host: '127.0.0.1', port });
  const [original, copy] = [path.join(folder, 'original'), path.join(folder, 'copy')];
  await writeFile(original, randomBytes(SIZE));
  await upload(client, original);
  await download(client, copy);
  await client.close();
  const isSame = (await hashOf(original)) === (await hashOf(copy));
  console.log(isSame ? 'The copy is the same as the original.' : 'The copy differs!');
  process.exitCode = isSame ? 0 : 1;
} finally {
  const ended = once(service, 'exit');
  service.disconnect();
  await ended;
  await rm(folder, { recursive: true });
}
