/** Checked by the compiler alone: what a client with a contract allows, and what it does not. */
import type { ClientProxy } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import {
  JstpArgs,
  JstpRecordBuilder,
  type JstpClient,
  type JstpStream,
  type RemoteApi,
} from '../../../lib/index.js';
import type { Chat, Said } from './chat.js';
import { equal } from './equal.js';

export function calls(client: JstpClient<Chat>): void {
  equal<Observable<string[]>>()(client.send('rooms.join', 'kitchen'));
  equal<Observable<string[]>>()(client.send('rooms.join', JstpArgs.of('kitchen', true)));
  equal<Observable<string[]>>()(
    client.send('rooms.join', new JstpRecordBuilder('kitchen').setTimeout(5).build()),
  );
  equal<Observable<void>>()(client.send('rooms.say', JstpArgs.of('kitchen', 'hello')));
  equal<Observable<string[]>>()(client.send('rooms.list'));
  equal<Observable<string[]>>()(client.send('rooms.list', JstpArgs.of()));
  equal<Observable<string | null>>()(client.send('rooms.topic', JstpArgs.of(null)));
  equal<Observable<Said>>()(client.send('rooms.history', 'kitchen'));
  equal<Observable<[string, number]>>()(client.send('rooms.pair'));
  equal<Observable<number>>()(client.send('rooms.tag', 'a'));
  equal<Observable<boolean>>()(client.send('rooms.odd-name', 'de'));
  equal<Observable<number>>()(client.send('sums.add', JstpArgs.of(1, 2)));
  equal<Observable<'pong'>>()(client.send('ping'));
  // @ts-expect-error -- no such method
  client.send('rooms.jion', 'kitchen');
  // @ts-expect-error -- no such interface
  client.send('room.join', 'kitchen');
  // @ts-expect-error -- an event is no method
  client.send('rooms.typing', JstpArgs.of('kitchen', 'ann'));
  // @ts-expect-error -- a number is no room
  client.send('rooms.join', 5);
  // @ts-expect-error -- an argument is missing
  client.send('rooms.say', 'kitchen');
  // @ts-expect-error -- an argument is missing
  client.send('rooms.say', JstpArgs.of('kitchen'));
  // @ts-expect-error -- an argument is missing
  client.send('rooms.join');
  // @ts-expect-error -- a number is no room
  client.send('rooms.join', new JstpRecordBuilder(5).build());
  // @ts-expect-error -- Nest does not send null
  client.send('rooms.topic', null);
  // @ts-expect-error -- no such language
  client.send('rooms.odd-name', 'fr');
  // @ts-expect-error -- the result is no number
  const wrong: Observable<number> = client.send('rooms.join', 'kitchen');
  // @ts-expect-error -- the contract tells the types
  client.send<number, string>('rooms.join', 'kitchen');
  wrong.subscribe();
}

export function callsByName(client: JstpClient<Chat>): void {
  equal<Promise<string[]>>()(client.call('rooms', 'join', 'kitchen'));
  equal<Promise<string[]>>()(client.call('rooms', 'join', 'kitchen', true));
  equal<Promise<string[]>>()(
    client.call('rooms', 'join', new JstpRecordBuilder(JstpArgs.of('kitchen')).build()),
  );
  equal<Promise<number>>()(client.call('rooms', 'upload', 'file', new ReadableStream<Uint8Array>()));
  equal<Promise<number>>()(client.call('sums', 'add', 1, 2));
  equal<JstpStream<Said>>()(client.stream('rooms', 'history', 'kitchen'));
  equal<JstpStream<number>>()(client.streams('rooms').upload('file', bytes()));
  equal<Promise<number>>()(client.proxy('rooms').upload('file', bytes()));
  equal<Promise<number>>()(client.proxy('sums', { timeout: 5 }).add(1, 2));
  // @ts-expect-error -- no such method
  void client.call('rooms', 'jion', 'kitchen');
  // @ts-expect-error -- a number is no room
  void client.call('rooms', 'join', 5);
  // @ts-expect-error -- an argument is missing
  void client.call('sums', 'add', 1);
  // @ts-expect-error -- no such method
  client.stream('rooms', 'jion', 'kitchen');
  // @ts-expect-error -- no such method
  void client.proxy('rooms').jion('kitchen');
  // @ts-expect-error -- no such interface
  client.proxy('room');
  // @ts-expect-error -- texts are no bytes
  void client.proxy('rooms').upload('file', texts());
  // @ts-expect-error -- the contract tells the type
  client.proxy<Chat['sums']>('sums');
}

export function events(client: JstpClient<Chat>): void {
  equal<Observable<Said>>()(client.fromEvent('rooms', 'said'));
  equal<Observable<[room: string, who: string]>>()(client.fromEvent('rooms', 'joined'));
  equal<Observable<undefined>>()(client.fromEvent('rooms', 'closed'));
  client.emit('rooms.typing', JstpArgs.of('kitchen', 'ann'));
  client.emit('rooms.seen', 5);
  client.emit('rooms.away');
  client.expose({
    rooms: { confirm: (question) => question === 'sure?' },
    screen: { size: async () => [80, 25] },
  });
  client.expose({ screen: { size: () => [80, 25] } });
  // @ts-expect-error -- no such event
  client.fromEvent('rooms', 'sayd');
  // @ts-expect-error -- clients emit it
  client.fromEvent('rooms', 'typing');
  // @ts-expect-error -- no such event
  client.emit('rooms.tiping', JstpArgs.of('kitchen', 'ann'));
  // @ts-expect-error -- a text is no id
  client.emit('rooms.seen', 'first');
  // @ts-expect-error -- the result is no text
  client.expose({ screen: { size: () => 'large' } });
  // @ts-expect-error -- no such method
  client.expose({ screen: { sice: () => [80, 25] } });
}

/** A client with a contract is a client, and one of less. */
export function wider(client: JstpClient<Chat>): [ClientProxy, JstpClient, JstpClient<Pick<Chat, 'sums'>>] {
  return [client, client, client];
}

/** What is left of Nest's and of our own types without a contract. */
export async function untyped(client: JstpClient): Promise<void> {
  equal<Observable<unknown>>()(client.send('rooms.join', 'kitchen'));
  equal<Observable<number>>()(client.send<number>('rooms.join', 'kitchen'));
  equal<Observable<number>>()(client.send<number, string>('rooms.join', 'kitchen'));
  equal<Observable<number>>()(client.emit<number, string>({ cmd: 'x' }, 'kitchen'));
  const inferred: Observable<string> = client.send({ cmd: 'sum' }, [1, 2]);
  equal<Promise<unknown>>()(client.call('any', 'thing', 1, 'two'));
  equal<JstpStream<number>>()(client.stream<number>('any', 'thing', 1, 'two'));
  equal<JstpStream<unknown>>()(client.stream('any', 'thing'));
  equal<RemoteApi<Chat['sums']>>()(client.proxy<Chat['sums']>('sums'));
  equal<Observable<string>>()(client.fromEvent<string>('any', 'thing'));
  client.expose({ any: { thing: (text: string) => text } });
  // @ts-expect-error -- the second type argument is that of the data
  client.send<number, string>('rooms.join', 5);
  inferred.subscribe();
}

declare function bytes(): AsyncGenerator<Uint8Array>;
declare function texts(): AsyncGenerator<string>;
