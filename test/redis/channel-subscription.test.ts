import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ChannelSubscription } from '../../lib/redis/channel-subscription.js';
import type { RedisDriver, SubscriberListener } from '../../lib/redis/redis-driver.js';

/** A connection that a test brings up, cuts and lets speak. */
class FakeConnection {
  subscriptions = 0;
  isClosed = false;
  private onMessage: ((text: string) => void) | undefined;
  private settle: ((error?: Error) => void) | undefined;

  constructor(readonly listener: SubscriberListener) {}

  subscribe(_channel: string, onMessage: (text: string) => void): Promise<void> {
    this.subscriptions += 1;
    return new Promise((resolve, reject) => {
      this.settle = (error) => {
        if (!error) this.onMessage = onMessage;
        if (error) reject(error);
        else resolve();
      };
    });
  }

  async answer(error?: Error): Promise<void> {
    this.settle?.(error);
    await jest.advanceTimersByTimeAsync(0);
  }

  say(text: string): void {
    this.onMessage?.(text);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A subscription whose connections are a test's, and what it tells. */
function subscribe(): { subscription: ChannelSubscription; connections: FakeConnection[]; told: string[] } {
  const connections: FakeConnection[] = [];
  const told: string[] = [];
  const driver = {
    openSubscriber: (listener: SubscriberListener) => {
      const connection = new FakeConnection(listener);
      connections.push(connection);
      return connection;
    },
  } as unknown as RedisDriver;
  const subscription = new ChannelSubscription(
    driver,
    'channel',
    {
      message: (text) => told.push(text),
      failed: (error) => told.push(`failed ${String((error as { code?: string }).code ?? error)}`),
      ready: () => told.push('ready'),
    },
    'proof:mine',
  );
  return { subscription, connections, told };
}

const send = (text: string): Promise<string> => Promise.resolve(text);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a subscription to a channel', () => {
  test('is ready when Redis has it, not when the connection alone is there, and brings messages that are no proofs', async () => {
    const { subscription, connections, told } = subscribe();
    let isSubscribed = false;
    void subscription.subscribed.then(() => (isSubscribed = true));
    connections[0].listener.ready();
    await jest.advanceTimersByTimeAsync(0);
    expect([told, isSubscribed]).toEqual([[], false]);
    await connections[0].answer();
    expect([told, isSubscribed]).toEqual([['ready'], true]);
    for (const text of ['one', 'proof:mine', 'proof:other', 'two']) connections[0].say(text);
    expect(told).toEqual(['ready', 'one', 'two']);
    subscription.close();
    connections[0].say('late');
    connections[0].listener.failed(new Error('late'));
    expect([told.length, connections[0].isClosed]).toEqual([3, true]);
  });

  test('that Redis refuses is asked for again, less and less often to every two seconds, until it is closed', async () => {
    const { subscription, connections, told } = subscribe();
    const [connection] = connections;
    const delays = [50, 100, 200, 400, 800, 1600, 2000, 2000];
    for (const delay of delays) {
      const before = connection.subscriptions;
      await connection.answer(new Error('no'));
      await jest.advanceTimersByTimeAsync(delay - 1);
      expect(connection.subscriptions).toBe(before);
      await jest.advanceTimersByTimeAsync(1);
      expect(connection.subscriptions).toBe(before + 1);
    }
    expect(told).toEqual(delays.map(() => 'failed Error: no'));
    await connection.answer(new Error('no'));
    subscription.close();
    await jest.advanceTimersByTimeAsync(10_000);
    expect([connection.subscriptions, jest.getTimerCount()]).toEqual([9, 0]);
  });

  test('tells of each loss of its connection, and when it is back', async () => {
    const { connections, told } = subscribe();
    await connections[0].answer();
    connections[0].listener.failed(new Error('cut'));
    connections[0].listener.ready();
    connections[0].listener.failed(new Error('cut'));
    // A client of sentinels does not say that it is back: a proof does.
    connections[0].say('proof:mine');
    connections[0].say('proof:mine');
    expect(told).toEqual(['ready', 'failed Error: cut', 'ready', 'failed Error: cut', 'ready']);
  });
});

describe('a proof', () => {
  test('is not due before the channel is subscribed for the first time, however often it is sent', async () => {
    const { subscription, connections, told } = subscribe();
    for (let turn = 0; turn < 3; turn++) await subscription.prove(send);
    expect([connections.length, connections[0].isClosed]).toEqual([1, false]);
    await connections[0].answer();
    expect(told).toEqual(['ready']);
  });

  test('that has come back by the next one leaves the connection alone', async () => {
    const { subscription, connections } = subscribe();
    await connections[0].answer();
    for (let turn = 0; turn < 3; turn++) {
      expect(await subscription.prove(send)).toBe('proof:mine');
      connections[0].say('proof:mine');
    }
    expect(connections).toHaveLength(1);
  });

  test('that has not come back by the next one replaces the connection, which is ready when it has subscribed', async () => {
    const { subscription, connections, told } = subscribe();
    await connections[0].answer();
    await subscription.prove(send);
    await subscription.prove(send);
    expect([connections.length, connections[0].isClosed]).toEqual([2, true]);
    connections[1].listener.ready();
    connections[0].say('of the dead one');
    expect(told).toEqual(['ready', 'failed ERR_JSTP_STORE_AWAY']);
    // Nothing is due of a connection that is not up.
    await subscription.prove(send);
    await subscription.prove(send);
    expect(connections).toHaveLength(2);
    await connections[1].answer();
    connections[1].say('alive');
    expect(told).toEqual(['ready', 'failed ERR_JSTP_STORE_AWAY', 'ready', 'alive']);
    await subscription.prove(send);
    expect(connections).toHaveLength(2);
  });

  test('that could not be sent says nothing of the connection that listens', async () => {
    const { subscription, connections } = subscribe();
    await connections[0].answer();
    for (let turn = 0; turn < 3; turn++)
      await expect(subscription.prove(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(connections).toHaveLength(1);
  });

  test('is sent at its interval, whether it could be sent or not, until the end', async () => {
    const { subscription, connections } = subscribe();
    await connections[0].answer();
    let sent = 0;
    subscription.proveEvery(1000, async () => {
      sent += 1;
      if (sent === 1) throw new Error('away');
      connections[0].say('proof:mine');
    });
    await jest.advanceTimersByTimeAsync(10_000);
    const before = sent;
    expect(before).toBeGreaterThan(2);
    subscription.close();
    subscription.proveEvery(1000, send);
    await jest.advanceTimersByTimeAsync(10_000);
    expect([sent, connections.length, jest.getTimerCount()]).toEqual([before, 1, 0]);
  });
});
