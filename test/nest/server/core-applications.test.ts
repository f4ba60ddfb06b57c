import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, type MessageHandler } from '@nestjs/microservices';
import {
  Application,
  createAppsIndex,
  JstpApplication,
  JstpInterface,
  type ApplicationLike,
  type Connection,
  type MethodCallback,
} from '../../../lib/index.js';
import { NestApplication } from '../../../lib/nest/server/nest-application.js';
import { waitFor } from '../../support/wait-for.js';
import { callError, KeptLog, startError, startService } from './fixture.js';

const events: unknown[] = [];

@JstpApplication('files@1.0.0')
@JstpInterface('files')
@Controller()
class FilesController {
  @MessagePattern('list')
  list(): string[] {
    return ['a', 'b'];
  }

  @EventPattern<string>('changed')
  changed(): void {
    events.push('decorated');
  }
}

function coreFiles(): Application<Connection> {
  return new Application<Connection>(
    'files@1.0.0',
    {
      files: {
        size: (_connection: Connection, name: string, callback: MethodCallback) => {
          callback(null, name.length);
        },
        fail: async (_connection: Connection) => Promise.reject(new Error('internal')),
        refuse: (_connection: Connection, callback: MethodCallback) => {
          callback(new Error('the author’s own text'));
        },
      },
      other: { ping: async (_connection: Connection) => Promise.resolve('pong') },
    },
    { files: { changed: () => events.push('core') }, other: { happened: () => events.push('other') } },
  );
}

describe('a core application', () => {
  test('of the name and version of a decorated one is merged with it, interface by interface', async () => {
    const options = { applications: [coreFiles()] };
    const connection = await (
      await startService({ controllers: [FilesController], options })
    ).connect('files');
    expect(await connection.callMethod('files', 'list', [])).toEqual(['a', 'b']);
    expect(await connection.callMethod('files', 'size', ['abc'])).toBe(3);
    expect(await connection.callMethod('other', 'ping', [])).toBe('pong');
    expect(Object.keys(await connection.inspectInterface('files'))).toEqual([
      'size',
      'fail',
      'refuse',
      'list',
    ]);
    expect((await callError(connection.callMethod('files', 'none', []))).code).toBe(14);
    expect((await callError(connection.callMethod('other', 'none', []))).code).toBe(14);
    expect((await callError(connection.callMethod('none', 'none', []))).code).toBe(12);
  });

  test('that is merged checks its own signatures and answers its own errors; what escapes is logged', async () => {
    const log = new KeptLog();
    const options = { applications: [coreFiles()] };
    const service = await startService({ controllers: [FilesController], options, logger: log });
    const connection = await service.connect('files');
    expect((await callError(connection.callMethod('files', 'size', []))).code).toBe(17);
    expect(await callError(connection.callMethod('files', 'refuse', []))).toMatchObject({
      code: 1,
      message: 'Error: the author’s own text',
    });
    expect((await callError(connection.callMethod('files', 'fail', []))).code).toBe(16);
    expect(log.errors).toEqual([new Error('internal')]);
  });

  test('that is merged gets its events, besides the decorated handlers', async () => {
    events.length = 0;
    const options = { applications: createAppsIndex([coreFiles()]) };
    const connection = await (
      await startService({ controllers: [FilesController], options })
    ).connect('files');
    connection.emitRemoteEvent('files', 'changed', []);
    connection.emitRemoteEvent('other', 'happened', []);
    await connection.ping();
    await waitFor(() => events.length === 3, 'the events');
    expect([...events].sort()).toEqual(['core', 'decorated', 'other']);
  });

  test('that takes its calls whole does so when it is merged', async () => {
    const whole: ApplicationLike<Connection> = {
      name: 'files',
      version: '1.0.0',
      callMethod: () => undefined,
      getMethods: (name) => (name === 'whole' ? ['take'] : undefined),
      handleCall: (call) => {
        call.succeed(['taken whole']);
      },
    };
    const options = { applications: [whole] };
    const connection = await (
      await startService({ controllers: [FilesController], options })
    ).connect('files');
    expect(await connection.callMethod('whole', 'take', [])).toBe('taken whole');
  });

  test('that has a method of a decorated one is an error at start', async () => {
    const core = new Application<Connection>('files@1.0.0', {
      files: { list: async (_connection: Connection) => Promise.resolve([]) },
    });
    const error = await startError({ controllers: [FilesController], options: { applications: [core] } });
    expect(error).toMatchObject({ code: 'ERR_JSTP_DUPLICATE_HANDLER' });
    expect(error.message).toContain(
      'files.list of files@1.0.0: FilesController.list and the core application',
    );
  });

  test('of another version is served beside the decorated one', async () => {
    const core = new Application<Connection>('files@2.0.0', {
      files: { list: async (_connection: Connection) => Promise.resolve(['new']) },
    });
    const service = await startService({ controllers: [FilesController], options: { applications: [core] } });
    expect(await (await service.connect('files@1')).callMethod('files', 'list', [])).toEqual(['a', 'b']);
    expect(await (await service.connect('files@2')).callMethod('files', 'list', [])).toEqual(['new']);
  });

  test('is served alone, and then there is no empty default application', async () => {
    const service = await startService({ options: { applications: [coreFiles()] } });
    expect(await (await service.connect('files')).callMethod('other', 'ping', [])).toBe('pong');
    expect(await service.handshake('anonymous', [], 'jstp')).toBe(10);
  });

  test('twice is an error at start', async () => {
    const error = await startError({ options: { applications: [coreFiles(), coreFiles()] } });
    expect(error.message).toContain('Multiple instances of application: files');
  });
});

describe('a server without handlers', () => {
  test('serves its default application, to which handlers may be added', async () => {
    const service = await startService({ options: { application: 'empty@2.0.0' } });
    const connection = await service.connect('empty@2.0.0');
    expect((await callError(connection.callMethod('default', 'x', []))).code).toBe(12);
    service.server.addHandler('x', (() => Promise.resolve('added')) as MessageHandler);
    expect(await connection.callMethod('default', 'x', [])).toBe('added');
  });

  test('may get handlers of another application while it listens', async () => {
    const service = await startService({});
    const extras = { jstp: { application: 'late@1.0.0' } };
    service.server.addHandler('x', (() => Promise.resolve('late')) as MessageHandler, false, extras);
    expect(await (await service.connect('late')).callMethod('default', 'x', [])).toBe('late');
  });
});

test('the application of handlers may be called by hand, as any application', async () => {
  const service = await startService({ controllers: [FilesController] });
  const connection = await service.connect('files');
  const [client] = service.server.getClients();
  const { application } = client;
  if (!(application instanceof NestApplication)) throw new Error('No client of a NestApplication');
  const outcome = await new Promise<unknown[]>((resolve) => {
    application.callMethod(client, 'files', 'list', [], (...args) => {
      resolve(args);
    });
  });
  expect(outcome).toEqual([null, ['a', 'b']]);
  const failure = await new Promise<unknown[]>((resolve) => {
    application.callMethod(client, 'none', 'list', [], (...args) => {
      resolve(args);
    });
  });
  expect(failure[0]).toEqual([12, expect.stringContaining('no matching message handler')]);
  connection.close();
});
