import { expect, test } from '@jest/globals';
import type { Observable } from 'rxjs';
import { createRemoteApi, type RemoteApi } from '../../../lib/nest/client/client-remote-api.js';

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
