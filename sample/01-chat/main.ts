import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { JstpServer } from 'nestjs-jstp';
import { ChatModule } from './chat/chat.module.js';
import { converse } from './conversation.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { ports } from './ports.js';

async function main(): Promise<void> {
  const chat = await NestFactory.create(ChatModule, { logger: ['warn', 'error'] });
  chat.connectMicroservice<MicroserviceOptions>({ strategy: chat.get(JstpServer) });
  await chat.startAllMicroservices();
  // The page of the explorer, and the WebSockets by which it talks to the service.
  await chat.listen(ports.explorer, '127.0.0.1');

  const gateway = await NestFactory.create(GatewayModule, { logger: ['warn', 'error'] });
  await gateway.listen(ports.http, '127.0.0.1');

  console.log(
    `\nThe chat service listens on JSTP port ${ports.chat}, its HTTP gateway on port ${ports.http}.\n`,
  );
  await converse((who, what) => console.log(`   ${who.padEnd(9)} ${what}`));

  const stop = async (): Promise<void> => {
    await gateway.close();
    await chat.close();
    console.log('\nStopped.');
  };
  if (process.argv.includes('--once')) {
    await stop();
    return;
  }
  console.log(`
Both services stay up. See the chat service in a browser, as alice (password wonderland), or as admin (password teapot),
who may also see its connections, cut them and end them:

   http://127.0.0.1:${ports.explorer}/jstp-explorer

Or try, in another terminal:

   curl http://127.0.0.1:${ports.http}/rooms
   curl http://127.0.0.1:${ports.http}/rooms/kitchen
   curl -H 'content-type: application/json' -d '{"text":"hi"}' http://127.0.0.1:${ports.http}/rooms/kitchen

or the command line. The second command asks for alice's password; let it run, and cut its connection in the explorer:

   npx nestjs-jstp inspect jstp://127.0.0.1:${ports.chat}/chat
   npx nestjs-jstp listen jstp://alice@127.0.0.1:${ports.chat}/chat rooms --call "rooms.join('kitchen')"

or the reference's own client, as a guest:

   npx jstp-cli
   > connect jstp://127.0.0.1:${ports.chat} chat@^2.0.0 lobby
   > call lobby rooms

(Its warning about '../build/Release/mdsf', its native part, is harmless: it goes on in JavaScript.)

Ctrl-C stops them.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
}

main().catch((error: unknown) => {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  console.error(
    isTaken ? `${error.message}\nSet CHAT_PORT, HTTP_PORT and EXPLORER_PORT to ports that are free.` : error,
  );
  process.exit(1);
});
