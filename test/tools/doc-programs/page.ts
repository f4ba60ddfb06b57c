/** "In a browser": the page's code, with the WebSocket of `ws` where a browser has one of its own. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Application, ws, type AuthPolicy, type Connection } from 'nestjs-jstp/core';
import { WebSocket } from 'ws';

const authPolicy: AuthPolicy = (_connection, _application, strategy, credentials, callback) => {
  const [login, password] = credentials as string[];
  if (strategy === 'login' && password === 'wonderland') callback(null, login);
  else callback(new Error('Unknown'));
};
const http = createServer();
await new Promise<void>((resolve) => http.listen(4060, '127.0.0.1', resolve));
const rooms = {
  join: async (connection: Connection, room: string) => {
    connection.emitRemoteEvent('rooms', 'said', [`${String(connection.username)} is in ${room}`]);
  },
};
const applications = [new Application<Connection>('chat@1.1.0', { rooms })];
const server = ws.createServer({ applications, authPolicy }, { server: http, path: '/jstp' });
await new Promise<void>((resolve) => server.listen(resolve));

Object.assign(globalThis, { WebSocket });
const said: unknown[] = [];
console.log = (line) => said.push(line);
const { connection } = await import('./page.js');
await connection.callMethod('rooms', 'join', ['hall']);
assert.deepEqual(said, ['alice is in kitchen', 'alice is in hall']);

connection.close();
server.close();
http.close();
