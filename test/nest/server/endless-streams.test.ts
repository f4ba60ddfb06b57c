import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { RawPeer } from '../../support/raw-peer.js';
import { waitFor } from '../../support/wait-for.js';
import { startService } from './fixture.js';

const turns = { made: 0, isOver: false };

/** Makes values for as long as anybody takes them, and never waits for anything. */
async function* endless(): AsyncGenerator<number> {
  while (!turns.isOver) yield (turns.made += 1);
}

@Controller()
class Feed {
  @MessagePattern('feed.all')
  all(_data: unknown): AsyncGenerator<number> {
    return endless();
  }

  @EventPattern('feed.run')
  run(_data: unknown): AsyncGenerator<number> {
    return endless();
  }

  @MessagePattern('feed.turn')
  turn(_data: unknown): string {
    turns.isOver = true;
    return 'served';
  }
}

describe('a generator that never waits for anything', () => {
  test.each([
    ['whose caller takes more values than it can make', '{stream:1}', "{call:[1,'feed'],all:[]}"],
    ['whose caller knows no streams', '{cancel:1}', "{call:[1,'feed'],all:[]}"],
    ['that an event has started', '{stream:1}', "{event:[1,'feed'],run:[]}"],
  ])('%s lets others be served', async (_what, offer, start) => {
    Object.assign(turns, { made: 0, isOver: false });
    const service = await startService({ controllers: [Feed] });
    const peer = await RawPeer.connect(service.port);
    const other = await RawPeer.connect(service.port);
    other.send("{handshake:[0,'jstp']}");
    await other.received(1);
    peer.send(`{handshake:[0,'jstp','',${offer}]}`, start, '{stream:[1],credit:[9007199254740991]}');
    await waitFor(() => turns.made > 100, 'values');
    other.send("{call:[1,'feed'],turn:[]}");
    expect((await other.received(2))[1]).toBe("{callback:[1],ok:['served']}");
    peer.destroy();
    other.destroy();
  });

  test('makes no more values than a credit that has come before its stream', async () => {
    Object.assign(turns, { made: 0, isOver: false });
    const service = await startService({ controllers: [Feed] });
    const peer = await RawPeer.connect(service.port);
    peer.send("{handshake:[0,'jstp','',{stream:1}]}", "{call:[1,'feed'],all:[]}", '{stream:[1],credit:[3]}');
    await peer.received(4);
    peer.send('{ping:[2]}');
    expect((await peer.received(5)).slice(1)).toEqual([
      '{stream:[1,1],data:[1]}',
      '{stream:[1,2],data:[2]}',
      '{stream:[1,3],data:[3]}',
      '{pong:[2]}',
    ]);
    turns.isOver = true;
    peer.destroy();
  });
});
