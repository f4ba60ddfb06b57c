import { afterEach, expect, test } from '@jest/globals';
import { ERR_SERVER_CLOSING, JstpClient, type Server } from '../../lib/index.js';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import { connect, ours, reference, startServer, type JstpModule } from '../support/jstp.js';
import { observe } from '../support/observed.js';
import { LOOPBACK } from '../support/ports.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** An application with a method that answers when the test says so. */
function holding(jstp: JstpModule) {
  const held: Back[] = [];
  const application = new jstp.Application('app', {
    works: {
      held: (_connection: unknown, _value: unknown, answer: Back) => void held.push(answer),
      quick: (_connection: unknown, answer: Back) => answer(null, 'quick'),
    },
  });
  return { held, application };
}

test('a server that leaves answers what a client of 2.3.0 has under way, and refuses new calls of it', async () => {
  const { held, application } = holding(ours);
  const { server, port } = await startServer(ours, [application], closing);
  const connection = await connect(reference, closing, 'app', port);
  const outcomes: unknown[] = [];
  connection.callMethod('works', 'held', ['a value'], (...outcome: unknown[]) => outcomes.push(outcome));
  await waitFor(() => held.length === 1, 'the call');
  let isClosed = false;
  connection.on('close', () => (isClosed = true));
  const drained = (server as unknown as Server).drain();
  let refusal: unknown;
  connection.callMethod('works', 'quick', [], (error: unknown) => (refusal = error));
  await waitFor(() => refusal !== undefined, 'the refusal');
  expect(refusal).toMatchObject({ code: ERR_SERVER_CLOSING });
  expect([outcomes, isClosed]).toEqual([[], false]);
  held[0]?.(null, 'late');
  await within(drained, 'the end of the server');
  await waitFor(() => isClosed, 'the end of the connection');
  expect(outcomes).toEqual([[null, 'late']]);
});

test('a client that closes waits for what a server of 2.3.0 has under way', async () => {
  const { held, application } = holding(reference);
  const { port } = await startServer(reference, [application], closing);
  const client = new JstpClient({ app: 'app', host: LOOPBACK, port });
  closing.add(() => client.close());
  const call = observe(client.send({ interface: 'works', method: 'held' }, 'a value'));
  await waitFor(() => held.length === 1, 'the call');
  const closed = client.close();
  held[0]?.(null, 'late');
  await within(closed, 'the close');
  expect((await call.end()).values).toEqual(['late']);
});
