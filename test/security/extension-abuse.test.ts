import { afterEach, describe, expect, test } from '@jest/globals';
import { Application, type Connection, type IncomingCall, type OutgoingStream } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { waitFor } from '../support/wait-for.js';
import { Arena, CHASER, guardProcess } from './arena.js';

const closing = new Closing();
const OFFER = "{handshake:[0,'app','',{stream:1,cancel:1,bye:1}]}";

guardProcess();
afterEach(() => closing.run());

/** An application whose calls are streams that the test feeds. */
class Streaming extends Application<Connection> {
  readonly calls: IncomingCall<Connection>[] = [];
  readonly streams: OutgoingStream[] = [];

  handleCall(call: IncomingCall<Connection>): void {
    if (call.interfaceName !== 'feed') {
      super.callMethod(
        call.connection,
        call.interfaceName,
        call.methodName,
        call.args,
        (error, ...results) => {
          if (error) call.fail(error);
          else call.succeed(results);
        },
      );
      return;
    }
    this.calls.push(call);
    this.streams.push(call.openStream());
  }
}

async function streamingArena(limits = {}): Promise<{ arena: Arena; app: Streaming }> {
  const executed: string[] = [];
  const app = new Streaming('app', {
    mark: {
      run: (_connection: Connection, label: string, callback: (error: null) => void) => {
        arena.executed.push(label);
        callback(null);
      },
    },
  });
  const arena = await Arena.start(closing, {
    applications: [app],
    extensions: ['stream', 'cancel', 'bye'],
    limits,
  });
  arena.executed.push(...executed);
  return { arena, app };
}

function itemsOf(messages: readonly string[]): string[] {
  return messages.filter((text) => text.startsWith('{stream:'));
}

describe('streams', () => {
  test('of a peer are limits.maxStreams at once: the next one fails alone, until one has ended', async () => {
    const { arena, app } = await streamingArena({ maxStreams: 2 });
    const peer = await arena.guest(OFFER);
    const other = await arena.guest(OFFER);
    peer.send(...[1, 2, 3].map((id) => `{call:[${String(id)},'feed'],all:[]}`));
    expect((await peer.received(2))[1]).toBe("{callback:[3],error:[-13,'Too many streams']}");
    expect(app.calls.map(({ isOpen }) => isOpen)).toEqual([true, true, false]);
    expect(app.calls[2]?.signal.aborted).toBe(true);
    expect(app.streams.map((stream) => stream.write('x'))).toEqual([true, true, false]);
    other.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.calls.length === 4, 'a stream of another peer');
    expect(app.calls[3]?.isOpen).toBe(true);
    app.streams[0]?.end();
    peer.send('{cancel:[2]}', ...[4, 5, 6].map((id) => `{call:[${String(id)},'feed'],all:[]}`));
    await peer.pong(7);
    expect(app.calls.slice(4).map(({ isOpen }) => isOpen)).toEqual([true, true, false]);
  });

  test('may be any number where limits.maxStreams is Infinity', async () => {
    const { arena, app } = await streamingArena({ maxStreams: Infinity });
    const peer = await arena.guest(OFFER);
    peer.send(...Array.from({ length: 1500 }, (_, index) => `{call:[${String(index + 1)},'feed'],all:[]}`));
    await waitFor(() => app.calls.length === 1500, 'all streams');
    expect(app.calls.every(({ isOpen }) => isOpen)).toBe(true);
  });

  test('wait while more than limits.sendHighWaterMark is unsent, however large the credit', async () => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}", '{stream:[1],credit:[9007199254740991]}');
    await waitFor(() => app.streams.length === 1, 'the stream');
    peer.socket.pause();
    const [stream] = app.streams;
    const value = 'x'.repeat(256 * 1024);
    let written = 0;
    const feed = async (): Promise<void> => {
      while (written < 400) {
        written++;
        if (!stream.write(value) && !(await stream.ready())) return;
      }
      stream.end();
    };
    const fed = feed();
    let before = -1;
    await waitFor(async () => {
      const isPaused = written === before;
      before = written;
      await arena.hasRead();
      return isPaused;
    }, 'the pause');
    expect(written).toBeLessThan(200);
    peer.socket.resume();
    await fed;
    await waitFor(() => peer.messages.includes('{callback:[1],ok:[]}'), 'the end of the stream');
    expect(itemsOf(peer.messages)).toHaveLength(400);
  });
});

describe('stream credit', () => {
  const FATAL = ['-1', '0.5', 'NaN', '1e400', "'5'", 'null', '[5]', '{}', '9007199254740993'];

  test.each(FATAL)('of %s is no message: the connection ends', async (credit) => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.calls.length === 1, 'the call');
    peer.send(`{stream:[1],credit:[${credit}]}`, CHASER);
    await arena.expectEnded(peer);
    await waitFor(() => !app.calls[0]?.isOpen, 'the end of the call');
  });

  test.each(['7', '-7', '0', '1e15'])('for an unknown call %s is ignored', async (id) => {
    const { arena } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send(`{stream:[${id}],credit:[100]}`, '{ping:[1]}');
    expect((await peer.received(2))[1]).toBe('{pong:[1]}');
  });

  test('as large as numbers go lets out what is made and nothing more', async () => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}", `{stream:[1],credit:[${String(Number.MAX_SAFE_INTEGER)}]}`);
    await waitFor(() => app.streams.length === 1, 'the stream');
    await peer.pong(2);
    for (let n = 0; n < 200; n++) app.streams[0]?.write(n);
    await peer.received(201);
    expect(itemsOf(peer.messages)).toHaveLength(200);
    await arena.expectServing();
  });

  test('is absolute: a lower one takes nothing back, and the sender never goes beyond it', async () => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.streams.length === 1, 'the stream');
    for (let n = 0; n < 100; n++) app.streams[0]?.write(n);
    await peer.received(65);
    await peer.pong(2);
    expect(itemsOf(peer.messages)).toHaveLength(64);
    peer.send('{stream:[1],credit:[10]}', '{stream:[1],credit:[0]}');
    await peer.pong(3);
    expect(itemsOf(peer.messages)).toHaveLength(64);
    peer.send('{stream:[1],credit:[70]}');
    await peer.received(71);
    await peer.pong(4);
    expect(itemsOf(peer.messages)).toHaveLength(70);
    peer.send('{stream:[1],credit:[100]}');
    await peer.received(101);
    expect(itemsOf(peer.messages).at(-1)).toBe('{stream:[1,100],data:[99]}');
  });

  test('that never comes fails the stream at limits.maxStreamBufferItems', async () => {
    const { arena, app } = await streamingArena({ maxStreamBufferItems: 10 });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.streams.length === 1, 'the stream');
    // Those that are sent without credit, and as many as may wait.
    for (let n = 0; n < 64 + 10; n++) app.streams[0].write(n);
    await peer.pong(2);
    expect(itemsOf(peer.messages)).toHaveLength(64);
    expect(() => app.streams[0].write(74)).toThrow('Stream buffer overflow');
    expect((await peer.received(66)).at(-1)).toMatch(/^\{callback:\[1\],error:\[-6/);
    await arena.expectServing();
  });
});

describe('a stream whose reader gives no credit', () => {
  test('holds as many bytes as limits.maxStreamBufferBytes says, and fails with -6 beyond', async () => {
    const CREDIT = 64;
    const held = (n: number): string => `{stream:[1,${String(CREDIT + n)}],data:[1]}`;
    const maxStreamBufferBytes = 10 * held(1).length;
    const { arena, app } = await streamingArena({ maxStreamBufferBytes });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.streams.length === 1, 'the stream');
    for (let n = 0; n < CREDIT + 10; n += 1) app.streams[0].write(1);
    await peer.pong(2);
    expect(itemsOf(peer.messages)).toHaveLength(CREDIT);
    expect(() => app.streams[0].write(1)).toThrow('Stream buffer overflow');
    expect((await peer.received(CREDIT + 2)).at(-1)).toMatch(/^\{callback:\[1\],error:\[-6/);
    await arena.expectServing();
  });
});

describe('credit for more than anybody needs', () => {
  const LAST = '{stream:[1],credit:[9007199254740991]}';

  test('does not let a stream of values that cost nothing keep others from being served', async () => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.socket.pause();
    peer.send("{call:[1,'feed'],all:[]}", LAST, '{ping:[2]}');
    await waitFor(() => app.streams.length === 1, 'the stream');
    const [stream] = app.streams;
    let made = 0;
    const run = { isOver: false };
    const making = (async (): Promise<void> => {
      while (!run.isOver && (await stream.ready())) stream.write((made += 1));
    })();
    await arena.expectServing();
    await waitFor(() => made > 20_000, 'values');
    run.isOver = true;
    await making;
    await arena.expectServing();
  });

  test('lets no more than limits.maxStreamBufferItems out at once, and all in the end', async () => {
    const { arena, app } = await streamingArena({ maxStreamBufferItems: 100 });
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}", LAST, '{ping:[2]}');
    await peer.received(2);
    const [stream] = app.streams;
    const wasTaken: boolean[] = [];
    for (let n = 1; n <= 150; n++) wasTaken.push(stream.write(n));
    expect(wasTaken.lastIndexOf(true)).toBe(98);
    expect(await stream.ready()).toBe(true);
    for (let n = 151; n <= 200; n++) stream.write(n);
    stream.end();
    const messages = await peer.received(203);
    expect(itemsOf(messages)).toEqual(
      Array.from(
        { length: 200 },
        (_, index) => `{stream:[1,${String(index + 1)}],data:[${String(index + 1)}]}`,
      ),
    );
    expect(messages.at(-1)).toBe('{callback:[1],ok:[]}');
  });

  test('is no way around that for a peer that knows no streams', async () => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest();
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.streams.length === 1, 'the stream');
    const [stream] = app.streams;
    const run = { isOver: false };
    const making = (async (): Promise<void> => {
      while (!run.isOver && (await stream.ready())) stream.write(1);
      stream.end();
    })();
    await arena.expectServing();
    run.isOver = true;
    await making;
    expect((await peer.received(2))[1]).toBe('{callback:[1],ok:[1]}');
  });
});

describe('stream values to a side that has asked for none', () => {
  test.each(["{stream:[1,1],data:['x']}", "{stream:[-1,1],data:['x']}", '{stream:[1,0],data:[]}'])(
    '%s is ignored',
    async (text) => {
      const { arena } = await streamingArena();
      const peer = await arena.guest(OFFER);
      peer.send(text, text, '{ping:[1]}');
      expect((await peer.received(2))[1]).toBe('{pong:[1]}');
    },
  );

  test.each([
    '{stream:[1,-1],data:[1]}',
    '{stream:[1],data:[1]}',
    '{stream:[1,1]}',
    '{stream:[1,1],data:{}}',
  ])('%s is no message: the connection ends', async (text) => {
    const { arena } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send(text, CHASER);
    await arena.expectEnded(peer);
  });
});

describe('cancel', () => {
  test.each(['7', '-7', '0', '1e15'])('of the unknown call %s is ignored', async (id) => {
    const { arena } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send(`{cancel:[${id}]}`, `{cancel:[${id}]}`, '{ping:[1]}');
    expect((await peer.received(2))[1]).toBe('{pong:[1]}');
  });

  test('said twice tears a call down once, and its late answer goes nowhere', async () => {
    const { arena, app } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send("{call:[1,'feed'],all:[]}");
    await waitFor(() => app.calls.length === 1, 'the call');
    let aborts = 0;
    app.calls[0]?.signal.addEventListener('abort', () => aborts++);
    peer.send('{cancel:[1]}', '{cancel:[1]}', '{ping:[2]}');
    await peer.received(2);
    expect(aborts).toBe(1);
    app.calls[0]?.succeed(['late']);
    expect(app.streams[0]?.write('late')).toBe(false);
    await peer.pong(3);
    expect(peer.messages.slice(1)).toEqual(['{pong:[2]}']);
  });

  describe('of more calls in service than limits.maxCancelBurst', () => {
    const MOST = 5;
    const callAndCancel = (id: number): string[] => [
      `{call:[${String(id)},'slow'],wait:[]}`,
      `{cancel:[${String(id)}]}`,
    ];
    const times = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => callAndCancel(index + 1)).flat();

    test('ends the connection, and runs nothing more', async () => {
      const arena = await Arena.start(closing, { limits: { maxCancelBurst: MOST } });
      const peer = await arena.guest(OFFER);
      peer.send(...times(MOST + 10), CHASER);
      await arena.expectEnded(peer);
      expect(arena.waiting).toHaveLength(MOST + 1);
      expect(arena.errors).toEqual([
        expect.objectContaining({ code: 'ERR_JSTP_PROTOCOL', limit: 'maxCancelBurst' }),
      ]);
    });

    test('is what counts: so many are served, and those of calls that have ended are not counted', async () => {
      const arena = await Arena.start(closing, { limits: { maxCancelBurst: MOST } });
      const peer = await arena.guest(OFFER);
      peer.send(...times(MOST), ...Array.from({ length: 100 }, () => '{cancel:[1]}'));
      await peer.pong(MOST + 1);
      expect(peer.ended).toBe(false);
      expect(arena.waiting).toHaveLength(MOST);
    });

    test('is never where that is Infinity', async () => {
      const arena = await Arena.start(closing, {
        limits: { maxCancelBurst: Infinity, maxCallsInFlight: 20_000 },
      });
      const peer = await arena.guest(OFFER);
      peer.send(...times(12_000));
      await peer.pong(12_001);
      expect(arena.waiting).toHaveLength(12_000);
    });
  });

  test('sent ten thousand times costs ten thousand messages and no more', async () => {
    const { arena } = await streamingArena();
    const peer = await arena.guest(OFFER);
    peer.send(...Array.from({ length: 10_000 }, (_, id) => `{cancel:[${String(id)}]}`), '{ping:[1]}');
    await arena.expectServing();
    expect((await peer.received(2))[1]).toBe('{pong:[1]}');
  });
});

describe('bye', () => {
  test.each(["{bye:['nonsense']}", '{bye:[]}', '{bye:[7]}', '{bye:[{}]}', "{bye:['__proto__']}"])(
    '%s harms nobody else',
    async (text) => {
      const { arena } = await streamingArena();
      const peer = await arena.guest(OFFER);
      peer.send(text, text);
      await arena.expectServing();
    },
  );
});

describe('an offer of extensions', () => {
  const OFFERS = [
    '[]',
    "['stream']",
    'null',
    '7',
    "'stream'",
    '{stream:2}',
    "{stream:'1'}",
    '{__proto__:{stream:1}}',
    '{toString:1}',
  ];

  test.each(OFFERS)('of %s agrees on nothing, and the client is in', async (offer) => {
    const { arena } = await streamingArena();
    const peer = await arena.guest(`{handshake:[0,'app','',${offer}]}`);
    expect(peer.messages[0]).toMatch(/^\{handshake:\[0(,null,\{\})?\],ok:/);
    expect(arena.server.getClientsArray()[0]?.extensions.stream).toBe(false);
  });
});
