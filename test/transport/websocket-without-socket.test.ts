import { afterEach, expect, jest, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { Application, ws, type Connection } from '../../lib/core.js';
import { BrowserTransport } from '../../lib/transport/browser/browser-transport.js';
import { Closing } from '../support/closing.js';
import { API, stopCore } from '../support/core.js';
import { waitFor, within } from '../support/wait-for.js';

const closing = new Closing();
afterEach(() => closing.run());

/** As the `ws` of Bun, which is the platform's own WebSocket, and tells nothing of an upgrade. */
function hideUpgrades(): void {
  const { emit } = WebSocket.prototype;
  const hidden = jest.spyOn(WebSocket.prototype, 'emit').mockImplementation(function (
    this: WebSocket,
    name: string | symbol,
    ...args: unknown[]
  ): boolean {
    return name === 'upgrade' ? false : Reflect.apply(emit, this, [name, ...args]);
  });
  closing.add(() => hidden.mockRestore());
}

test('a client over a WebSocket that shows no socket calls, is called, resumes and closes', async () => {
  const server = ws.createServer({ applications: [new Application<Connection>('app', API)] });
  closing.add(() => stopCore(server));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  hideUpgrades();
  const made = jest.spyOn(BrowserTransport.prototype, 'getRawTransport');
  closing.add(() => made.mockRestore());
  const reconnector = (_connection: Connection, again: () => void): void => again();
  const connecting = ws.connect('app', { reconnector }, {}, `ws://127.0.0.1:${port}`);
  const connection = await within(connecting, 'a connect');
  closing.add(() => connection.close());
  const large = 'ü'.repeat(600_000);
  expect(await connection.callMethod('echo', 'back', [large])).toBe(large);
  const raw = connection.getTransport() as WebSocket;
  expect(raw).toBeInstanceOf(WebSocket);
  expect(made).toHaveBeenCalled();
  raw.terminate();
  await waitFor(() => !connection.handshakeDone, 'the cut');
  expect(await within(connection.callMethod('echo', 'back', [2]), 'an answer')).toBe(2);
  connection.close();
  await waitFor(() => server.getClientsArray().length === 0, 'the end');
});
