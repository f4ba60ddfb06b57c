import { expect, test } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import type { JstpContext } from '../../../lib/index.js';
import { RoomsService } from '../../../sample/01-chat/chat/rooms.service.js';
import { GatewayController } from '../../../sample/01-chat/gateway/gateway.controller.js';
import { Bench } from '../client/fixture.js';

const bench = new Bench();

test('the sample keeps members whose line is cut, and drops those who left', () => {
  const rooms = new RoomsService();
  const state = { name: 'open' };
  const heard: unknown[] = [];
  const member = (who: string, connection: object): JstpContext =>
    ({
      getUsername: () => who,
      getSession: () => ({ id: who }),
      getConnection: () => connection,
      getClient: () => ({ emit: (...args: unknown[]) => heard.push([who, ...args]) }),
    }) as unknown as JstpContext;
  const alice = member('alice', { state });
  const bob = member('bob', { state: { name: 'open' } });
  rooms.join('kitchen', alice);
  state.name = 'offline';
  expect(rooms.join('kitchen', bob)).toEqual(['alice', 'bob']);
  const said = rooms.say('kitchen', 'hello', bob);
  expect(heard).toEqual([
    ['alice', 'rooms', 'said', said],
    ['bob', 'rooms', 'said', said],
  ]);
  state.name = 'closed';
  heard.length = 0;
  rooms.say('kitchen', 'hello?', bob);
  expect(heard).toHaveLength(1);
  expect(rooms.join('kitchen', bob)).toEqual(['bob']);
});

test.each([undefined, '', 5])('the gateway of the sample refuses the text %j', (text) => {
  const gateway = new GatewayController(bench.client(1));
  expect(() => gateway.say('kitchen', text)).toThrow(BadRequestException);
});
