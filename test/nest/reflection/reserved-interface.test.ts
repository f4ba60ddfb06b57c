import { describe, expect, test } from '@jest/globals';
import { Controller, Injectable, Scope, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, type MicroserviceOptions } from '@nestjs/microservices';
import { NestFactory } from '@nestjs/core';
import {
  Application,
  JstpApplication,
  JstpContext,
  JstpInterface,
  JstpModule,
  JstpServer,
  RemoteError,
  type ApplicationDescription,
  type Connection,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { reference, type PeerConnection } from '../../support/jstp.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { atEnd, callError, Service, startError, startService } from '../server/fixture.js';

@JstpApplication('chat@1.2.0')
@JstpInterface('rooms')
@Controller()
class RoomsController {
  @MessagePattern('join')
  join(): string {
    return 'joined';
  }

  @EventPattern('typing')
  typing(@Payload() _who: string): void {
    // Only its name is wanted.
  }
}

const files = new Application(
  'files@2.0.0',
  { disk: { read: async (_connection: Connection) => 'text' } },
  { disk: { changed: () => 1 } },
);

const start = (options: JstpServerOptions = {}): Promise<Service> =>
  startService({
    controllers: [RoomsController],
    options: { applications: [files], authPolicy: async () => 'anna', ...options },
  });

const describeOf = async (connection: Connection): Promise<ApplicationDescription> =>
  (await connection.callMethod('jstp.reflection', 'describe', [])) as ApplicationDescription;

class Guard implements CanActivate {
  readonly seen: unknown[] = [];

  constructor(private readonly answer: (context: ExecutionContext) => unknown) {}

  canActivate(context: ExecutionContext): boolean {
    const { getData, getContext } = context.switchToRpc();
    const jstp = getContext<JstpContext>();
    this.seen.push([
      context.getType(),
      context.getHandler().name,
      context.getClass(),
      getData(),
      jstp.getPattern(),
    ]);
    return this.answer(context) as boolean;
  }
}

describe('an application describes itself', () => {
  test('by the names of its interfaces, methods and events, to clients of its own', async () => {
    const service = await start({ reflection: true });
    const described = await describeOf(await service.connect('chat'));
    expect(described).toMatchObject({ format: 1, name: 'chat', version: '1.2.0' });
    expect(described.interfaces).toEqual({
      rooms: { methods: { join: expect.anything() }, events: { typing: expect.anything() }, emits: {} },
    });
  });

  test('also where it is one of the core', async () => {
    const service = await start({ reflection: true });
    const { name, version, interfaces } = await describeOf(await service.connect('files'));
    expect([name, version]).toEqual(['files', '2.0.0']);
    expect(interfaces).toEqual({ disk: { methods: { read: {} }, events: { changed: {} }, emits: {} } });
  });

  test('and the server tells which applications there are', async () => {
    const service = await start({ reflection: true });
    const connection = await service.connect('chat');
    expect(await connection.callMethod('jstp.reflection', 'applications', [])).toEqual([
      { name: 'files', version: '2.0.0' },
      { name: 'chat', version: '1.2.0' },
    ]);
  });

  test('while its methods and events are served as without it', async () => {
    const service = await start({ reflection: true });
    const [chat, core] = [await service.connect('chat'), await service.connect('files')];
    expect(await chat.callMethod('rooms', 'join', [])).toBe('joined');
    expect(await core.callMethod('disk', 'read', [])).toBe('text');
    expect((await callError(chat.callMethod('rooms', 'none', []))).code).toBe(14);
  });
});

test('a client of @metarhia/jstp gets it as plain objects', async () => {
  const service = await start({ reflection: true });
  const outcome = await new Promise<unknown>((resolve, reject) => {
    reference.net.connect(
      'chat',
      null,
      service.port,
      LOOPBACK,
      (error: unknown, connection: PeerConnection) => {
        if (error) {
          reject(error);
          return;
        }
        connection.callMethod('jstp.reflection', 'describe', [], (failure: unknown, result: unknown) => {
          connection.close();
          if (failure) reject(failure);
          else resolve(result);
        });
      },
    );
  });
  expect(outcome).toEqual(await describeOf(await service.connect('chat')));
});

test('a description is made once, however often it is asked for', async () => {
  let reads = 0;
  const counted = new Application('counted', { a: {} });
  const service = await start({ reflection: true, applications: [counted] });
  Object.defineProperty(counted, 'api', {
    get: () => {
      reads++;
      return { a: { b: async () => 1 } };
    },
  });
  const connection = await service.connect('counted');
  const all = await Promise.all(Array.from({ length: 500 }, () => describeOf(connection)));
  expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(reads).toBe(1);
});

describe('what is not there', () => {
  test('without the option, the interface is unknown as any other', async () => {
    const service = await start();
    const connection = await service.connect('chat');
    const unknown = await callError(connection.callMethod('no such', 'describe', []));
    expect(await callError(connection.callMethod('jstp.reflection', 'describe', []))).toEqual(unknown);
    expect(unknown.code).toBe(12);
  });

  test('another method of it, and arguments, have the codes of any method', async () => {
    const connection = await (await start({ reflection: true })).connect('chat');
    expect((await callError(connection.callMethod('jstp.reflection', 'other', []))).code).toBe(14);
    expect((await callError(connection.callMethod('jstp.reflection', 'describe', [1]))).code).toBe(17);
    expect((await callError(connection.callMethod('jstp.other', 'describe', []))).code).toBe(12);
  });
});

/** What a client gets of `describe`: the format, or the code of the error. */
async function outcome(service: Service, login?: string): Promise<number> {
  const connection = await service.connect('chat', {}, login);
  const described = connection.callMethod('jstp.reflection', 'describe', []) as Promise<{ format: number }>;
  return described.then(
    ({ format }) => format,
    (error: unknown) => (error as RemoteError).code * 1000,
  );
}

describe('who may see it', () => {
  test('without a guard, all whom introspection lets see names', async () => {
    const service = await start({ reflection: true, introspection: 'authenticated' });
    expect(await outcome(service)).toBe(12_000);
    expect(await outcome(service, 'anna')).toBe(1);
  });

  test('with a guard, whom the guard lets, which sees what guards of handlers see', async () => {
    const guard = new Guard(
      (context) => context.switchToRpc().getContext<JstpContext>().getUsername() === 'anna',
    );
    const service = await start({ reflection: { guard } });
    expect(await outcome(service, 'anna')).toBe(1);
    expect(await outcome(service)).toBe(1000);
    expect(guard.seen).toEqual(
      Array(2).fill(['rpc', 'describe', Guard, undefined, 'jstp.reflection.describe']),
    );
  });

  test.each([
    ['nothing', () => undefined, [1, 'Forbidden resource']],
    ['a truthy value', () => 'yes', [1, 'Forbidden resource']],
    ['an error', () => Promise.reject(new Error('secret')), [16, 'Internal server error']],
    ['a RemoteError', () => Promise.reject(new RemoteError(77, 'not you')), [77, 'not you']],
  ])('a guard that answers %s is a no', async (_name, answer, [code, message]) => {
    const service = await start({ reflection: { guard: new Guard(answer) } });
    const connection = await service.connect('chat');
    const error = await callError(connection.callMethod('jstp.reflection', 'applications', []));
    expect([error.code, error.message]).toEqual([code, message]);
  });

  test('a guard is asked after introspection, which it does not undercut', async () => {
    const guard = new Guard(() => true);
    const service = await start({ reflection: { guard }, introspection: 'authenticated' });
    expect(await outcome(service)).toBe(12_000);
    expect(guard.seen).toEqual([]);
  });

  test("where introspection is 'none', only a guard can open it", async () => {
    expect(() => new JstpServer({ reflection: true, introspection: 'none' })).toThrow(/^reflection must/);
    const service = await start({ reflection: { guard: new Guard(() => true) }, introspection: 'none' });
    expect(await outcome(service)).toBe(1);
  });

  test('the class of a guard is injected by JstpModule, in request scope, too', async () => {
    const asked: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class OfRequest implements CanActivate {
      canActivate(): boolean {
        asked.push(this);
        return true;
      }
    }
    const imports = [JstpModule.forRoot({ host: LOOPBACK, port: 0, reflection: { guard: OfRequest } })];
    const module = moduleOf({ imports, controllers: [RoomsController], providers: [OfRequest] });
    const app = await NestFactory.create(module, QUIET);
    atEnd(() => app.close());
    const server = app.get(JstpServer);
    app.connectMicroservice<MicroserviceOptions>({ strategy: server });
    await app.startAllMicroservices();
    const service = new Service(app as never, server);
    expect([await outcome(service), await outcome(service)]).toEqual([1, 1]);
    expect(new Set(asked).size).toBe(2);
  });
});

describe('what is an error at the start', () => {
  test.each([
    [{ reflection: 'yes' }, /^reflection must/],
    [{ reflection: { guards: [] } }, /guards.*guard/],
    [{ reflection: { guard: {} } }, /^reflection.guard must/],
    [{ reflection: { guard: Guard } }, /^reflection.guard must/],
  ])('the option %j', (options, text) => {
    expect(() => new JstpServer(options as never)).toThrow(text);
  });

  test('a handler in an interface of a reserved name', async () => {
    @JstpInterface('jstp.mine')
    @Controller()
    class Mine {
      @MessagePattern('a')
      a(): void {
        // Never called.
      }
    }
    expect(String(await startError({ controllers: [Mine] }))).toMatch(/Mine\.a.*jstp\./);
  });

  test('a core application with such an interface', async () => {
    const applications = [new Application('mine', { 'jstp.mine': {} })];
    expect(String(await startError({ options: { applications } }))).toMatch(/mine@1\.0\.0.*jstp\./);
  });
});
