import { expect, test } from '@jest/globals';
import type { BaseRpcContext } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { JstpArgs, JstpContext, RemoteApi } from '../../../lib/index.js';
import { createRemoteApi } from '../../../lib/nest/client/client-remote-api.js';

interface Rooms {
  join(room: string, silently?: boolean): boolean;
  leave(room: string): Promise<string[]>;
  messages(room: string): Observable<{ text: string }>;
  then(): void;
  onModuleInit(): void;
  readonly typing: { readonly who: string };
}

const calls: unknown[] = [];
const rooms: RemoteApi<Rooms> = createRemoteApi<Rooms>((method, args) => {
  calls.push([method, args]);
  return Promise.resolve(undefined);
});

/** Checked by the compiler alone: an event is no method, a proxy no thenable and without hooks. */
export type NoMethods = Extract<keyof RemoteApi<Rooms>, 'typing' | 'then' | 'onModuleInit'>;
export const noMethods: NoMethods[] = [];
noMethods satisfies never[];

/** Checked by the compiler alone: arguments and results. */
export async function typesOf(api: RemoteApi<Rooms>): Promise<[boolean, string[], { text: string }]> {
  // @ts-expect-error -- a number is no room
  const wrong = api.join(5);
  await wrong;
  return [await api.join('lobby', true), await api.leave('lobby'), await api.messages('lobby')];
}

/** Handlers as their class declares them. */
declare class Handlers {
  numbers(to: number): AsyncGenerator<number>;
  returning(): AsyncGenerator<'yielded', 'returned', unknown>;
  iterable(): Promise<AsyncIterable<Date>>;
  observable(): Promise<Observable<bigint>>;
  pair(): JstpArgs<[string, number]>;
  later(): Promise<JstpArgs<[boolean]>>;
  none(): JstpArgs<[]>;
  pairs(): Observable<JstpArgs<[string, number]>>;
  last(room: string, context: JstpContext): string;
  first(context: JstpContext, room: string, silently?: boolean): string;
  middle(room: string, context: BaseRpcContext, text: number): string;
  only(context: JstpContext): string;
  optional(room: string, context?: JstpContext): string;
  rest(room: string, ...texts: string[]): string;
  restAfter(context: JstpContext, ...texts: string[]): string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- which is no context
  any(room: any): string;
  maybe(room: string | undefined): string;
}

/** Checked by the compiler alone: what arrives, and what a caller gives. */
export async function typesOfHandlers(api: RemoteApi<Handlers>): Promise<void> {
  equal<Promise<number>>()(api.numbers(3));
  equal<Promise<'yielded'>>()(api.returning());
  equal<Promise<Date>>()(api.iterable());
  equal<Promise<bigint>>()(api.observable());
  equal<Promise<[string, number]>>()(api.pair());
  equal<Promise<boolean>>()(api.later());
  equal<Promise<undefined>>()(api.none());
  equal<Promise<[string, number]>>()(api.pairs());
  equal<[room: string]>()(argsOf(api.last));
  equal<[string, boolean?]>()(argsOf(api.first));
  equal<[string, number]>()(argsOf(api.middle));
  equal<[]>()(argsOf(api.only));
  equal<[room: string]>()(argsOf(api.optional));
  equal<[room: string, ...texts: string[]]>()(argsOf(api.rest));
  equal<string[]>()(argsOf(api.restAfter));
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  equal<[room: any]>()(argsOf(api.any));
  equal<[room: string | undefined]>()(argsOf(api.maybe));
  // @ts-expect-error -- the context is Nest's to give
  await api.last('lobby', {} as JstpContext);
}

/** Takes a value of exactly this type. */
function equal<Expected>(): <Given>(given: Given & Exactly<Given, Expected>) => void {
  return () => undefined;
}

type Exactly<Given, Expected> =
  (<T>() => T extends Given ? 1 : 2) extends <T>() => T extends Expected ? 1 : 2 ? unknown : never;

declare function argsOf<Args extends unknown[]>(method: (...args: Args) => unknown): Args;

test('a remote interface passes on name and arguments, and can be taken apart', async () => {
  const { join } = rooms;
  await join('lobby', true);
  await rooms.leave('lobby');
  expect(calls).toEqual([
    ['join', ['lobby', true]],
    ['leave', ['lobby']],
  ]);
});

test('a remote interface cannot be changed', () => {
  expect(Reflect.set(rooms, 'join', 5)).toBe(false);
  expect(Object.keys(rooms)).toEqual([]);
});
