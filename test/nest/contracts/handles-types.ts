/** Checked by the compiler alone: what handlers of a contract may look like, and what they may not. */
import { of, type Observable } from 'rxjs';
import { JstpArgs, type Handles, type JstpContext, type JstpSource } from '../../../lib/index.js';
import type { Chat, Said } from './chat.js';

export class RoomsController implements Handles<Chat, 'rooms'> {
  join(room: string, silently: boolean | undefined, context: JstpContext): string[] {
    return [room, String(silently), String(context.getUsername())];
  }
  async say(room: string, text: string): Promise<void> {
    await Promise.resolve(room + text);
  }
  list(): Observable<string[]> {
    return of([]);
  }
  topic(room: string | null, user: Said): string | null {
    return room ?? user.who;
  }
  async *history(room: string): AsyncGenerator<Said> {
    yield await Promise.resolve({ who: 'ann', text: room });
  }
  upload(_name: string, chunks: Observable<Uint8Array>, _context: JstpContext): Observable<number> {
    return chunks as unknown as Observable<number>;
  }
  pair(): JstpArgs<[string, number]> {
    return JstpArgs.of('one', 1);
  }
  tag(tags: string[], context: JstpContext): number {
    return tags.length + context.getPattern().length;
  }
  'odd-name'(language: string): boolean {
    return language === 'de';
  }
  typing([room, who]: [string, string], context: JstpContext): void {
    context.getClient<Chat>().emit('rooms', 'joined', room, who);
  }
  away(): void {
    // Nothing is to be done.
  }
  async seen(id: number): Promise<void> {
    await Promise.resolve(id);
  }
  /** A handler of another contract, or of none. */
  more(): void {
    // Nothing is to be done.
  }
}

/** Only what events clients call of it: nothing to handle. */
export class ScreenController implements Handles<Chat, 'screen'> {
  any = true;
}

export class SumsController implements Handles<Chat, 'sums'> {
  add([a, b]: readonly [number, number]): number {
    return a + b;
  }
}

interface Files {
  files: {
    upload(chunks: AsyncIterable<Uint8Array>): AsyncIterable<number>;
    name(id: number): string;
  };
}

export class FilesController implements Handles<Files, 'files'> {
  async upload(chunks: JstpSource<Uint8Array>): Promise<AsyncIterable<number>> {
    await Promise.resolve();
    return chunks as unknown as AsyncIterable<number>;
  }
  name = async (id: number): Promise<string> => Promise.resolve(String(id));
}

// @ts-expect-error -- a method is missing
export class Missing implements Handles<Files, 'files'> {
  name(): string {
    return '';
  }
}

export class WrongParameter implements Handles<Chat, 'sums'> {
  // @ts-expect-error -- a text is no number
  add(a: number, b: string): number {
    return a + b.length;
  }
}

export class WrongResult implements Handles<Chat, 'sums'> {
  // @ts-expect-error -- a text is no number
  add(a: number, b: number): string {
    return String(a + b);
  }
}

export class WrongPromise implements Handles<Chat, 'sums'> {
  // @ts-expect-error -- a text is no number
  async add(a: number, b: number): Promise<string> {
    return Promise.resolve(String(a + b));
  }
}

export class WrongStream implements Handles<Files, 'files'> {
  // @ts-expect-error -- the contract streams numbers
  async *upload(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  // @ts-expect-error -- the contract does not stream
  async *name(): AsyncGenerator<string> {
    yield await Promise.resolve('');
  }
}

export class WrongSource implements Handles<Files, 'files'> {
  // @ts-expect-error -- what arrives is a stream
  async *upload(chunks: Uint8Array[]): AsyncGenerator<number> {
    yield await Promise.resolve(chunks.length);
  }
  name(): string {
    return '';
  }
}

// @ts-expect-error -- no such interface
export type NoInterface = keyof Handles<Chat, 'room'>;
