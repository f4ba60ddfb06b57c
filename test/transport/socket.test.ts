import { createServer, connect as connectSocket, Socket, type AddressInfo } from 'node:net';
import type { EventEmitter } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Attempt } from '../../lib/connection/reconnect/attempt.js';
import {
  AttachedMessage,
  writeAttachedHeader,
  type ArrivedMessage,
} from '../../lib/protocol/attached-message.js';
import { resolveLimits } from '../../lib/protocol/limits.js';
import { socketDialer } from '../../lib/transport/socket/socket-dialer.js';
import { SocketTransport } from '../../lib/transport/socket/socket-transport.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { Closing } from '../support/closing.js';
import { fakeClock } from '../support/fake-clock.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { turns } from '../support/quiet.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
const LIMITS = resolveLimits({});
afterEach(() => closing.run());

/** A transport, and the raw peer at its other end. */
async function linked(): Promise<{
  transport: SocketTransport;
  peer: RawPeer;
  received: string[];
  closed: unknown[];
}> {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
  closing.add(() => {
    socket.destroy();
    for (const each of accepted) each.destroy();
    server.close();
  });
  await waitFor(() => accepted.length === 1 && !socket.connecting, 'a link');
  const [other] = accepted;
  const received: string[] = [];
  const closed: unknown[] = [];
  const transport = new SocketTransport(socket, LIMITS);
  transport.receiver = {
    receiveMessage: (data) => received.push(textOfArrived(data)),
    transportClosed: (error) => closed.push(error),
  };
  return { transport, peer: new RawPeer(other), received, closed };
}

describe('a socket transport', () => {
  test('writes what one tick sends in one piece', async () => {
    const { transport, peer } = await linked();
    const chunks: string[] = [];
    peer.socket.on('data', (chunk: string) => chunks.push(chunk));
    transport.send('{a:1}');
    transport.send('{b:2}');
    await peer.received(2);
    expect(chunks).toEqual(['{a:1}\0{b:2}\0']);
    expect(peer.messages).toEqual(['{a:1}', '{b:2}']);
  });

  test('a tick that sends much writes before it ends, ever larger pieces and all in order', async () => {
    const { transport, peer } = await linked();
    const socket = transport.getRawTransport();
    const messages = Array.from({ length: 2000 }, (_, index) => `{a:${index + 1_000_000}}`);
    const written = new Set<number>();
    for (let tick = 0; tick < 2; tick++) {
      const before = socket.bytesWritten;
      written.clear();
      for (const message of messages) {
        transport.send(message);
        written.add(socket.bytesWritten - before);
      }
      await peer.received(messages.length * (tick + 1));
      // 1, 2, 4, 8 KiB: the rest is written when the tick ends.
      expect(written.size).toBe(5);
    }
    expect(peer.messages).toEqual([...messages, ...messages]);
  });

  test('end sends what waits, and what arrives later is dropped', async () => {
    const { transport, peer, received, closed } = await linked();
    transport.send('{last:1}');
    transport.end();
    transport.end();
    transport.send('{never:1}');
    await peer.end();
    peer.send('{late:1}');
    peer.socket.end();
    await waitFor(() => closed.length === 1, 'the close');
    expect([peer.messages, received, closed]).toEqual([['{last:1}'], [], [undefined]]);
  });

  test('a peer that does not close its side is given two seconds', async () => {
    fakeClock();
    closing.add(() => jest.useRealTimers());
    const { transport, peer, closed } = await linked();
    transport.end();
    await peer.end();
    jest.advanceTimersByTime(1999);
    await turns();
    expect(closed).toEqual([]);
    jest.advanceTimersByTime(1);
    await waitFor(() => closed.length === 1, 'the close');
  });

  test('destroy ends at once and says why', async () => {
    const { transport, peer, closed } = await linked();
    transport.send('{never:1}');
    transport.destroy(new Error('on purpose'));
    transport.destroy(new Error('again'));
    await waitFor(() => closed.length === 1, 'the close');
    expect(closed.map(String)).toEqual(['Error: on purpose']);
    await peer.end();
    expect(peer.messages).toEqual([]);
  });

  test('pause holds messages back, of the same chunk too, and resume gives them', async () => {
    const { transport, peer, received } = await linked();
    transport.receiver = {
      receiveMessage: (data) => {
        received.push(textOfArrived(data));
        transport.pause();
      },
      transportClosed: () => undefined,
    };
    peer.send('{a:1}', '{b:1}', '{c:1}');
    await waitFor(() => received.length === 1, 'the first message');
    await turns();
    expect(received).toEqual(['{a:1}']);
    transport.resume();
    expect(received).toEqual(['{a:1}', '{b:1}']);
    transport.resume();
    expect(received).toHaveLength(3);
    transport.resume();
    transport.resume();
    peer.send('{d:1}');
    await waitFor(() => received.length === 4, 'the next chunk');
  });

  test('a rest holds messages of the same chunk back until promises have done what they can', async () => {
    const { transport, peer, received } = await linked();
    let steps = 0;
    const seen: unknown[] = [];
    transport.receiver = {
      receiveMessage: (data) => {
        seen.push([textOfArrived(data), steps]);
        transport.rest();
        transport.rest();
        void (async () => {
          for (let step = 0; step < 50; step++) {
            await Promise.resolve();
            steps += 1;
          }
        })();
      },
      transportClosed: () => received.push('closed'),
    };
    peer.send('{a:1}', '{b:1}', '{c:1}');
    await waitFor(() => seen.length === 3, 'all messages');
    expect(seen).toEqual([
      ['{a:1}', 0],
      ['{b:1}', 50],
      ['{c:1}', 100],
    ]);
  });

  test('a pause within a rest goes on behind it', async () => {
    const { transport, peer, received } = await linked();
    transport.receiver = {
      receiveMessage: (data) => {
        received.push(textOfArrived(data));
        transport.rest();
        transport.pause();
      },
      transportClosed: () => undefined,
    };
    peer.send('{a:1}', '{b:1}');
    await waitFor(() => received.length === 1, 'the first message');
    await turns();
    expect(received).toEqual(['{a:1}']);
    transport.rest();
    transport.resume();
    expect(received).toEqual(['{a:1}']);
    await turns();
    expect(received).toEqual(['{a:1}', '{b:1}']);
  });

  test('large messages are read to memory of their own, with small ones around them, through pauses', async () => {
    const { transport, peer, received } = await linked();
    const large = Array.from({ length: 4 }, (_, index) => Buffer.alloc(300_000 + index, index + 1));
    const kept: Uint8Array[] = [];
    transport.receiver = {
      receiveMessage: (data) => {
        if (data instanceof AttachedMessage) kept.push(data.bytes);
        else received.push(textOfArrived(data));
        transport.pause();
        setImmediate(() => {
          transport.resume();
        });
      },
      transportClosed: () => undefined,
    };
    const chunks = jest.fn();
    transport.getRawTransport().on('data', chunks);
    for (const [index, bytes] of large.entries()) {
      peer.send(`{a:${index}}`);
      const header = Buffer.alloc(9);
      writeAttachedHeader(header, 2, bytes.length);
      peer.socket.write(Buffer.concat([header, Buffer.from('{}'), bytes]));
      peer.send(`{b:${index}}`, `{c:'${'x'.repeat(100_000)}'}`);
    }
    await waitFor(() => received.length === 12, 'all messages');
    expect(received.filter((text) => !text.startsWith('{c:')).join('')).toBe(
      '{a:0}{b:0}{a:1}{b:1}{a:2}{b:2}{a:3}{b:3}',
    );
    expect(new Set(received.filter((text) => text.startsWith('{c:')))).toEqual(
      new Set([`{c:'${'x'.repeat(100_000)}'}`]),
    );
    // Now, since what comes later must not have changed them.
    expect(kept.map((bytes, index) => large[index].equals(bytes))).toEqual([true, true, true, true]);
    expect(chunks.mock.calls.length).toBeLessThan(3);
  });

  test('messages that come while another socket delivers, or refuses, go to their own', async () => {
    const [one, two, three] = await Promise.all([linked(), linked(), linked()]);
    const { transport } = one;
    transport.receiver = {
      receiveMessage: (data) => {
        one.received.push(textOfArrived(data));
        two.transport.received(Buffer.from('{b:1}\0{b:2}\0'));
        // An empty message breaks the protocol.
        three.transport.received(Buffer.from('{c:1}\0\0'));
      },
      transportClosed: (error) => one.closed.push(error),
    };
    transport.received(Buffer.from('{a:1}\0{a:2}\0{a'));
    two.transport.received(Buffer.from('{b:3}\0{b'));
    transport.received(Buffer.from(':3}\0'));
    const ofTwo = ['{b:1}', '{b:2}'];
    expect(one.received).toEqual(['{a:1}', '{a:2}', '{a:3}']);
    // The last two come behind what has begun.
    expect(two.received).toEqual([...ofTwo, ...ofTwo, '{b:3}', '{b{b:1}', '{b:2}']);
    expect(three.received).toEqual(['{c:1}']);
  });

  test('without a receiver messages are dropped', async () => {
    const { transport, peer, received } = await linked();
    transport.receiver = null;
    peer.send('{a:1}');
    await waitFor(() => transport.getRawTransport().bytesRead > 0, 'the message');
    await turns();
    expect(received).toEqual([]);
    expect(transport.remoteAddress).toBe('127.0.0.1');
    expect(transport.getRawTransport()).toBeInstanceOf(Socket);
  });
});

type Outcome = [error: (Error & { code?: string }) | null, transport?: unknown];

describe('a socket dialer', () => {
  function dial(open: () => Socket, limits = LIMITS): { outcomes: Outcome[]; giveUp: () => void } {
    const outcomes: Outcome[] = [];
    const attempt = new Attempt({ limits, dialArguments: undefined });
    attempt.dial(socketDialer(open), [], (...outcome) => {
      attempt.stop();
      outcomes.push(outcome as Outcome);
    });
    return { outcomes, giveUp: () => attempt.stop() };
  }

  /** A socket that only does what the test says. */
  function puppet(): Socket & EventEmitter {
    const socket = new Socket();
    Object.defineProperty(socket, 'connecting', { value: true });
    closing.add(() => socket.destroy());
    return socket;
  }

  test('gives up after limits.connectTimeoutMs, once, and closes the socket', async () => {
    const socket = puppet();
    const { outcomes } = dial(() => socket, resolveLimits({ connectTimeoutMs: 30 }));
    await waitFor(() => outcomes.length === 1, 'the timeout');
    expect(outcomes[0]?.[0]).toMatchObject({ code: 'ETIMEDOUT' });
    expect(socket.destroyed).toBe(true);
    socket.emit('connect');
    await turns();
    expect(outcomes).toHaveLength(1);
  });

  test('waits for ever where the limit is 0', async () => {
    const before = countHandles();
    const { giveUp, outcomes } = dial(puppet, resolveLimits({ connectTimeoutMs: 0 }));
    await expectNoNewHandles(before);
    giveUp();
    expect(outcomes).toEqual([]);
  });

  test('tries again where an IPC socket’s queue is full', async () => {
    const sockets: Socket[] = [];
    const { outcomes } = dial(() => {
      const socket = puppet();
      sockets.push(socket);
      return socket;
    });
    sockets[0]?.emit('error', Object.assign(new Error('full'), { code: 'EAGAIN' }));
    await waitFor(() => sockets.length === 2, 'the second try');
    expect(outcomes).toEqual([]);
    sockets[1]?.emit('connect');
    expect(outcomes).toHaveLength(1);
    expect(outcomes[0]?.[0]).toBeNull();
    expect(outcomes[0]?.[1]).toBeInstanceOf(SocketTransport);
  });

  test('tells an error once, and hears later ones in silence', async () => {
    const socket = puppet();
    const { outcomes } = dial(() => socket);
    socket.emit('error', new Error('first'));
    socket.emit('error', new Error('second'));
    await turns();
    expect(outcomes.map(([error]) => error?.message)).toEqual(['first']);
  });

  test('says nothing after it was given up', async () => {
    const socket = puppet();
    const { outcomes, giveUp } = dial(() => socket);
    giveUp();
    socket.emit('error', new Error('late'));
    await turns();
    expect(outcomes).toEqual([]);
    expect(socket.destroyed).toBe(true);
  });

  test('brings what is thrown to the callback, later', async () => {
    const { outcomes } = dial(() => {
      throw new TypeError('bad arguments');
    });
    expect(outcomes).toEqual([]);
    await within(new Promise((resolve) => setImmediate(resolve)), 'a turn');
    expect(outcomes.map(([error]) => error?.message)).toEqual(['bad arguments']);
  });
});

function textOfArrived(message: ArrivedMessage): string {
  const text = message instanceof AttachedMessage ? message.text : message;
  return typeof text === 'string' ? text : nodeDecoder.utf8Slice(text, 0, text.length);
}
