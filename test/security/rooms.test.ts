import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection, type Limits } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { Arena, guardProcess } from './arena.js';

const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

/** A server with a handler that joins any room that its callers name. */
async function started(limits: Partial<Limits>): Promise<Arena> {
  const app = new Application<Connection>('app', {
    room: {
      join: async (connection: Connection, name: string) => arena.server.rooms.join(connection, name),
      leave: async (connection: Connection, name: string) => arena.server.rooms.leave(connection, name),
    },
  });
  const arena = await Arena.start(closing, { applications: [app], limits });
  return arena;
}

const join = (id: number, name: string): string => `{call:[${String(id)},'room'],join:['${name}']}`;

describe('a peer that names rooms without an end', () => {
  test.each(['maxRoomsPerSession', 'maxRooms'] as const)(
    'is in as many as limits.%s says; the next one is refused with 16, and it stays connected',
    async (limit) => {
      const arena = await started({ [limit]: 3 });
      const peer = await arena.guest();
      peer.send(join(1, 'a'), join(2, 'b'), join(3, 'c'), join(4, 'd'));
      expect((await peer.received(5)).slice(1)).toEqual([
        '{callback:[1],ok:[true]}',
        '{callback:[2],ok:[true]}',
        '{callback:[3],ok:[true]}',
        '{callback:[4],error:[16]}',
      ]);
      expect(arena.errors).toEqual([
        expect.objectContaining({
          code: 'ERR_JSTP_TOO_MANY_ROOMS',
          message: expect.stringContaining(`limits.${limit} allows (3)`),
        }),
      ]);
      expect(arena.server.getUsage().rooms.used).toBe(3);
      peer.send("{call:[5,'room'],leave:['a']}", join(6, 'd'));
      expect((await peer.received(7))[6]).toBe('{callback:[6],ok:[true]}');
    },
  );

  test('may take a name of limits.maxRoomNameLength, and is refused a longer one with 16', async () => {
    const arena = await started({ maxRoomNameLength: 5 });
    const peer = await arena.guest();
    peer.send(join(1, 'x'.repeat(5)), join(2, 'x'.repeat(6)));
    expect((await peer.received(3)).slice(1)).toEqual([
      '{callback:[1],ok:[true]}',
      '{callback:[2],error:[16]}',
    ]);
    expect([...arena.server.rooms.names()]).toEqual(['xxxxx']);
  });
});
