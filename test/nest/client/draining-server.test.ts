import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { JstpClient } from '../../../lib/index.js';
import { Closing } from '../../support/closing.js';
import { startRawServer } from '../../support/jstp.js';
import { observe } from '../../support/observed.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor } from '../../support/wait-for.js';
import './fixture.js';

const closing = new Closing();
afterEach(() => closing.run());

const EXTENSIONS = '{bye:1,cancel:1,nest:1,resume:1,stream:1,max:8388608}';

/** A connection to a server that the test plays. */
class Line {
  /** What has come, without the texts of events. */
  readonly heard: string[] = [];
  private rest = '';

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const texts = (this.rest + chunk.toString()).split('\0');
      this.rest = texts.pop() ?? '';
      for (const text of texts) this.hear(text);
    });
  }

  say(text: string): void {
    this.socket.write(`${text}\0`);
  }

  private hear(text: string): void {
    if (text.startsWith('{handshake')) this.say(`{handshake:[0,null,${EXTENSIONS}],ok:'a session'}`);
    else this.heard.push(text.slice(0, 60));
  }
}

/** A server that the test plays. */
async function play() {
  const lines: Line[] = [];
  const server = createServer((socket) => lines.push(new Line(socket)));
  const { port } = await startRawServer(server, closing);
  return { lines, port };
}

test('a client that hears that its server leaves takes back what it has not written yet', async () => {
  const { lines, port } = await play();
  const limits = { sendHighWaterMark: 1000, drainTimeoutMs: 0 };
  const client = new JstpClient({ host: LOOPBACK, port, limits, heartbeatInterval: 0 });
  closing.add(() => client.close());
  await client.connect();
  const [first] = lines;
  first.socket.pause();
  // More than the system keeps for a peer that does not read.
  const text = 'x'.repeat(200_000);
  const count = 100;
  for (let n = 0; n < count; n++) client.emit('works.told', [n, text]).subscribe();
  const call = observe(client.send('works.quick', 'a call'));
  first.say('{drain:[]}');
  await waitFor(() => lines.length === 2, 'the next connection');
  const [, second] = lines;
  await waitFor(() => second.heard.some((heard) => heard.includes('quick')), 'the call');
  first.socket.resume();
  const events = ({ heard }: Line): string[] =>
    heard.flatMap((one) => (one.startsWith('{event') ? [/\[\[(\d+),/.exec(one)?.[1] ?? ''] : []));
  const all = (): string[] => [...events(first), ...events(second)];
  await waitFor(() => all().length >= count, 'all events');
  expect(all()).toEqual(Array.from({ length: count }, (_, n) => String(n)));
  expect(events(second).length).toBeGreaterThan(0);
  // The numbers of what was taken back have no gap, for the peer's count.
  await waitFor(() => first.heard.length >= count + 1, 'what stands in their places');
  const numbers = first.heard.map((heard) => Number(/\[(\d+)/.exec(heard)?.[1]));
  expect(numbers.filter((number) => number > 0)).toEqual(
    expect.arrayContaining(Array.from({ length: count + 1 }, (_, n) => n + 1)),
  );
  const id = /call:\[(\d+)/.exec(second.heard.find((heard) => heard.includes('quick')) ?? '')?.[1];
  second.say(`{callback:[${String(id)}],ok:['done']}`);
  expect((await call.end()).values).toEqual(['done']);
});

test('the code of a server that closes is that of a handler, where the server has not said that it leaves', async () => {
  const { lines, port } = await play();
  const client = new JstpClient({ host: LOOPBACK, port, limits: { drainTimeoutMs: 0 } });
  closing.add(() => client.close());
  const call = observe(client.send('works.quick', 'a call'));
  await waitFor(() => lines.some(({ heard }) => heard.length > 0), 'the call');
  lines[0].say("{callback:[1],error:[-15,'of another server']}");
  expect((await call.end()).failure).toMatchObject({ error: { code: -15, message: 'of another server' } });
  expect(lines).toHaveLength(1);
});
