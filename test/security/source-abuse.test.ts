import { afterEach, describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { Subject } from 'rxjs';
import { lifecycleOf } from '../../lib/connection/lifecycle.js';
import type { Connection, ExtensionName, IncomingCall, JstpStream, Limits } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import type { RawPeer } from '../support/raw-peer.js';
import { ServerOnTheWire } from '../support/resume-wire.js';
import { waitFor, within } from '../support/wait-for.js';
import { guardProcess } from './arena.js';
import { CALL_BYTES } from '../../lib/connection/calls/weight.js';

const OFFER = '{cancel:1,resume:1,source:1}';
const extensions: readonly ExtensionName[] = ['cancel', 'resume', 'source'];
const closing = new Closing();

guardProcess();
afterEach(() => closing.run());

async function login(
  limits: Partial<Limits> = {},
): Promise<{ wire: ServerOnTheWire; peer: RawPeer; connection: Connection; id: string }> {
  const wire = await ServerOnTheWire.start(closing, { extensions, limits });
  return { wire, ...(await wire.login(OFFER)) };
}

/** A call with a stream whose first value somebody waits for. */
async function uploading(
  limits: Partial<Limits> = {},
): Promise<Awaited<ReturnType<typeof login>> & { call: IncomingCall<Connection>; stream: JstpStream }> {
  const all = await login(limits);
  all.peer.send("{call:[1,'files',null,[0]],upload:[null]}");
  const call = await all.wire.served.call(1);
  return { ...all, call, stream: call.args[0] as JstpStream };
}

/** The n-th value of the first argument of the first call, a text of so many letters. */
function value(n: number, letters: number): string {
  return `{source:[1,0,${String(n)}],data:['${'x'.repeat(letters)}']}`;
}

describe('a peer that forges streams', () => {
  test.each([
    ['no array', '{0:0}'],
    ['no number', "['0']"],
    ['a place that is none', '[1]'],
    ['a place twice', '[0,0]'],
    ['a negative place', '[-1]'],
    ['a fraction', '[0.5]'],
    ['more places than arguments', '[0,1,2,3]'],
  ])('gets 17 where a call says of its streams %s', async (_name, places) => {
    const { peer, wire } = await login();
    peer.send(`{call:[1,'files',null,${places}],upload:[null]}`);
    expect(await peer.received(1)).toEqual(['{callback:[1],error:[17]}']);
    expect(wire.served.calls).toEqual([]);
  });

  test('makes none by what an argument looks like', async () => {
    const { peer, wire } = await login();
    const data = '{source:[1,0],stream:true,__proto__:{next:1}}';
    peer.send(`{call:[1,'files'],upload:[${data}]}`, '{source:[1,0,1],data:[1]}');
    const [call] = [await wire.served.call(1)];
    expect(call.args).toEqual([expect.objectContaining({ source: [1, 0], stream: true })]);
    await peer.pong();
    expect([peer.ended, peer.messages]).toEqual([false, []]);
  });

  test('where nothing is agreed, says nothing by the fourth element of a header, or by a source', async () => {
    const wire = await ServerOnTheWire.start(closing, { extensions: ['resume'] });
    const { peer } = await wire.login('{resume:1,source:1}');
    peer.send("{call:[1,'files',null,[0]],upload:[null]}", '{source:[1,0,1],data:[1]}', '{source:[1]}');
    expect((await wire.served.call(1)).args).toEqual([null]);
    await peer.pong();
    expect(peer.ended).toBe(false);
  });

  test('is not agreed with where it offers no resume', async () => {
    const wire = await ServerOnTheWire.start(closing, { extensions });
    const peer = await wire.peer("{handshake:[0,'app','',{cancel:1,source:1}]}");
    expect((await peer.received(1))[0]).toMatch(/^\{handshake:\[0,null,\{cancel:1\}\],/);
  });

  test('is cut off when it sends a value that nobody has asked for', async () => {
    const { peer, stream } = await uploading();
    peer.send('{source:[1,0,1],data:[1]}');
    await peer.end();
    await expect(Promise.race([stream.next(), Promise.resolve('nothing')])).resolves.toBe('nothing');
  });

  test('is cut off beyond its credit', async () => {
    const { peer, stream } = await uploading();
    void stream.next();
    expect(await peer.received(1)).toEqual(['{source:[1,0],credit:[8]}']);
    for (let n = 1; n <= 8; n++) peer.send(`{source:[1,0,${String(n)}],data:[${String(n)}]}`);
    await peer.pong();
    expect(peer.ended).toBe(false);
    // With the first one it got more: all values are small.
    expect(peer.messages.at(-1)).toBe('{source:[1,0],credit:[65]}');
    for (let n = 9; n <= 66; n++) peer.send(`{source:[1,0,${String(n)}],data:[0]}`);
    await peer.end();
  });

  test('is cut off when a value is missing, or the end comes too early', async () => {
    for (const text of [
      '{source:[1,0,2],data:[1]}',
      '{source:[1,0,5],end:[]}',
      "{source:[1,0,3],error:[1,'x']}",
    ]) {
      const { peer, stream } = await uploading();
      void stream.next();
      await peer.received(1);
      peer.send(text);
      await peer.end();
      await closing.run();
    }
  });

  test('says nothing by values that have come before, by those of no call, and by those behind the end', async () => {
    const { peer, stream, call } = await uploading();
    const first = stream.next();
    await peer.received(1);
    peer.send(
      "{source:[1,0,1],data:['a']}",
      "{source:[1,0,1],data:['b']}",
      '{source:[1,7,1],data:[1]}',
      '{source:[2,0,1],data:[1]}',
      '{source:[-1,0,1],data:[1]}',
      '{source:[1,0],credit:[9]}',
      '{source:[1,0],cancel:[]}',
      '{source:[1,0,2],end:[]}',
      "{source:[1,0,3],data:['c']}",
      '{source:[1,0,4],end:[]}',
    );
    expect(await within(first, 'the value')).toEqual({ done: false, value: 'a' });
    expect((await within(stream.next(), 'the end')).done).toBe(true);
    call.succeed([1]);
    await peer.pong();
    expect([peer.ended, peer.messages.at(-1)]).toEqual([false, '{callback:[1],ok:[1]}']);
  });

  test('that gives credit and cancels for streams that are not its own changes nothing', async () => {
    const { peer, connection } = await login();
    const subject = new Subject<number>();
    const answer = connection.callMethod('screen', 'show', [subject, 'plain']);
    expect(await peer.received(1)).toEqual(["{call:[-1,'screen',null,[0]],show:[null,'plain']}"]);
    peer.send(
      '{source:[-1,1],credit:[5]}',
      '{source:[1,0],credit:[5]}',
      '{source:[-2,0],credit:[5]}',
      '{source:[-1,0,1],data:[5]}',
      '{source:[-1,0,1],end:[]}',
    );
    await peer.pong();
    expect(subject.observed).toBe(false);
    peer.send('{source:[-1,0],credit:[1]}');
    await waitFor(() => subject.observed, 'the subscription');
    subject.next(1);
    subject.next(2);
    await peer.pong();
    expect(peer.messages.slice(1)).toEqual(['{source:[-1,0,1],data:[1]}']);
    peer.send('{source:[-1,0],cancel:[]}');
    await waitFor(() => !subject.observed, 'the end of the source');
    peer.send('{source:[-1,0],credit:[9]}', '{callback:[-1],ok:[7]}');
    expect(await within(answer, 'the answer')).toBe(7);
    expect(peer.messages.slice(1)).toEqual(['{source:[-1,0,1],data:[1]}']);
  });

  test('that never gives credit makes this side read nothing, and hold nothing', async () => {
    const { peer, connection } = await login();
    const readable = Readable.from([1, 2, 3]);
    const answer = connection.callMethod('screen', 'show', [readable]);
    await peer.received(1);
    peer.send('{source:[-1,0],credit:[0]}');
    await peer.pong();
    expect(readable.readableDidRead).toBe(false);
    peer.send('{callback:[-1],ok:[]}');
    await within(answer, 'the answer');
    expect(readable.destroyed).toBe(true);
  });
});

describe('the streams of a call', () => {
  const upload = (id: number, count: number): string => {
    const places = Array.from({ length: count }, (_, place) => place);
    return `{call:[${String(id)},'files',null,[${places.join()}]],upload:[${places.map(() => 'null').join()}]}`;
  };

  test('are 64 at most: with one more it fails with -13', async () => {
    const { peer, wire } = await login();
    peer.send(upload(1, 64), upload(2, 65));
    expect((await wire.served.call(1)).args).toHaveLength(64);
    expect(await peer.received(1)).toEqual(['{callback:[2],error:[-13]}']);
    expect(wire.served.calls).toHaveLength(1);
  });

  test('count 768 bytes each until the call is over, also those that have ended', async () => {
    const { peer, wire, connection } = await login();
    peer.send(
      upload(1, 20),
      ...Array.from({ length: 20 }, (_, place) => `{source:[1,${String(place)},1],end:[]}`),
    );
    const call = await wire.served.call(1);
    await peer.pong();
    const { receivedCalls } = lifecycleOf(connection).channel;
    // 20 places and as many arguments, with 7 values around them, are more than the message and 2 KiB.
    expect(receivedCalls.bytes).toBe(20 * 768 + (2 * 20 + 7) * 64);
    call.succeed([]);
    expect(receivedCalls.bytes).toBe(0);
  });
});

describe('values that nobody reads', () => {
  test('count 64 bytes for each value within them, from the first on', async () => {
    const { peer, stream, connection } = await uploading();
    void stream.next();
    await peer.received(1);
    const { receivedCalls } = lifecycleOf(connection).channel;
    const before = receivedCalls.bytes;
    peer.send('{source:[1,0,1],data:[1]}', '{source:[1,0,2],data:[1]}');
    await peer.pong();
    // The reader has the first one.
    expect(receivedCalls.bytes - before).toBe(2 * 64);
    peer.send(`{source:[1,0,3],data:[[${'{},'.repeat(29)}]]}`);
    await peer.pong();
    expect(receivedCalls.bytes - before).toBe((2 + 30) * 64);
  });

  test('count as bytes under way, so that nothing new is served beyond the limit, until they are read', async () => {
    const { peer, stream, wire, call, connection } = await uploading({ maxBytesInFlight: 200_000 });
    void stream.next();
    await peer.received(1);
    const value = `'${'x'.repeat(60_000)}'`;
    for (let n = 1; n <= 8; n++) peer.send(`{source:[1,0,${String(n)}],data:[${value}]}`);
    peer.send("{call:[2,'files'],other:[]}");
    const served = (): number => lifecycleOf(connection).channel.receivedCalls.bytes;
    await waitFor(() => served() > 200_000, 'the values');
    await peer.pong();
    expect(wire.served.calls).toHaveLength(1);
    // What is held comes to a reader who waits, in its order.
    for (let n = 2; n <= 8; n++)
      expect((await within(stream.next(), `value ${String(n)}`)).value).toHaveLength(60_000);
    await wire.served.call(2);
    // The reader has the last one.
    expect(served()).toBeLessThan(60_000 + 3 * CALL_BYTES);
    call.succeed([]);
    expect(served()).toBeLessThan(CALL_BYTES + 100);
  });

  test('count on while their reader has them, until it asks for the next one, or for the end', async () => {
    const { peer, stream, connection } = await uploading();
    const { receivedCalls } = lifecycleOf(connection).channel;
    const before = receivedCalls.bytes;
    const first = stream.next();
    await peer.received(1);
    peer.send(value(1, 1000), value(2, 2000), '{source:[1,0,3],end:[]}');
    await within(first, 'the first value');
    await peer.pong();
    const frame = value(1, 0).length;
    expect(receivedCalls.bytes - before).toBe(3000 + 2 * frame);
    await stream.next();
    expect(receivedCalls.bytes - before).toBe(2000 + frame);
    expect((await stream.next()).done).toBe(true);
    expect(receivedCalls.bytes).toBe(before);
  });

  test('are dropped with their call, and count no longer', async () => {
    const { peer, stream, call, connection } = await uploading();
    void stream.next();
    await peer.received(1);
    for (let n = 1; n <= 4; n++) peer.send(`{source:[1,0,${String(n)}],data:['${'x'.repeat(1000)}']}`);
    const { receivedCalls } = lifecycleOf(connection).channel;
    await waitFor(() => receivedCalls.bytes > 3000, 'the values');
    call.succeed([]);
    expect(receivedCalls.bytes).toBe(0);
  });
});

describe('values where all connections have as much under way as may be', () => {
  const LARGE = 60_000;
  /** A connection whose handler has one value, and leaves three. */
  async function fill(wire: ServerOnTheWire): Promise<IncomingCall<Connection>> {
    const { peer, call, stream } = await upload(wire);
    void stream.next();
    await peer.received(1);
    for (let n = 1; n <= 4; n++) peer.send(value(n, LARGE));
    await waitFor(() => wire.server.getUsage().bytesInFlight.used > 4 * LARGE, 'the values');
    return call;
  }

  async function upload(
    wire: ServerOnTheWire,
  ): Promise<{ peer: RawPeer; call: IncomingCall<Connection>; stream: JstpStream }> {
    const { peer } = await wire.login(OFFER);
    const before = wire.served.calls.length;
    peer.send("{call:[1,'files',null,[0]],upload:[null]}");
    await waitFor(() => wire.served.calls.length > before, 'the call');
    const call = wire.served.calls[before];
    return { peer, call, stream: call.args[0] as JstpStream };
  }

  const start = (): Promise<ServerOnTheWire> =>
    ServerOnTheWire.start(closing, { extensions, limits: { maxBytesInFlightTotal: 200_000 } });

  test('come to one reader after another who waits, and to nobody else', async () => {
    const wire = await start();
    const first = await upload(wire);
    const second = await upload(wire);
    await fill(wire);
    const got: string[] = [];
    const read = ({ stream }: { stream: JstpStream }, name: string): void => {
      void stream.next().then(() => got.push(name));
    };
    read(first, 'first');
    read(second, 'second');
    await Promise.all([first.peer.received(1), second.peer.received(1)]);
    first.peer.send(value(1, LARGE), value(2, LARGE));
    await waitFor(() => got.length === 1, 'the first value');
    second.peer.send(value(1, LARGE));
    await Promise.all([first.peer.pong(), second.peer.pong()]);
    expect(got).toEqual(['first']);
    expect(wire.server.getUsage().bytesInFlight.used).toBeLessThan(6 * LARGE);
    // It asks on, so that another one's turn comes; its own comes when that one's call is over.
    read(first, 'first again');
    await waitFor(() => got.length === 2, 'the next value');
    await first.peer.pong();
    const [, next] = got;
    (next === 'second' ? second : first).call.succeed([]);
    await waitFor(() => got.length === 3, 'the last value');
    expect(got.slice(1).sort()).toEqual(['first again', 'second']);
  });

  test('that are small come to connections that have little under way', async () => {
    const wire = await start();
    const honest = await upload(wire);
    await fill(wire);
    void honest.stream.next();
    await honest.peer.received(1);
    honest.peer.send(value(1, 1000), value(2, 1000), value(3, 1000));
    const used = wire.server.getUsage().bytesInFlight.used;
    await waitFor(() => wire.server.getUsage().bytesInFlight.used > used + 3000, 'the values');
  });

  test('do not end before their call begins, which waits', async () => {
    const wire = await start();
    const full = await fill(wire);
    const { peer } = await wire.login(OFFER);
    peer.send(`{call:[1,'files',null,[0]],upload:[null,'${'x'.repeat(5000)}']}`, '{source:[1,0,1],end:[]}');
    await peer.pong();
    expect(wire.served.calls).toHaveLength(1);
    full.succeed([]);
    await waitFor(() => wire.served.calls.length === 2, 'the call that waited');
    const stream = wire.served.calls[1]?.args[0] as JstpStream;
    expect((await within(stream.next(), 'the end')).done).toBe(true);
  });
});

describe('a resume', () => {
  test('repeats credit and values, of which each counts once', async () => {
    const { peer, stream, wire, id } = await uploading();
    const first = stream.next();
    await peer.received(1);
    peer.send("{source:[1,0,1],data:['a']}", "{source:[1,0,2],data:['b']}");
    expect((await within(first, 'the value')).value).toBe('a');
    await peer.pong();
    const credit = peer.messages.at(-1);
    await wire.cut(peer);
    const back = await wire.resume(id, 0, OFFER);
    await waitFor(() => back.messages.includes(String(credit)), 'the credit');
    back.send("{source:[1,0,1],data:['a']}", "{source:[1,0,2],data:['b']}", "{source:[1,0,3],data:['c']}");
    back.send('{source:[1,0,4],end:[]}');
    const rest: unknown[] = [];
    for await (const value of stream) rest.push(value);
    expect(rest).toEqual(['b', 'c']);
  });

  test('with another set of extensions is refused', async () => {
    const { peer, wire, id } = await uploading();
    await wire.cut(peer);
    const back = await wire.resume(id, 0, '{cancel:1,resume:1}');
    expect((await back.received(1))[0]).toContain('ERR_SESSION_LOST');
  });
});
