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

describe('values that nobody reads', () => {
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
    expect(served()).toBeLessThan(1000);
    call.succeed([]);
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
