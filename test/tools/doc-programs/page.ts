/** "Browsers": the code of pages, with the WebSocket of `ws` where a browser has one of its own. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Application, ws, type AuthPolicy, type Connection } from 'nestjs-jstp/core';
import { WebSocket } from 'ws';

/** The tokens that were asked for; only the last one is good. */
const tokens: string[] = [];
const authPolicy: AuthPolicy = (_connection, _application, strategy, credentials, callback) => {
  if (strategy === 'token' && credentials === tokens.at(-1)) {
    callback(null, 'by token');
    return;
  }
  const [login, password] = credentials as string[];
  if (strategy === 'login' && password === 'wonderland') callback(null, login);
  else callback(new Error('Unknown'));
};
const http = createServer();
await new Promise<void>((resolve) => http.listen(4060, '127.0.0.1', resolve));
const rooms = {
  join: async (connection: Connection, room: string) => {
    connection.emitRemoteEvent('rooms', 'said', [`${String(connection.username)} is in ${room}`]);
    return [connection.username];
  },
};
const applications = [new Application<Connection>('chat@1.1.0', { rooms })];
const server = ws.createServer({ applications, authPolicy }, { server: http, path: '/jstp' });
await new Promise<void>((resolve) => server.listen(resolve));

Object.assign(globalThis, { WebSocket });
Object.assign(globalThis, {
  fetch: async () => {
    tokens.push(`token ${tokens.length}`);
    return new Response(tokens.at(-1));
  },
});
const said: unknown[] = [];
console.log = (line) => said.push(line);
const { client, people } = await import('./page.js');
assert.deepEqual(people, ['alice']);
await client.call('rooms', 'join', 'hall');
assert.deepEqual(said, ['alice is in kitchen', 'alice is in hall']);
await client.close();

said.length = 0;
const { client: byToken } = await import('./token.js');
await byToken.connect();
assert.deepEqual(said, ['connecting', 'connected']);
await byToken.close();
server.close();
http.close();
