import { describe, expect, test } from '@jest/globals';
import {
  Catch,
  Controller,
  ForbiddenException,
  HttpException,
  Inject,
  Injectable,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import { Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { EMPTY, map, of, throwError, type Observable } from 'rxjs';
import {
  JstpApplication,
  JstpContext,
  JstpHandshake,
  RemoteError,
  type JstpHandshakeData,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { within } from '../../support/wait-for.js';
import { callError, KeptLog, startService, type Service } from './fixture.js';

@Controller()
class WhoController {
  @MessagePattern('who')
  who(@Ctx() context: JstpContext): string | null {
    return context.getUsername();
  }
}

type Answer = (context: ExecutionContext, jstp: JstpContext) => ReturnType<CanActivate['canActivate']>;

class Guard implements CanActivate {
  readonly asked: JstpHandshakeData[] = [];

  constructor(private readonly answer: Answer = () => true) {}

  canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    this.asked.push(context.switchToRpc().getData<JstpHandshakeData>());
    return this.answer(context, context.switchToRpc().getContext<JstpContext>());
  }
}

const guarded = (answer: Answer, options: JstpServerOptions = {}): Promise<Service> =>
  startService({ controllers: [WhoController], options: { authPolicy: new Guard(answer), ...options } });

const login = ['anna', 'secret'];

describe('a guard as the authPolicy', () => {
  test('is asked with strategy and credentials, and lets a login in under its own name', async () => {
    const guard = new Guard();
    const service = await startService({ controllers: [WhoController], options: { authPolicy: guard } });
    const connection = await service.connect('jstp', {}, 'anna', 'secret');
    expect(guard.asked).toEqual([{ strategy: 'login', credentials: login }]);
    expect(await connection.callMethod('default', 'who', [])).toBe('anna');
  });

  test('names the user by the context', async () => {
    const service = await guarded((_context, jstp) => {
      jstp.setUsername('named');
      return true;
    });
    const connection = await service.connect('jstp', {}, 'anna');
    expect(await connection.callMethod('default', 'who', [])).toBe('named');
  });

  test.each<[string, Answer, number]>([
    ['true', () => true, 0],
    ['a promise of true', () => Promise.resolve(true), 0],
    ['an Observable of true', () => of(true), 0],
    ['false', () => false, 11],
    ['a promise of false', () => Promise.resolve(false), 11],
    ['an Observable of false', () => of(false), 11],
    ['an Observable of nothing', () => EMPTY, 11],
  ])('that answers %s decides so', async (_title, answer, code) => {
    expect(await (await guarded(answer)).handshake('login', login)).toBe(code);
  });

  test.each<[string, () => unknown, number]>([
    ['an RpcException of a RemoteError', () => new RpcException(new RemoteError(1001, 'locked')), 1001],
    ['a RemoteError', () => new RemoteError(1002, 'locked'), 1002],
    ['an RpcException of a text', () => new RpcException('no'), 11],
    ['an HttpException', () => new ForbiddenException('no'), 11],
    ['an Error', () => new Error('of the database'), 11],
  ])('that throws %s refuses, and tells no more than its code', async (_title, thrown, code) => {
    for (const answer of [
      (): never => {
        throw thrown();
      },
      (): Promise<never> => Promise.reject(thrown()),
      (): Observable<never> => throwError(thrown),
    ]) {
      const service = await guarded(answer);
      const [frame] = await service.say("{handshake:[0,'jstp'],login:['a','b']}", 1);
      expect(frame).toBe(
        code === 11 ? '{handshake:[0],error:[11]}' : `{handshake:[0],error:[${code},'locked']}`,
      );
    }
  });

  test('has what it did not mean to throw logged, and the rest not', async () => {
    const log = new KeptLog();
    const errors = [new Error('of the database'), new HttpException('no', 418), new RpcException('no')];
    const authPolicy = new Guard(() => {
      throw errors.shift();
    });
    const service = await startService({
      controllers: [WhoController],
      options: { authPolicy },
      logger: log,
    });
    for (let round = 0; round < 3; round += 1) expect(await service.handshake('login', login)).toBe(11);
    expect(log.errors).toEqual([new Error('of the database')]);
  });

  test('must name the user of a strategy of its own', async () => {
    expect(await (await guarded(() => true)).handshake('token', 'abc')).toBe(11);
    const named = await guarded((_context, jstp) => {
      jstp.setUsername('by token');
      return true;
    });
    expect(await named.handshake('token', 'abc')).toBe(0);
  });

  test.each([[[]], [[5]], [['']], [{}], [null]])(
    'does not let a login of %j in without a name',
    async (credentials) => {
      expect(await (await guarded(() => true)).handshake('login', credentials)).toBe(11);
    },
  );

  test('is asked about anonymous clients, who need no name', async () => {
    const service = await guarded(
      (context) => context.switchToRpc().getData<JstpHandshakeData>().strategy !== 'login',
    );
    expect(await (await service.connect()).callMethod('default', 'who', [])).toBeNull();
    expect(await (await guarded(() => false)).handshake('anonymous', [])).toBe(11);
  });

  test('is not asked about them with allowAnonymous', async () => {
    const service = await guarded(() => false, { allowAnonymous: true });
    expect(await (await service.connect()).callMethod('default', 'who', [])).toBeNull();
    expect(await service.handshake('login', login)).toBe(11);
  });

  test('sees an execution context of its own class and of a function with a name', async () => {
    const seen: unknown[] = [];
    @SetMetadata('door', 'front')
    class ReflectingGuard extends Guard {}
    const authPolicy = new ReflectingGuard((context, jstp) => {
      const reflector = new Reflector();
      seen.push(context.getType(), context.getHandler().name, context.getClass());
      seen.push(reflector.getAllAndOverride('door', [context.getHandler(), context.getClass()]));
      seen.push(context.getArgs().length, context.getArgByIndex(1) === jstp);
      seen.push(context.switchToHttp().getRequest(), context.switchToHttp().getResponse() === jstp);
      seen.push(
        context.switchToHttp().getNext(),
        context.switchToWs().getClient(),
        context.switchToWs().getPattern(),
      );
      seen.push(context.switchToWs().getData() === jstp);
      return true;
    });
    const service = await startService({ controllers: [WhoController], options: { authPolicy } });
    await service.connect('jstp', {}, 'anna');
    const data = { strategy: 'login', credentials: ['anna', ''] };
    expect(seen).toEqual([
      'rpc',
      'handshake',
      ReflectingGuard,
      'front',
      2,
      true,
      data,
      true,
      undefined,
      data,
      'handshake:login',
      true,
    ]);
  });

  test('sees the connection that is being opened and the application it asks for', async () => {
    const seen: unknown[] = [];
    const service = await guarded((_context, jstp) => {
      seen.push(jstp.getApplication()?.name, jstp.getSession(), jstp.getUsername(), jstp.getInterface());
      seen.push(jstp.getMethod(), jstp.getMetadata(), jstp.getHandshake(), jstp.getSignal().aborted);
      seen.push(jstp.getConnection().remoteAddress);
      expect(() => {
        jstp.setUsername('');
      }).toThrow('not empty');
      return true;
    });
    await service.connect('jstp', {}, 'anna');
    const handshake = { strategy: 'login', credentials: ['anna', ''] };
    expect(seen).toEqual([
      'jstp',
      null,
      null,
      undefined,
      undefined,
      undefined,
      handshake,
      false,
      '127.0.0.1',
    ]);
  });

  test('is asked about resumes only with authorizeResume, and sees whose session it is', async () => {
    const resumed: unknown[] = [];
    const answer: Answer = (context, jstp) => {
      const { strategy } = context.switchToRpc().getData<JstpHandshakeData>();
      if (strategy === 'session') resumed.push(jstp.getUsername());
      return strategy !== 'session';
    };
    for (const authorizeResume of [false, true]) {
      const service = await guarded(answer, { authorizeResume });
      const connection = await service.connect('jstp', { extensions: [] }, 'anna');
      const code = await service.handshake('session', [connection.session?.id, 0]);
      expect(code).toBe(authorizeResume ? 11 : 0);
    }
    expect(resumed).toEqual(['anna']);
  });
});

describe('a function or an object as the authPolicy', () => {
  test('decides as in JSTP, anonymous clients unasked', async () => {
    const service = await startService({
      controllers: [WhoController],
      options: {
        authPolicy: (_connection, _application, _strategy, _credentials, callback) => {
          callback(null, 'of the function');
        },
      },
    });
    expect(await (await service.connect('jstp', {}, 'x')).callMethod('default', 'who', [])).toBe(
      'of the function',
    );
    expect(await (await service.connect()).callMethod('default', 'who', [])).toBeNull();
  });

  test('may be asked about anonymous clients and resumes where the object says so', async () => {
    const strategies: string[] = [];
    const service = await startService({
      controllers: [WhoController],
      options: {
        authPolicy: {
          decidesAnonymous: true,
          decidesResume: true,
          authenticate: async (_connection, _application, strategy) => {
            strategies.push(strategy);
            return Promise.resolve(`by ${strategy}`);
          },
        },
      },
    });
    const connection = await service.connect('jstp', { extensions: [] });
    expect(await connection.callMethod('default', 'who', [])).toBe('by anonymous');
    expect(await service.handshake('session', [connection.session?.id, 0])).toBe(0);
    expect(strategies).toEqual(['anonymous', 'session']);
  });

  test('is asked about resumes with authorizeResume', async () => {
    const service = await startService({
      controllers: [WhoController],
      options: {
        authorizeResume: true,
        authPolicy: (_connection, _application, strategy, _credentials, callback) => {
          callback(strategy === 'session' ? new Error('no') : null, 'x');
        },
      },
    });
    const connection = await service.connect('jstp', { extensions: [] }, 'x');
    expect(await service.handshake('session', [connection.session?.id, 0])).toBe(11);
  });

  test('without any, only anonymous clients are let in', async () => {
    const service = await startService({ controllers: [WhoController] });
    expect(await service.handshake('login', login)).toBe(11);
    expect(await service.handshake('anonymous', [])).toBe(0);
  });
});

@Injectable()
class Users {
  readonly passwords = new Map([['anna', 'secret']]);
}

@Injectable()
class PasswordGuard implements CanActivate {
  constructor(private readonly users: Users) {}

  canActivate(context: ExecutionContext): boolean {
    const { credentials } = context.switchToRpc().getData<JstpHandshakeData>();
    const [name, password] = credentials as string[];
    return this.users.passwords.get(name) === password;
  }
}

class OnlyTexts implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value === 'string') return value.toLowerCase();
    throw new RpcException(new RemoteError(1003, 'texts only'));
  }
}

@Catch(RangeError)
class RangeFilter implements RpcExceptionFilter {
  catch(): Observable<never> {
    return throwError(() => new RemoteError(1004, 'out of range'));
  }
}

class Prefixing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<string> {
    return next.handle().pipe(map((name) => `the ${String(name)}`));
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerHandshake {
  private static made = 0;
  readonly number = (PerHandshake.made += 1);

  constructor(@Inject(REQUEST) readonly request: { getContext: () => JstpContext }) {}
}

@Controller()
class DoorsController {
  @JstpHandshake('login')
  @UseGuards(PasswordGuard)
  login(@Payload() credentials: string[]): string | undefined {
    return credentials[0];
  }

  @UseInterceptors(Prefixing)
  @JstpHandshake('badge')
  async badge(@Payload(OnlyTexts) text: string, @Ctx() context: JstpContext): Promise<string> {
    await Promise.resolve();
    return `${text} of ${String(context.getHandshake()?.strategy)}`;
  }

  @UseFilters(RangeFilter)
  @JstpHandshake('number')
  number(@Payload() value: number): Observable<string> {
    if (value > 9) throw new RangeError('internal');
    return of(`number ${value}`, 'and no more');
  }

  @JstpHandshake('answer')
  answer(@Payload() value: unknown): unknown {
    return value;
  }

  @JstpHandshake('set')
  set(@Payload() name: string, @Ctx() context: JstpContext): void {
    context.setUsername(name);
  }

  @MessagePattern('who')
  who(@Ctx() context: JstpContext): string | null {
    return context.getUsername();
  }
}

describe('a @JstpHandshake handler', () => {
  const setup = { controllers: [DoorsController], providers: [Users, PasswordGuard] };

  test('decides on its strategy, with its guards and their injection', async () => {
    const service = await startService(setup);
    const connection = await service.connect('jstp', {}, 'anna', 'secret');
    expect(await connection.callMethod('default', 'who', [])).toBe('anna');
    expect(await service.handshake('login', ['anna', 'wrong'])).toBe(11);
  });

  test('has pipes and interceptors around it', async () => {
    const service = await startService(setup);
    const wire = service.open();
    wire.write("{handshake:[0,'jstp'],badge:'RED'}");
    await wire.frames(1);
    wire.write("{call:[1,'default'],who:[]}");
    expect((await wire.frames(2))[1]).toBe("{callback:[1],ok:['the red of badge']}");
    expect(await service.handshake('badge', 5)).toBe(1003);
  });

  test('may answer with an Observable, whose first value counts, and has filters', async () => {
    const service = await startService(setup);
    expect(await service.handshake('number', 9)).toBe(0);
    expect(await service.handshake('number', 10)).toBe(1004);
  });

  test.each([
    [null, 11],
    [false, 11],
    [true, 11],
    ['', 11],
    [{}, 11],
    ['name', 0],
  ])('that answers %j decides so', async (value, code) => {
    expect(await (await startService(setup)).handshake('answer', value)).toBe(code);
  });

  test('may set the name by the context', async () => {
    const service = await startService(setup);
    expect(await service.handshake('set', 'x')).toBe(0);
  });

  test('is the only one: strategies without a handler are refused, anonymous ones too', async () => {
    const service = await startService(setup);
    expect(await service.handshake('anonymous', [])).toBe(11);
    expect(await service.handshake('token', 'x')).toBe(11);
    const open = await startService({ ...setup, options: { allowAnonymous: true } });
    expect(await open.handshake('anonymous', [])).toBe(0);
  });

  test('wins over the authPolicy, which decides on the rest', async () => {
    const authPolicy = new Guard((_context, jstp) => {
      jstp.setUsername('of the guard');
      return true;
    });
    const service = await startService({ ...setup, options: { authPolicy } });
    expect(await service.handshake('login', ['anna', 'wrong'])).toBe(11);
    expect(await service.handshake('token', 'x')).toBe(0);
    expect(authPolicy.asked).toEqual([{ strategy: 'token', credentials: 'x' }]);
  });

  test('wins over a function, which is not asked about anonymous clients then: they are refused', async () => {
    const authPolicy: JstpServerOptions['authPolicy'] = (
      _connection,
      _app,
      strategy,
      _credentials,
      callback,
    ) => {
      callback(null, strategy);
    };
    const service = await startService({ ...setup, options: { authPolicy } });
    expect(await service.handshake('token', 'x')).toBe(0);
    expect(await service.handshake('anonymous', [])).toBe(11);
  });

  test('cannot be reached by a call, an event, or inspect', async () => {
    const service = await startService(setup);
    const connection = await service.connect('jstp', { extensions: ['nest'] }, 'anna', 'secret');
    for (const name of ['login', 'jstp-handshake:login', 'handshake:login']) {
      expect((await callError(connection.callMethod('default', name, [login]))).code).toBe(14);
    }
    expect([...service.server.getHandlers().keys()]).toEqual(['who']);
    const proxy = await connection.inspectInterface('default');
    expect(Object.keys(proxy)).toEqual(['who']);
  });

  test('without a strategy takes those that have no handler, anonymous ones and resumes included', async () => {
    const asked: string[] = [];
    @Controller()
    class AnyDoor extends DoorsController {
      @JstpHandshake()
      any(@Ctx() context: JstpContext): string | boolean {
        const { strategy } = context.getHandshake() ?? { strategy: '?' };
        asked.push(strategy);
        return strategy === 'token' ? 'by token' : true;
      }
    }
    const service = await startService({
      controllers: [AnyDoor],
      providers: [Users, PasswordGuard],
      options: { authorizeResume: true },
    });
    expect(await service.handshake('login', login)).toBe(0);
    expect(await service.handshake('token', 'x')).toBe(0);
    expect(await service.handshake('unnamed', 'x')).toBe(11);
    const connection = await service.connect('jstp', { extensions: [] });
    expect(await service.handshake('session', [connection.session?.id, 0])).toBe(0);
    expect(asked).toEqual(['token', 'unnamed', 'anonymous', 'session']);
  });

  test('decides for its own application only', async () => {
    @JstpApplication('inner@1.0.0')
    @Controller()
    class Inner {
      @JstpHandshake('key')
      key(): string {
        return 'key';
      }
    }
    const service = await startService({ ...setup, controllers: [DoorsController, Inner] });
    expect(await service.handshake('key', 'x', 'inner')).toBe(0);
    expect(await service.handshake('key', 'x', 'jstp')).toBe(11);
    expect(await service.handshake('login', login, 'inner')).toBe(11);
  });

  test('is made anew for each handshake in request scope, with the context in its REQUEST', async () => {
    @Controller()
    class ScopedDoor {
      constructor(private readonly perHandshake: PerHandshake) {}

      @JstpHandshake('login')
      login(@Ctx() context: JstpContext): string {
        const isSame = this.perHandshake.request.getContext() === context;
        return `${this.perHandshake.number} ${isSame}`;
      }

      @MessagePattern('who')
      who(@Ctx() context: JstpContext): string | null {
        return context.getUsername();
      }
    }
    const service = await startService({ controllers: [ScopedDoor], providers: [PerHandshake] });
    const names: unknown[] = [];
    for (let round = 0; round < 2; round += 1) {
      const connection = await service.connect('jstp', {}, 'anna');
      names.push(connection.session && (await connection.callMethod('default', 'who', [])));
    }
    expect(names[0]).toMatch(/^\d+ true$/);
    expect(names[1]).toMatch(/^\d+ true$/);
    expect(names[0]).not.toBe(names[1]);
  });

  test('is seen by global guards, which can tell it from a call', async () => {
    const seen: unknown[] = [];
    class Global implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        seen.push(context.switchToRpc().getContext<JstpContext>().getHandshake()?.strategy ?? 'a call');
        return true;
      }
    }
    const providers = [...setup.providers, { provide: APP_GUARD, useClass: Global }];
    const service = await startService({ ...setup, providers });
    const connection = await service.connect('jstp', {}, 'anna', 'secret');
    await within(connection.callMethod('default', 'who', []), 'an answer');
    expect(seen).toEqual(['login', 'a call']);
  });
});
