import type { Socket } from 'node:net';
import type { Back } from '../support/core.js';
import type { JstpModule, PeerConnection, PeerProxy, PeerServer } from '../support/jstp.js';

type Note = (...entry: unknown[]) => void;

/** The server of a program that was written for the reference: nothing but its documented API. */
export function serve(jstp: JstpModule, note: Note, ready: (server: PeerServer, port: number) => void): void {
  const accounts = new Map([['ann', 'secret']]);
  const api = {
    math: {
      add: (_connection: PeerConnection, a: number, b: number, callback: Back) => callback(null, a + b),
      divide: (_connection: PeerConnection, a: number, b: number, callback: Back) => {
        if (b === 0) callback(new jstp.RemoteError(1010, 'Division by zero', [a]));
        else callback(null, Math.floor(a / b), a % b);
      },
      fail: (_connection: PeerConnection, callback: Back) => callback(new Error('on purpose')),
    },
    room: {
      enter: (connection: PeerConnection, name: string, callback: Back) => {
        connection.session?.set('room', name);
        server.broadcast('room', 'entered', connection.username, name);
        callback(null);
      },
      where: (connection: PeerConnection, callback: Back) => callback(null, connection.session?.get('room')),
      askBack: (connection: PeerConnection, question: string, callback: Back) => {
        connection.callMethod('side', 'answer', [question], callback);
      },
    },
  };
  const handlers = {
    room: {
      says: (connection: PeerConnection, text: string) => note('server', 'says', connection.username, text),
    },
  };
  const server = jstp.net.createServer({
    applications: [
      new jstp.Application('demo@1.2.0', api, handlers),
      new jstp.Application('demo', {}, {}, '2.0.0-rc.1'),
    ],
    authPolicy: (
      _connection: unknown,
      application: { name: string },
      strategy: string,
      [login, password]: string[],
      callback: (error: unknown, username?: string) => void,
    ) => {
      note('server', 'policy', application.name, strategy, login);
      if (accounts.get(login) === password) callback(null, login);
      else callback(new jstp.RemoteError(jstp.ERR_AUTH_FAILED));
    },
  });
  server.on('connect', (connection: PeerConnection) =>
    note('server', 'connect', connection.username, connection.application?.version),
  );
  server.on('reconnect', (connection: PeerConnection) => note('server', 'reconnect', connection.username));
  server.listen(0, '127.0.0.1', () => ready(server, (server.address() as { port: number }).port));
}

/** The client of that program, in the style of its time: callbacks. */
export function talk(
  jstp: JstpModule,
  port: number,
  note: Note,
  done: (connection: PeerConnection) => void,
): void {
  const application = new jstp.Application('side', {
    side: {
      answer: (_connection: PeerConnection, question: string, callback: Back) =>
        callback(null, `${question}? yes`),
    },
  });
  const stranger = {
    connectPolicy: new jstp.SimpleConnectPolicy('ann', 'wrong'),
    reconnector: () => undefined,
  };
  const client = {
    application,
    connectPolicy: new jstp.SimpleConnectPolicy('ann', 'secret'),
    reconnector: (connection: PeerConnection, reconnectFn: (...args: unknown[]) => void) => {
      // The reference asks the reconnector after an intended close, too.
      if (connection.closedIntentionally) return;
      setTimeout(() => {
        note('client', 'reconnector');
        reconnectFn(port, '127.0.0.1', (error: unknown) => note('client', 'reconnected', codeOf(error)));
      }, 20);
    },
  };
  jstp.net.connect('demo@^1.0.0', stranger, port, '127.0.0.1', (refusal: unknown) => {
    note('client', 'refused', codeOf(refusal), (refusal as { code: number }).code === jstp.ERR_AUTH_FAILED);
    jstp.net.connectAndInspect('demo@^1.0.0', client, ['math', 'room'], port, '127.0.0.1', connected);
  });

  function connected(error: unknown, connection: PeerConnection, proxies: Record<string, PeerProxy>): void {
    note('client', 'connected', codeOf(error), connection.username, Object.keys(proxies).sort());
    connection.on('reconnectAttempt', (transport: string) => note('client', 'reconnectAttempt', transport));
    connection.on('reconnect', (failure: unknown) => {
      note('client', 'reconnect', codeOf(failure));
      where(connection);
    });
    connection.on('error', () => undefined);
    const { math, room } = proxies as Record<
      'math' | 'room',
      Record<string, (...args: unknown[]) => void> & PeerProxy
    >;
    room.on('entered', (...args: unknown[]) => note('client', 'event', ...args));
    math['add'](2, 3, (...sum: unknown[]) => {
      note('client', 'add', ...sum);
      math['divide'](7, 2, (...quotient: unknown[]) => {
        note('client', 'divide', ...quotient);
        math['divide'](1, 0, (zero: { code: number; message: string; info: unknown }) => {
          note('client', 'error', zero.code, zero.message, zero.info, zero instanceof jstp.RemoteError);
          math['fail']((failure: unknown) => {
            note('client', 'error', codeOf(failure), String(failure));
            connection.callMethod('math', 'add', [1], (signature: unknown) => {
              note('client', 'error', codeOf(signature), codeOf(signature) === jstp.ERR_INVALID_SIGNATURE);
              enter(connection, room);
            });
          });
        });
      });
    });
  }

  function enter(
    connection: PeerConnection,
    room: Record<string, (...args: unknown[]) => void> & PeerProxy,
  ): void {
    room['enter']('lobby', (...outcome: unknown[]) => {
      note('client', 'enter', ...outcome);
      room.emit('says', 'hello');
      room['askBack']('really', (...answer: unknown[]) => {
        note('client', 'askBack', ...answer);
        connection.ping(() => {
          note('client', 'pong');
          connection.once('close', () => note('client', 'close', connection.closedIntentionally));
          (connection.getTransport() as Socket).destroy();
        });
      });
    });
  }

  function where(connection: PeerConnection): void {
    connection.callMethod('room', 'where', [], (...outcome: unknown[]) => {
      note('client', 'where', ...outcome);
      connection.inspectInterface('nothing', (missing: unknown) => {
        note('client', 'inspect', codeOf(missing), codeOf(missing) === jstp.ERR_INTERFACE_NOT_FOUND);
        connection.once('close', () => {
          note('client', 'close', connection.closedIntentionally);
          done(connection);
        });
        connection.close();
      });
    });
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { code: unknown }).code : (error ?? null);
}
