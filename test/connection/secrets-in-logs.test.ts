import { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { SimpleConnectPolicy, type AuthCallback } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore } from '../support/core.js';
import { RawPeer } from '../support/raw-peer.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

const PASSWORD = 'open sesame';
const CLIENT_LOG = ['handshake', 'incomingMessage', 'outgoingMessage', 'messageRejected'];

function policy(...args: unknown[]): void {
  const [, , , credentials, done] = args as [unknown, unknown, unknown, string[], AuthCallback];
  done(null, credentials[0]);
}

test('neither a session’s id nor a password is in a log event of either side, nor in what Nest logs', async () => {
  const logged: unknown[] = [];
  const nest: string[] = [];
  const write = (...lines: unknown[]): void => void nest.push(lines.map(String).join(' '));
  const nestLogger: LoggerService = { log: write, error: write, warn: write, debug: write };
  Logger.overrideLogger(nestLogger);
  closing.add(() => Logger.overrideLogger(['log', 'error', 'warn']));
  const { server, port } = await startCore(closing, { authPolicy: policy });
  server.on('log', (_connection, event, ...args) => logged.push(['server', event, args]));
  const logger = new EventEmitter();
  for (const event of CLIENT_LOG) logger.on(event, (...args: unknown[]) => logged.push([event, args]));
  const connectPolicy = new SimpleConnectPolicy('ann', PASSWORD);
  const connection = await dial(closing, port, { logger, connectPolicy });
  const id = connection.session?.id ?? '';
  expect(id).toMatch(/^[0-9a-f]{32}$/);

  // A resume by this package, a refused one, a second handshake: all of them name the session.
  const heir = await dial(closing, port, { logger, session: connection.session });
  const stranger = await RawPeer.connect(port);
  closing.add(() => stranger.destroy());
  stranger.send(`{handshake:[0,'app'],session:['${id}',99]}`);
  await stranger.end();
  const other = await RawPeer.connect(port);
  closing.add(() => other.destroy());
  other.send(
    "{handshake:[0,'app']}",
    `{session:['${id}',0],handshake:[0,'app']}`,
    `{handshake:[0],ok:'${id}'}`,
  );
  await other.received(1);
  await waitFor(
    () => logged.some((entry) => JSON.stringify(entry).includes('messageRejected')),
    'the rejects',
  );
  heir.emitRemoteEvent('a', 'b', []);
  await heir.ping();

  const text = JSON.stringify(logged);
  expect(text).toContain('[session]');
  expect(text).toContain('[credentials]');
  expect(text).not.toContain(id);
  expect(text).not.toContain(PASSWORD);
  expect(nest.join('\n')).not.toContain(id);
  expect(nest.join('\n')).not.toContain(PASSWORD);
});

test('neither a connection nor a session shows the session’s id where Node prints it', async () => {
  const { port } = await startCore(closing);
  const connection = await dial(closing, port);
  const { session } = connection;
  const shown = inspect([connection, session], { depth: Infinity, showHidden: true });
  expect(shown).toContain('Session of an anonymous client');
  expect(shown).not.toContain(session?.id);
});
