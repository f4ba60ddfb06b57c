import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection, type IncomingCall, type Server } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** What a side was sent: the metadata of calls and events. */
class Noting extends Application<Connection> {
  readonly calls: IncomingCall<Connection>[] = [];
  readonly events: unknown[] = [];
  /** How a call is answered. */
  serve: (call: IncomingCall<Connection>) => void = (call) => call.succeed(call.args);

  handleCall(call: IncomingCall<Connection>): void {
    this.calls.push(call);
    this.serve(call);
  }

  override handleEvent(...args: unknown[]): void {
    this.events.push(args[4]);
  }
}

const METADATA = { locale: 'de', depth: { of: [1, 2] } };
let server: Server;
let ofServer: Noting;
let ofClient: Noting;
let client: Connection;
let sent: string[];

beforeEach(async () => {
  ofServer = new Noting('app', {});
  ofClient = new Noting('side', {});
  let port: number;
  ({ server, port } = await startCore(closing, { applications: [ofServer] }));
  client = await dial(closing, port, { application: ofClient });
  sent = [];
  client.on('outgoingMessage', (message) => sent.push(JSON.stringify(message)));
});

const serverSide = (): Connection => server.getClientsArray()[0];

describe('metadata', () => {
  test('goes with a call, whichever side makes it, by a Promise and with a callback', async () => {
    expect(await client.callMethod('i', 'm', [1], { metadata: METADATA })).toBe(1);
    expect(await serverSide().callMethod('i', 'm', [2], { metadata: METADATA })).toBe(2);
    const answer = await new Promise((resolve) => {
      client.callMethod('i', 'm', [3], (_error, value) => resolve(value), { metadata: METADATA });
    });
    expect(answer).toBe(3);
    expect(ofServer.calls.map(({ metadata }) => metadata)).toEqual([METADATA, METADATA]);
    expect(ofClient.calls.map(({ metadata }) => metadata)).toEqual([METADATA]);
  });

  test('goes with an event, whichever side sends it', async () => {
    client.emitRemoteEvent('i', 'e', [], { metadata: METADATA });
    client.emitRemoteEvent('i', 'e', []);
    serverSide().emitRemoteEvent('i', 'e', [], { metadata: METADATA });
    await waitFor(() => ofServer.events.length + ofClient.events.length === 3, 'the events');
    expect(ofServer.events).toEqual([METADATA, undefined]);
    expect(ofClient.events).toEqual([METADATA]);
  });

  test('is not written where it has no members', async () => {
    await client.callMethod('i', 'm', [], { metadata: {} });
    await client.callMethod('i', 'm', [], { metadata: { none: undefined } });
    expect(sent).toEqual(['{"call":[1,"i"],"m":[]}', '{"call":[2,"i"],"m":[]}']);
    expect(ofServer.calls.map(({ metadata }) => metadata)).toEqual([undefined, undefined]);
  });

  test.each([
    ['text', /metadata must be an object/],
    [new Date(0), /metadata must be an object/],
    [[1], /metadata must be an object/],
    [{ big: 1n }, /bigint/i],
    [{ text: 'é'.repeat(4100) }, /limits\.maxMetadataBytes of this side/],
  ])('that cannot be sent fails its call, or is the event’s error: %p', async (metadata, text) => {
    const given = { metadata: metadata as unknown as Record<string, unknown> };
    await expect(client.callMethod('i', 'm', [], given)).rejects.toThrow(text);
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    client.emitRemoteEvent('i', 'e', [], given);
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(text) as unknown })]);
    expect(sent).toEqual([]);
    // What follows has the next number, and arrives.
    expect(await client.callMethod('i', 'm', [5])).toBe(5);
  });
});

describe('reply metadata', () => {
  async function call(serve: Noting['serve'], from = client): Promise<unknown[]> {
    ofServer.serve = ofClient.serve = serve;
    const heard: unknown[] = [];
    const outcome = await from
      .callMethod('i', 'm', [], { onReplyMetadata: (metadata) => heard.push(metadata) })
      .catch((error: unknown) => error);
    return [...heard, outcome];
  }

  test('comes before the result, from both sides', async () => {
    const serve = (incoming: IncomingCall<Connection>): void => {
      incoming.setReplyMetadata({ cost: 3, rest: 1 });
      incoming.setReplyMetadata({ rest: 2 });
      incoming.succeed(['done']);
    };
    expect(await call(serve)).toEqual([{ cost: 3, rest: 2 }, 'done']);
    expect(await call(serve, serverSide())).toEqual([{ cost: 3, rest: 2 }, 'done']);
  });

  test('comes with an error, and with the end of a stream', async () => {
    const failing = (incoming: IncomingCall<Connection>): void => {
      incoming.setReplyMetadata({ cost: 3 });
      incoming.fail(7);
    };
    expect(await call(failing)).toEqual([{ cost: 3 }, expect.objectContaining({ code: 7 })]);
    const streaming = (incoming: IncomingCall<Connection>): void => {
      const stream = incoming.openStream();
      stream.write('a');
      incoming.setReplyMetadata({ rows: 1 });
      stream.end();
    };
    expect(await call(streaming)).toEqual([{ rows: 1 }, 'a']);
  });

  test('that is too large is an error for the handler, and what was set before is sent', async () => {
    const errors: unknown[] = [];
    const serve = (incoming: IncomingCall<Connection>): void => {
      incoming.setReplyMetadata({ cost: 3 });
      try {
        incoming.setReplyMetadata({ text: 'x'.repeat(8192) });
      } catch (error) {
        errors.push(error);
      }
      incoming.succeed([]);
    };
    expect(await call(serve)).toEqual([{ cost: 3 }, undefined]);
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_JSTP_METADATA_TOO_LARGE' })]);
  });

  test('reaches a listener in the context of its caller; what that throws is reported, and the result arrives', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const reported: unknown[] = [];
    client.on('error', (error) => reported.push(error));
    ofServer.serve = (incoming) => {
      incoming.setReplyMetadata({ cost: 3 });
      incoming.succeed(['done']);
    };
    const broken = new Error('of the listener');
    const answer = await storage.run('caller', () =>
      client.callMethod('i', 'm', [], {
        onReplyMetadata: () => {
          seen.push(storage.getStore());
          throw broken;
        },
      }),
    );
    expect([answer, ...seen]).toEqual(['done', 'caller']);
    expect(reported).toEqual([broken]);
  });
});
