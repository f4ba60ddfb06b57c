import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Application,
  RemoteError,
  type AuthPolicyFunction,
  type Connection,
  type NetServerOptions,
  type RefusedHandshake,
} from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { failureOf } from '../support/jstp.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const APPLICATIONS = ['chat@1.0.0', 'chat@2.0.0', 'files@1.0.0'].map(
  (name) => new Application<Connection>(name, {}),
);

interface Refusals {
  readonly port: number;
  readonly told: RefusedHandshake[];
  readonly addresses: unknown[];
}

async function serve(options: Partial<NetServerOptions> = {}): Promise<Refusals> {
  const { server, port } = await startCore(closing, { applications: APPLICATIONS, ...options });
  const told: RefusedHandshake[] = [];
  const addresses: unknown[] = [];
  server.on('handshakeRefused', (connection, refusal) => {
    told.push(refusal);
    addresses.push(connection.remoteAddress);
  });
  return { port, told, addresses };
}

/** Says a handshake; answers with what the server tells of it. */
async function refusal(server: Refusals, handshake: string): Promise<RefusedHandshake> {
  const peer = await RawPeer.connect(server.port);
  closing.add(() => peer.destroy());
  peer.send(handshake);
  await peer.end();
  expect(server.told).toHaveLength(1);
  expect(server.addresses.splice(0)).toEqual(['127.0.0.1']);
  const [told] = server.told.splice(0);
  const code = /error:\[(\d+)/.exec(peer.messages[0] ?? '')?.[1];
  expect(told.code).toBe(Number(code));
  return told;
}

const answering =
  (...answer: [error: unknown, username?: string | boolean | null]): AuthPolicyFunction =>
  (_connection, _application, _strategy, _credentials, callback) => {
    callback(...answer);
  };

describe('the server tells once why somebody is not let in', () => {
  test.each<[string, string, Partial<NetServerOptions>, Partial<RefusedHandshake>]>([
    [
      'an application that it does not have',
      "{handshake:[0,'game','^1.0.0']}",
      {},
      {
        kind: 'application',
        application: 'game@^1.0.0',
        strategy: 'anonymous',
        code: 10,
        reason: "there is no application 'game' (known: chat, files)",
      },
    ],
    [
      'a version that it does not have',
      "{handshake:[0,'chat','^3.0.0'],login:['ann','x']}",
      {},
      {
        kind: 'application',
        application: 'chat@^3.0.0',
        strategy: 'login',
        code: 10,
        reason: "no version of 'chat' fits '^3.0.0' (known: 2.0.0, 1.0.0)",
      },
    ],
    [
      'a range that is too long',
      `{handshake:[0,'chat','${'1 || '.repeat(100)}']}`,
      {},
      { application: 'chat', reason: 'its version is too long, or no text (known: 2.0.0, 1.0.0)' },
    ],
    [
      'no policy',
      "{handshake:[0,'chat'],badge:'x'}",
      {},
      {
        kind: 'login',
        application: 'chat',
        strategy: 'badge',
        code: 11,
        reason: "there is no policy for the strategy 'badge'",
      },
    ],
    [
      'an answer that lets nobody in',
      "{handshake:[0,'chat'],badge:'x'}",
      { authPolicy: answering(null, false) },
      { reason: 'the policy answered false' },
    ],
    [
      'a yes that names nobody',
      "{handshake:[0,'chat'],badge:'x'}",
      { authPolicy: answering(null, true) },
      { reason: 'no user was named' },
    ],
    [
      'a name that is none',
      "{handshake:[0,'chat'],badge:'x'}",
      { authPolicy: answering(null, 'a\nb') },
      { reason: "the user's name is too long, blank or not printable" },
    ],
    [
      'an error of the policy',
      "{handshake:[0,'chat'],badge:'x'}",
      { authPolicy: answering(new Error('the database is away')) },
      { code: 11, reason: 'the policy refused it with Error: the database is away' },
    ],
    [
      'a RemoteError of the policy',
      "{handshake:[0,'chat'],badge:'x'}",
      { authPolicy: answering(new RemoteError(1001, 'locked')) },
      { code: 1001, reason: 'the policy refused it with RemoteError: locked' },
    ],
    [
      'a session that is unknown',
      "{handshake:[0,'chat'],session:['nobody',0]}",
      {},
      { kind: 'session', strategy: 'session', code: 11, reason: 'the session is unknown' },
    ],
    [
      'credentials of no session',
      "{handshake:[0,'chat'],session:['nobody',-1]}",
      {},
      { kind: 'session', code: 11, reason: 'its credentials name no session' },
    ],
    [
      'names that would write lines of their own, cut and escaped',
      `{handshake:[0,'a\\n\\u001b[31m${'x'.repeat(200)}'],'b\\nc':'x'}`,
      {},
      {
        application: `a\\n\\x1b[31m${'x'.repeat(93)}... (207 characters)`,
        strategy: 'b\\nc',
        reason: `there is no application 'a\\n\\x1b[31m${'x'.repeat(93)}... (207 characters)' (known: chat, files)`,
      },
    ],
  ])('%s', async (_title, handshake, options, expected) => {
    expect(await refusal(await serve(options), handshake)).toMatchObject(expected);
  });

  test('a session that was made for another application, or whose messages the client cannot have', async () => {
    const server = await serve();
    const connection = await dial(closing, server.port, { extensions: [] }, 'chat@1.0.0');
    const id = connection.session?.id ?? '';
    (connection.getTransport() as { destroy(): void }).destroy();
    await waitFor(() => !connection.handshakeDone, 'the cut');
    expect(await refusal(server, `{handshake:[0,'files'],session:['${id}',0]}`)).toMatchObject({
      reason: 'the session was made for another application, range or set of extensions',
    });
    expect(await refusal(server, `{handshake:[0,'chat','1.0.0'],session:['${id}',7]}`)).toMatchObject({
      reason: 'what the client counts as received does not fit what the session has sent',
    });
  });

  test('nothing of who is let in', async () => {
    const server = await serve({ authPolicy: answering(null, 'ann') });
    await dial(closing, server.port, {}, 'chat');
    expect(server.told).toEqual([]);
  });
});

describe('where anonymous clients may not enter, an unknown application is refused like wrong credentials', () => {
  const authPolicy = { authenticate: answering(null, false), decidesAnonymous: true };
  const LOST = "{handshake:[0],error:[11,'Authentication failed','ERR_SESSION_LOST']}";

  test.each([
    ['anonymous', '', '', '{handshake:[0],error:[11]}'],
    ['login', '', ",login:['ann','x']", '{handshake:[0],error:[11]}'],
    ['session', '', ",session:['nobody',0]", '{handshake:[0],error:[11]}'],
    ['session', ",'',{resume:1}", ",session:['nobody',0]", LOST],
  ])('%s%s', async (strategy, offer, credentials, answer) => {
    const server = await serve({ authPolicy });
    const answers: string[] = [];
    for (const application of ['chat', 'game']) {
      const peer = await RawPeer.connect(server.port);
      closing.add(() => peer.destroy());
      peer.send(`{handshake:[0,'${application}'${offer}]${credentials}}`);
      await peer.end();
      answers.push(...peer.messages);
    }
    expect(answers).toEqual([answer, answer]);
    // The server's own log knows better.
    expect(server.told[1]).toMatchObject({
      kind: 'application',
      application: 'game',
      strategy,
      code: 11,
      reason: "there is no application 'game' (known: chat, files)",
    });
  });

  test('and otherwise it is told, before any login', async () => {
    const server = await serve({ authPolicy: answering(null, false) });
    expect(await refusal(server, "{handshake:[0,'game'],login:['ann','x']}")).toMatchObject({ code: 10 });
  });
});

describe('a client is told which application was not found', () => {
  test.each([
    ['game', 'Application not found: game'],
    ['chat@^3.0.0', 'Application not found: chat@^3.0.0'],
  ])('%s', async (app, message) => {
    const { port } = await serve();
    expect(await failureOf(dial(closing, port, {}, app))).toMatchObject({ code: 10, message });
  });
});
