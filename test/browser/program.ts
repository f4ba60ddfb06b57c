/** What a browser does with `nestjs-jstp/browser`. Bundled and run on every platform that has a global WebSocket. */
import {
  Application,
  connect,
  connectAndInspect,
  reconnect,
  SimpleConnectPolicy,
  type ClientOptions,
  type Connection,
  type ReconnectFunction,
} from '../../lib/browser.js';

/** What the program has seen; to be compared with {@link EXPECTED}. */
export type Report = Record<string, unknown>;

type Back = (error: unknown, value: unknown) => void;

const BIG_LENGTH = 3 * 1024 * 1024;

interface Host {
  setTimeout(callback: () => void, delayMs: number): unknown;
}
const host = globalThis as unknown as Host;

/**
 * Runs everything against the server of `startProgramServer`.
 * @param url where it listens
 * @param deadUrl where nobody listens
 */
export async function runProgram(url: string, deadUrl: string): Promise<Report> {
  const report: Report = {};
  const heard: unknown[] = [];
  const client: ClientOptions = {
    application: new Application<Connection>(
      'page',
      { screen: { size: async (_connection: Connection) => [390, 844] } },
      { news: { said: (_connection: Connection, text: string) => heard.push(text) } },
    ),
    connectPolicy: new SimpleConnectPolicy('alice', 'wonderland'),
    reconnector: (_connection: Connection, again: ReconnectFunction) => again(),
  };
  const connection = await connect('app@^1.0.0', client, url);
  report.username = connection.username;
  report.echo = await connection.callMethod('echo', 'back', [
    { text: 'grüße 😀 \u2028', list: [1, undefined, 3] },
  ]);
  report.asked = await connection.callMethod('echo', 'askSize', []);
  const big = 'ü'.repeat(BIG_LENGTH);
  report.big = (await connection.callMethod('echo', 'back', [big])) === big;
  report.binary = await connection.callMethod('echo', 'sendBinary', ['bytes: ü']);
  report.bytes = await echoBytes(connection);
  report.streamed = await connection.callMethod('echo', 'sum', [upTo(200)]);
  report.failure = await codeOf(connection.callMethod('echo', 'nowhere', []));

  // The server cuts the line, and speaks while it is down; so does this side.
  const { session } = connection;
  const back = new Promise((resolve) => connection.once('reconnect', resolve));
  connection.emitRemoteEvent('echo', 'cut', []);
  await new Promise((resolve) => connection.once('close', resolve));
  const offline = ['one', 'two', 'three'].map((text) => connection.callMethod('echo', 'back', [text]));
  report.reconnectError = await back;
  report.offline = await Promise.all(offline);
  report.sameSession = connection.session === session;
  report.moved = (await reconnect(connection, url)) === connection;
  report.count = await connection.callMethod('echo', 'count', []);
  report.heard = heard;
  connection.close();

  const inspected = await connectAndInspect('app', { reconnector: () => undefined }, ['echo'], null, url);
  report.proxy = await new Promise((resolve) => {
    const proxy = inspected.proxies['echo'] as unknown as { back(value: string, callback: Back): void };
    proxy.back('by proxy', (_error, value) => resolve(value));
  });
  inspected.connection.close();

  report.unknownApplication = await codeOf(connect('nobody', {}, url));
  report.wrongPassword = await codeOf(
    connect('app', { connectPolicy: new SimpleConnectPolicy('alice', 'guess') }, url),
  );
  report.wrongPath = await codeOf(connect('app', {}, `${url}/elsewhere`));
  report.nobodyThere = await codeOf(connect('app', {}, deadUrl));
  report.badUrl = await codeOf(connect('app', {}, 'ws://'));
  report.badRange = await codeOf(connect('app@latest', {}, url));
  await new Promise<void>((resolve) => host.setTimeout(resolve, 0));
  return report;
}

/** The code of what a Promise is rejected with; its message where there is none. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    const { code, name, message } = error as { code?: unknown; name?: string; message?: string };
    if (typeof code === 'string' && code.startsWith('ERR_JSTP')) return code;
    return typeof code === 'number' && name === 'RemoteError'
      ? code
      : message === undefined
        ? error
        : 'thrown';
  }
}

/** What comes back of bytes: whether they are bytes, and what is in them. */
async function echoBytes(connection: Connection): Promise<unknown[]> {
  const sent = { small: Uint8Array.of(0, 1, 255), large: new Uint8Array(200_001).fill(7).buffer };
  const back = await connection.callMethod('echo', 'back', [sent]);
  const { small, large } = back as { small: Uint8Array; large: Uint8Array };
  const areBytes = small instanceof Uint8Array && large instanceof Uint8Array;
  return [areBytes, [...small], large.length, large.every((byte) => byte === 7)];
}

async function* upTo(last: number): AsyncGenerator<number> {
  for (let n = 1; n <= last; n++) yield n;
}

/** What every platform has to report. */
export const EXPECTED: Report = {
  username: 'alice',
  echo: { text: 'grüße 😀 \u2028', list: [1, undefined, 3] },
  asked: [390, 844],
  big: true,
  binary: 'bytes: ü',
  bytes: [true, [0, 1, 255], 200_001, true],
  streamed: 20_100,
  failure: 14,
  reconnectError: null,
  offline: ['one', 'two', 'three'],
  sameSession: true,
  moved: true,
  count: 3,
  heard: ['while you were away 1', 'while you were away 2', 'while you were away 3'],
  proxy: 'by proxy',
  unknownApplication: 10,
  wrongPassword: 11,
  wrongPath: 'ERR_JSTP_CONNECT',
  nobodyThere: 'ERR_JSTP_CONNECT',
  badUrl: 'thrown',
  badRange: 'thrown',
};
