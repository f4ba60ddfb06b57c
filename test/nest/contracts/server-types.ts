/** Checked by the compiler alone: what a server with a contract sends to its clients. */
import type { ClientsOf, Connection, JstpContext, JstpRooms, JstpServer } from '../../../lib/index.js';
import { JstpRecordBuilder } from '../../../lib/index.js';
import type { Chat, Said } from './chat.js';
import { equal } from './equal.js';

export function toOne(context: JstpContext, said: Said): void {
  const caller = context.getClient<Chat>();
  equal<Promise<[number, number]>>()(caller.call('screen', 'size'));
  equal<Promise<boolean>>()(caller.call('rooms', 'confirm', 'sure?'));
  caller.emit('rooms', 'said', said);
  caller.emit('rooms', 'joined', 'kitchen', 'ann');
  caller.emit('rooms', 'said', new JstpRecordBuilder(said).setMetadata({ a: 1 }).build());
  // @ts-expect-error -- an event of clients
  caller.emit('rooms', 'typing', 'kitchen', 'ann');
  // @ts-expect-error -- a text is not what was said
  caller.emit('rooms', 'said', 'hello');
  // @ts-expect-error -- an argument is missing
  caller.emit('rooms', 'joined', 'kitchen');
  // @ts-expect-error -- a method of the server
  void caller.call('rooms', 'join', 'kitchen');
  equal<Promise<unknown>>()(context.getClient().call('any', 'thing', 1));
}

/** In a provider of a client, the other side is the server. */
export function toServer(context: JstpContext): void {
  const server = context.getClient<ClientsOf<Chat>>();
  equal<Promise<string[]>>()(server.call('rooms', 'join', 'kitchen'));
  server.emit('rooms', 'typing', 'kitchen', 'ann');
  // @ts-expect-error -- the server calls it
  void server.call('screen', 'size');
}

export async function toMany(server: JstpServer<Chat>, rooms: JstpRooms<Chat>, said: Said): Promise<void> {
  server.broadcast('rooms', 'said', said);
  server.to('kitchen').except('hall').toUser('ann').emit('rooms', 'closed');
  await rooms.to('kitchen').emit('rooms', 'joined', 'kitchen', 'ann');
  await rooms.except('hall').emit('rooms', 'said', new JstpRecordBuilder(said).build());
  equal<Promise<boolean>>()(rooms.toUser('ann').call('rooms', 'confirm', 'sure?'));
  // @ts-expect-error -- no such event
  server.broadcast('rooms', 'sayd', said);
  // @ts-expect-error -- a text is not what was said
  server.to('kitchen').emit('rooms', 'said', 'hello');
  // @ts-expect-error -- no such event
  await rooms.to('kitchen').emit('rooms', 'sayd', said);
  // @ts-expect-error -- a number is no question
  await rooms.toUser('ann').call('rooms', 'confirm', 5);
  for (const connection of server.getClients()) {
    connection.emitRemoteEvent('rooms', 'said', [said]);
    equal<Promise<[number, number]>>()(connection.callMethod('screen', 'size', []));
    // @ts-expect-error -- no such event
    connection.emitRemoteEvent('rooms', 'sayd', [said]);
    // @ts-expect-error -- a method of the server
    await connection.callMethod('rooms', 'join', ['kitchen']);
    wide(connection);
  }
  wide(rooms, server);
}

function wide(..._given: [Connection] | [JstpRooms, JstpServer]): void {
  // They are what they are without a contract.
}
