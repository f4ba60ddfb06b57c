import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  Application,
  net,
  tls,
  withCall,
  ws,
  wss,
  type Connection,
  type IncomingCall,
  type Server,
} from '../../lib/core.js';
import { ca, serverPair } from '../support/certificates.js';
import type { Closing } from '../support/closing.js';
import { reference, startServer } from '../support/jstp.js';
import { LOOPBACK } from '../support/ports.js';
import { within } from '../support/wait-for.js';

/** What the methods of the application have noticed. */
export interface Noticed {
  readonly logins: unknown[];
  readonly cancelled: string[];
  readonly events: unknown[];
  readonly metadata: unknown[];
}

/** What a peer may write to a terminal: colours, a title, a line above. */
export const EVIL = '\x1b[31mred\x1b]0;title\x07\x9b2A\u202ereversed';

export const noticed: Noticed = { logins: [], cancelled: [], events: [], metadata: [] };

/** An application with methods that stream. */
class Streaming extends Application {
  handleCall(call: IncomingCall): void {
    const { connection, interfaceName, methodName, args } = call;
    if (interfaceName === 'rooms' && methodName === 'history') void send(call, history);
    else if (interfaceName === 'rooms' && methodName === 'follow') void send(call, numbers());
    else
      this.callMethod(
        connection,
        interfaceName,
        methodName,
        args,
        (error: unknown, ...results: unknown[]) => {
          if (error) call.fail(error);
          else call.succeed(results);
        },
        call,
      );
  }
}

const history = [
  { who: 'ann', text: 'hello' },
  { who: 'bob', text: 'hi' },
];

function* numbers(): Generator<number> {
  for (let n = 1; ; n += 1) yield n;
}

async function send(call: IncomingCall, values: Iterable<unknown>): Promise<void> {
  call.signal.addEventListener('abort', () => noticed.cancelled.push(call.methodName));
  const stream = call.openStream();
  for (const value of values) {
    if (!call.isOpen || (!stream.write(value) && !(await stream.ready()))) return;
  }
  stream.end();
}

const streams = (): undefined => undefined;

/** The application of the tests. */
export function chat(): Application {
  return new Streaming(
    'chat@1.2.0',
    {
      math: { add: async (_connection: Connection, a: number, b: number) => a + b },
      rooms: {
        join: async (connection: Connection, room: string) => {
          connection.emitRemoteEvent('rooms', 'opened', [room]);
          connection.emitRemoteEvent('people', 'entered', ['ann', room]);
          return `in ${room}`;
        },
        history: streams,
        follow: streams,
        evil: async (_connection: Connection) => ({ [EVIL]: EVIL, list: [EVIL] }),
        wait: async (_connection: Connection) => new Promise(() => undefined),
        nothing: async (_connection: Connection) => undefined,
        bytes: async (_connection: Connection) => Buffer.from([1, 2, 255]),
        total: withCall(async (_call, numbers: AsyncIterable<number>) => {
          let sum = 0;
          for await (const number of numbers) sum += number;
          return sum;
        }),
        tell: withCall(async (call) => {
          noticed.metadata.push(call.metadata);
          return true;
        }),
      },
      people: { kick: async (_connection: Connection, who: string) => who },
    },
    { rooms: { typing: (_connection: Connection, who: string) => void noticed.events.push(who) } },
  );
}

const authPolicy = async (
  _connection: unknown,
  _app: unknown,
  strategy: string,
  credentials: unknown,
): Promise<string | null> => {
  noticed.logins.push([strategy, credentials]);
  if (strategy === 'token') return 'token';
  return Array.isArray(credentials) && credentials[1] === 'secret' ? (credentials[0] as string) : null;
};

/** The servers of the tests, by transport. */
const ENTRIES = { jstp: net, jstps: tls, ws, wss };

/** Starts a server of this package. @returns its address, without the application */
export async function serve(
  closing: Closing,
  transport: keyof typeof ENTRIES | 'path' = 'jstp',
  options: object = {},
): Promise<string> {
  const entry = (transport === 'path' ? net : ENTRIES[transport]) as typeof net;
  const secure = transport === 'jstps' || transport === 'wss' ? serverPair : {};
  const server: Server = entry.createServer({ applications: [chat()], authPolicy, ...secure, ...options });
  closing.add(() => {
    server.closeConnections();
    server.close();
  });
  const socket = path.join(folder(closing), 'jstp.sock');
  const place = transport === 'path' ? { path: socket } : { host: LOOPBACK, port: 0 };
  await within(new Promise<void>((resolve) => server.listen(place, resolve)), 'a server');
  if (transport === 'path') return socket;
  return `${transport}://${LOOPBACK}:${(server.address() as { port: number }).port}`;
}

/** Starts a server of @metarhia/jstp 2.3.0. */
export async function serveReference(closing: Closing): Promise<string> {
  const application = new reference.Application('chat@1.2.0', {
    math: {
      add: (_connection: unknown, a: number, b: number, callback: (error: unknown, sum: number) => void) =>
        callback(null, a + b),
      fail: (_connection: unknown, callback: (error: unknown) => void) =>
        callback(new reference.RemoteError(1010, 'Division by zero', [7])),
    },
    rooms: {
      join: (
        connection: { emitRemoteEvent(...args: unknown[]): void },
        room: string,
        callback: (error: unknown, answer: string) => void,
      ) => {
        connection.emitRemoteEvent('rooms', 'opened', [room]);
        callback(null, `in ${room}`);
      },
    },
  });
  const { port } = await startServer(reference, { applications: [application] }, closing);
  return `jstp://${LOOPBACK}:${port}`;
}

/** A folder that is removed behind the tests. */
export function folder(closing: Closing): string {
  const made = mkdtempSync(path.join(realpathSync(tmpdir()), 'jstp-cli-'));
  closing.add(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A file with a text. @returns its path */
export function fileOf(closing: Closing, text: string): string {
  const file = path.join(folder(closing), 'file');
  writeFileSync(file, text);
  return file;
}

/** The file of the authority that has signed the servers' certificate. */
export function caFile(closing: Closing): string {
  return fileOf(closing, ca);
}
