import { afterEach, expect, test } from '@jest/globals';
import { Application, type Connection, type IncomingCall } from '../../lib/core.js';
import { Closing } from '../support/closing.js';
import { dial, startCore, type Back } from '../support/core.js';
import { call, connect, reference, startServer } from '../support/jstp.js';
import { waitFor } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

test('a deadline and a signal hold at our side of a server of the reference, whose method runs on', async () => {
  const waiting: Back[] = [];
  const application = new reference.Application('app', {
    slow: {
      wait: (_connection: unknown, callback: Back) => waiting.push(callback),
      echo: (_connection: unknown, value: unknown, callback: Back) => callback(null, value),
    },
  });
  const { port } = await startServer(reference, [application], closing);
  const connection = await dial(closing, port);
  const controller = new AbortController();
  const outcomes = [{ timeout: 50 }, { signal: controller.signal }].map((options) =>
    connection.callMethod('slow', 'wait', [], options).catch((error: unknown) => error),
  );
  await waitFor(() => waiting.length === 2, 'both calls');
  controller.abort();
  const expected = [{ code: -7, info: ['ERR_CALLER_TIMEOUT'] }, { code: -8 }];
  expect(await Promise.all(outcomes)).toMatchObject(expected);
  for (const callback of waiting) callback(null, 'too late');
  expect(await connection.callMethod('slow', 'echo', [7], { metadata: { trace: '7f' } })).toBe(7);
});

test('reply metadata reaches no callback of a client of the reference, nor keeps it from its answers', async () => {
  const application = new (class extends Application<Connection> {
    handleCall(incoming: IncomingCall<Connection>): void {
      incoming.setReplyMetadata({ cost: 3 });
      if (incoming.methodName === 'fail') incoming.fail(7);
      else incoming.succeed(incoming.args);
    }
  })('app', {});
  const { port } = await startCore(closing, { applications: [application] });
  const connection = await connect(reference, closing, 'app', port);
  expect(await call(connection, 'i', 'echo', 1, 2)).toEqual([1, 2]);
  const failure: unknown = await call(connection, 'i', 'fail').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 7 });
  expect(await call(connection, 'i', 'echo', 3)).toEqual([3]);
});
