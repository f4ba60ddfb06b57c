import { JstpArgs, JstpClient } from 'nestjs-jstp';
import { firstValueFrom, lastValueFrom, shareReplay, take, tap, toArray } from 'rxjs';
import type { Said } from './chat/rooms.service.js';
import { Line } from './line.js';
import { ports } from './ports.js';

/** What alice may call. */
interface Rooms {
  join(room: string): string[];
  say(room: string, text: string): Said;
}

/** Two clients of different versions talk, a connection is cut, and nothing is lost. */
export async function converse(print: (who: string, what: string) => void): Promise<void> {
  const line = new Line(ports.chat);
  await line.mend();
  const alice = client('chat@^2.0.0', line.port, 'alice', 'wonderland');
  const bob = client('chat@^1.0.0', ports.chat, 'bob', 'builder');
  const mallory = client('chat', ports.chat, 'mallory', 'guess');
  try {
    await mallory.connect().catch((error: unknown) => print('mallory', `is refused: ${messageOf(error)}`));
    const rooms = alice.proxy<Rooms>('rooms');
    const said$ = alice.fromEvent<Said>('rooms', 'said').pipe(
      tap((said) => print('alice', `hears ${said.who} say "${said.text}"`)),
      shareReplay(),
    );
    const hearing = said$.subscribe();
    print('alice', `is in the kitchen with: ${(await rooms.join('kitchen')).join(', ')}  (chat 2.0.0)`);
    const members = await firstValueFrom(bob.send<number, JstpArgs>('rooms.enter', JstpArgs.of()));
    print('bob', `enters, they are ${members} now  (chat 1.0.0)`);
    alice.emit('rooms.typing', 'alice');
    alice.emit('rooms.listening', 'alice');
    await rooms
      .say('kitchen', ' ')
      .catch((error: unknown) => print('alice', `says nothing, and is told: ${messageOf(error)}`));
    await rooms.say('kitchen', 'hello bob');
    await say(bob, 'hello alice');
    await lastValueFrom(said$.pipe(take(2)));

    line.cut();
    print('----', "alice's connection is cut");
    await say(bob, 'are you still there?');
    await say(bob, 'I will wait');
    await line.mend();
    print('----', 'the network is back, alice resumes her session');
    await lastValueFrom(said$.pipe(take(4)));
    hearing.unsubscribe();

    const history = await firstValueFrom(
      alice.send<Said, string>('rooms.history', 'kitchen').pipe(toArray()),
    );
    print('alice', `reads the history, ${history.length} messages streamed`);
    const response = await fetch(`http://127.0.0.1:${ports.http}/rooms/kitchen`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'hello from HTTP' }),
    });
    print('gateway', `POST /rooms/kitchen answers ${response.status} ${await response.text()}`);
    await fetch(`http://127.0.0.1:${ports.http}/rooms/kitchen`);
    const readers = await firstValueFrom(alice.send<number, string>('lobby.readers', 'kitchen'));
    print('chat', `asks the gateway, for alice, how often the kitchen was read by HTTP: ${readers}`);
  } finally {
    await Promise.all([alice.close(), bob.close(), mallory.close()]);
    line.cut();
  }
}

function client(app: string, port: number, login: string, password: string): JstpClient {
  return new JstpClient({ app, host: '127.0.0.1', port, login, password, resumeTimeoutMs: 10_000 });
}

async function say(who: JstpClient, text: string): Promise<void> {
  await firstValueFrom(who.send<boolean, string>('rooms.say', text));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
