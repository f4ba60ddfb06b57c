/** Checked by the compiler alone: what a page with a contract allows, and what it does not. */
import {
  connect,
  createClient,
  type Connection,
  type JstpStream,
  type PageClient,
} from '../../../lib/browser.js';
import type { Chat, Said } from './chat.js';
import { equal } from './equal.js';

export function page(): void {
  const client = createClient<Chat>({ url: 'ws://127.0.0.1:1' });
  equal<PageClient<Chat>>()(client);
  equal<Promise<string[]>>()(client.call('rooms', 'join', 'kitchen'));
  equal<Promise<number>>()(client.call('rooms', 'upload', 'file', new ReadableStream<Uint8Array>()));
  equal<Promise<number>>()(client.proxy('sums').add(1, 2));
  equal<JstpStream<Said>>()(client.stream('rooms', 'history', 'kitchen'));
  equal<JstpStream<Said>>()(client.streamWith('rooms', 'history', ['kitchen'], { timeout: 5 }));
  equal<JstpStream<[room: string, who: string]>>()(client.fromEvent('rooms', 'joined'));
  client.fromEvent('rooms', 'said', ({ text }) => text.length);
  void client.emit('rooms', 'typing', 'kitchen', 'ann');
  client.expose({ screen: { size: () => [80, 25] }, rooms: { confirm: (question) => question === 'sure?' } });
  // @ts-expect-error -- no such method
  void client.call('rooms', 'jion', 'kitchen');
  // @ts-expect-error -- a number is no room
  void client.call('rooms', 'join', 5);
  // @ts-expect-error -- no such method
  void client.proxy('rooms').jion('kitchen');
  // @ts-expect-error -- no such event
  client.fromEvent('rooms', 'sayd', () => undefined);
  // @ts-expect-error -- what was said is no text
  client.fromEvent('rooms', 'said', (text: string) => text);
  // @ts-expect-error -- an argument is missing
  void client.emit('rooms', 'typing', 'kitchen');
  // @ts-expect-error -- the result is no text
  client.expose({ screen: { size: () => 'large' } });
}

export async function core(): Promise<void> {
  const connection = await connect<Chat>('chat', null, 'ws://127.0.0.1:1');
  equal<Promise<string[]>>()(connection.callMethod('rooms', 'join', ['kitchen']));
  connection.emitRemoteEvent('rooms', 'typing', ['kitchen', 'ann']);
  equal<JstpStream<Said>>()(connection.stream('rooms', 'history', ['kitchen']));
  // @ts-expect-error -- no such method
  await connection.callMethod('rooms', 'jion', ['kitchen']);
  // @ts-expect-error -- a number is no room
  await connection.callMethod('rooms', 'join', [5]);
  const wide: Connection = connection;
  equal<Promise<unknown>>()(wide.callMethod('any', 'thing', [1]));
}

export function untyped(client: PageClient): void {
  equal<Promise<unknown>>()(client.call('any', 'thing', 1));
  equal<JstpStream<number>>()(client.stream<number>('any', 'thing', 1));
  client.fromEvent<string>('any', 'thing', (text) => text.length);
  equal<Promise<number>>()(client.proxy<Chat['sums']>('sums').add(1, 2));
  const wide: PageClient = createClient<Chat>({ url: 'ws://127.0.0.1:1' });
  wide.expose({ any: { thing: (text: string) => text } });
}
