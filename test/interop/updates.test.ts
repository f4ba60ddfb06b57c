import { afterEach, describe, expect, test } from '@jest/globals';
import { Closing } from '../support/closing.js';
import type { Back } from '../support/core.js';
import { call, connect, inspect, MIXED_PAIRS, startServer, type JstpModule } from '../support/jstp.js';

const closing = new Closing();
afterEach(() => closing.run());

function applications(jstp: JstpModule, versions: readonly string[]): unknown[] {
  return versions.map(
    (version) =>
      new jstp.Application(
        'app',
        { info: { version: (_connection: unknown, callback: Back) => callback(null, version) } },
        {},
        version,
      ),
  );
}

describe.each(MIXED_PAIRS)('live updates, $title', ({ server, client }) => {
  test('new applications are for new clients, and for old ones after updateConnectionsApi', async () => {
    const { server: listening, port } = await startServer(
      server,
      applications(server, ['1.0.0', '1.1.0', '2.0.0']),
      closing,
    );
    const asked = ['app@1.0.0', 'app@1.0', 'app@1.x', 'app@^1.0.0', 'app', 'app@*', 'app@1.1.x'];
    const clients = await Promise.all(asked.map((app) => connect(client, closing, app, port)));
    const versions = async (): Promise<unknown[]> =>
      (await Promise.all(clients.map((connection) => call(connection, 'info', 'version')))).flat();
    const before = ['1.0.0', '1.0.0', '1.1.0', '1.1.0', '2.0.0', '2.0.0', '1.1.0'];
    expect(await versions()).toEqual(before);

    listening.updateApplications(applications(server, ['1.0.0', '1.0.7', '1.2.0', '2.4.0', '3.0.0']));
    expect(await versions()).toEqual(before);
    const late = await connect(client, closing, 'app', port);
    expect(await call(late, 'info', 'version')).toEqual(['3.0.0']);

    listening.updateConnectionsApi();
    // Exact: stays. Ranges: the newest in them. None given: the newest of its major. No match left: stays.
    expect(await versions()).toEqual(['1.0.0', '1.0.7', '1.2.0', '1.2.0', '2.4.0', '3.0.0', '1.1.0']);
  });

  test('an index of createAppsIndex does as well as an array', async () => {
    const index = server.createAppsIndex(applications(server, ['1.0.0', '1.1.0']));
    const { server: listening, port } = await startServer(server, { applications: index }, closing);
    const connection = await connect(client, closing, 'app@^1.0.0', port);
    expect(await call(connection, 'info', 'version')).toEqual(['1.1.0']);
    listening.updateApplications(server.createAppsIndex(applications(server, ['1.2.0'])));
    listening.updateConnectionsApi();
    expect(await call(connection, 'info', 'version')).toEqual(['1.2.0']);
    expect(typeof (await inspect(connection, 'info'))['version']).toBe('function');
  });

  test('two applications of one name and version are refused', () => {
    expect(() => server.createAppsIndex(applications(server, ['1.0.0', '1.0.0']))).toThrow(
      /Multiple instances/,
    );
  });
});
