import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  Injectable,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { ConfigurationError, JstpApplication, JstpHandshake, JstpInterface } from '../../../lib/index.js';
import { PATTERN_EXTRAS_METADATA } from '../../../lib/nest/constants.js';
import { moduleOf } from '../../support/nest-app.js';
import { callError, startError, startService } from './fixture.js';

const NO_HANDLER = 'There is no matching message handler defined in the remote service.';

@JstpApplication('chat@1.2.0')
@JstpInterface('rooms')
@Controller()
class RoomsController {
  @MessagePattern('join')
  join(@Payload() room: string): string {
    return `joined ${room}`;
  }

  @MessagePattern('leave.now')
  leave(): string {
    return 'left';
  }

  @EventPattern<string>('typing')
  typing(): void {
    // Only its place counts.
  }

  @JstpInterface('admin')
  @MessagePattern('kick')
  kick(): string {
    return 'kicked';
  }

  @MessagePattern('close')
  @JstpInterface('admin')
  close(): string {
    return 'closed';
  }

  @JstpHandshake('login')
  login(): string {
    return 'somebody';
  }
}

@Controller()
@JstpInterface('rooms')
@JstpApplication('chat@2.0.0')
class NewRoomsController {
  @MessagePattern('join')
  join(): string {
    return 'joined the new way';
  }
}

@Controller()
class PlainController {
  @MessagePattern('math.sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((total, number) => total + number, 0);
  }

  @MessagePattern('ping')
  ping(): string {
    return 'pong';
  }

  @MessagePattern({ interface: 'math', method: 'zero' })
  zero(): number {
    return 0;
  }

  @MessagePattern(5)
  five(): number {
    return 5;
  }
}

describe('a decorated controller', () => {
  const setup = { controllers: [RoomsController, NewRoomsController], options: { allowAnonymous: true } };

  test('serves the methods of its interface in its application', async () => {
    const connection = await (await startService(setup)).connect('chat@1.2.0');
    expect(await connection.callMethod('rooms', 'join', ['a'])).toBe('joined a');
  });

  test('takes the whole pattern as the name, dots too', async () => {
    const connection = await (await startService(setup)).connect('chat@1.2.0');
    expect(await connection.callMethod('rooms', 'leave.now', [])).toBe('left');
  });

  test('has a method in another interface where the method says so, in whatever order the decorators stand', async () => {
    const connection = await (await startService(setup)).connect('chat@1.2.0');
    expect(await connection.callMethod('admin', 'kick', [])).toBe('kicked');
    expect(await connection.callMethod('admin', 'close', [])).toBe('closed');
    expect((await callError(connection.callMethod('rooms', 'kick', []))).code).toBe(14);
  });

  test('lists its methods to inspect in the order of their definition, without events and handshakes', async () => {
    const wire = (await startService(setup)).open();
    wire.write("{handshake:[0,'chat','1.2.0']}", "{inspect:[1,'rooms']}", "{inspect:[2,'none']}");
    const [, rooms, none] = await wire.frames(3);
    expect(rooms).toBe("{callback:[1],ok:['join','leave.now']}");
    expect(none).toBe('{callback:[2],error:[12]}');
  });

  test('has its handlers in getHandlers under application, interface and pattern, with extras that say whose they are', async () => {
    const { server } = await startService(setup);
    expect([...server.getHandlers().keys()]).toEqual([
      'chat@1.2.0/rooms/join',
      'chat@1.2.0/rooms/leave.now',
      'chat@1.2.0/rooms/typing',
      'chat@1.2.0/admin/kick',
      'chat@1.2.0/admin/close',
      'chat@2.0.0/rooms/join',
    ]);
    expect(server.getHandlers().get('chat@1.2.0/admin/kick')?.extras).toEqual({
      jstp: {
        application: 'chat@1.2.0',
        interface: 'admin',
        className: 'RoomsController',
        methodName: 'kick',
      },
    });
  });

  test('lives beside another version of its application', async () => {
    const service = await startService(setup);
    const old = await service.connect('chat@^1.0.0');
    const latest = await service.connect('chat');
    expect(await old.callMethod('rooms', 'join', ['a'])).toBe('joined a');
    expect(await latest.callMethod('rooms', 'join', ['a'])).toBe('joined the new way');
  });

  test('answers an unknown interface with 12 and an unknown method with 14, and Nest’s text', async () => {
    const connection = await (await startService(setup)).connect('chat@1.2.0');
    expect(await callError(connection.callMethod('none', 'join', []))).toMatchObject({
      code: 12,
      message: NO_HANDLER,
    });
    expect(await callError(connection.callMethod('rooms', 'x', []))).toMatchObject({
      code: 14,
      message: NO_HANDLER,
    });
  });

  test.each([['constructor'], ['__proto__'], ['toString'], ['jstp-handshake:login'], ['login']])(
    'has no method %s that it did not declare',
    async (name) => {
      const connection = await (await startService(setup)).connect('chat@1.2.0', { extensions: ['nest'] });
      expect((await callError(connection.callMethod('rooms', name, []))).code).toBe(14);
      expect((await callError(connection.callMethod(name, name, []))).code).toBe(12);
    },
  );
});

describe('an undecorated controller', () => {
  test('has the interface before the last dot of a pattern, else default, in the application of the server', async () => {
    const service = await startService({
      controllers: [PlainController],
      options: { application: 'calc@3.1.0' },
    });
    const connection = await service.connect('calc@3.1.0', { extensions: ['nest'] });
    expect(await connection.callMethod('math', 'sum', [[1, 2]])).toBe(3);
    expect(await connection.callMethod('default', 'ping', [])).toBe('pong');
    expect(await connection.callMethod('math', 'zero', [])).toBe(0);
    expect(await connection.callMethod('default', '5', [])).toBe(5);
  });

  test('may have a method and an event of one name, in different keys of getHandlers', async () => {
    const calls: string[] = [];
    @Controller()
    class Both {
      @MessagePattern('x')
      method(): string {
        calls.push('method');
        return 'of the method';
      }

      @EventPattern<string>('x')
      event(): void {
        calls.push('event');
      }
    }
    const service = await startService({ controllers: [Both] });
    const connection = await service.connect();
    connection.emitRemoteEvent('default', 'x', []);
    expect(await connection.callMethod('default', 'x', [])).toBe('of the method');
    expect(calls).toEqual(['event', 'method']);
    expect([...service.server.getHandlers().keys()]).toEqual(['x', 'x (event)']);
  });
});

describe('an inherited controller', () => {
  const seen: string[] = [];

  @Injectable()
  class NamingGuard implements CanActivate {
    constructor(private readonly reflector: Reflector) {}

    canActivate(context: ExecutionContext): boolean {
      const label = this.reflector.get<string>('label', context.getHandler());
      seen.push(`${label} of ${context.getClass().name}.${context.getHandler().name}`);
      return true;
    }
  }

  abstract class CrudController {
    protected abstract readonly title: string;

    @SetMetadata('label', 'reading')
    @UseGuards(NamingGuard)
    @MessagePattern('get')
    get(@Payload('id') id: number): string {
      return `${this.title} ${id}`;
    }

    @JstpInterface('common')
    @MessagePattern('title')
    ofAll(): string {
      return this.title;
    }
  }

  @JstpInterface('users')
  @Controller()
  class UsersController extends CrudController {
    protected readonly title = 'user';
  }

  @JstpApplication('shop@2.0.0')
  @JstpInterface('goods')
  @Controller()
  class GoodsController extends CrudController {
    protected readonly title = 'item';

    override ofAll(): string {
      return 'no handler any more';
    }
  }

  test('serves each of its subclasses in the interface of that one, with guards, metadata and parameters', async () => {
    const service = await startService({ controllers: [UsersController, GoodsController] });
    const users = await service.connect('jstp');
    const goods = await service.connect('shop');
    expect(await users.callMethod('users', 'get', [{ id: 1 }])).toBe('user 1');
    expect(await goods.callMethod('goods', 'get', [{ id: 2 }])).toBe('item 2');
    expect((await callError(users.callMethod('goods', 'get', [{ id: 2 }]))).code).toBe(12);
    expect(seen).toEqual(['reading of UsersController.get', 'reading of GoodsController.get']);
  });

  test('keeps the interface that a method of the base has of its own, and drops handlers that are overridden', async () => {
    const service = await startService({ controllers: [UsersController, GoodsController] });
    const users = await service.connect('jstp');
    expect(await users.callMethod('common', 'title', [])).toBe('user');
    expect((await callError((await service.connect('shop')).callMethod('common', 'title', []))).code).toBe(
      12,
    );
  });

  test('has extras of each subclass, and leaves those of the base alone', async () => {
    const { server } = await startService({ controllers: [UsersController, GoodsController] });
    const extrasOf = (key: string): unknown => server.getHandlers().get(key)?.extras;
    expect(extrasOf('jstp@1.0.0/users/get')).toMatchObject({
      jstp: { interface: 'users', className: 'UsersController' },
    });
    expect(extrasOf('shop@2.0.0/goods/get')).toMatchObject({
      jstp: { interface: 'goods', className: 'GoodsController' },
    });
    const get: unknown = Object.getOwnPropertyDescriptor(CrudController.prototype, 'get')?.value;
    expect(Reflect.getMetadata(PATTERN_EXTRAS_METADATA, get as object)).toEqual({});
  });

  test('gets the application of its base where it says none itself', async () => {
    @JstpApplication('base@4.0.0')
    class Base {
      @MessagePattern('x')
      x(): string {
        return 'x';
      }
    }
    @JstpInterface('derived')
    @Controller()
    class Derived extends Base {}
    const connection = await (await startService({ controllers: [Derived] })).connect('base@4.0.0');
    expect(await connection.callMethod('derived', 'x', [])).toBe('x');
  });
});

describe('two handlers of one method', () => {
  @JstpInterface('rooms')
  @JstpApplication('chat@1.2.0')
  @Controller()
  class OtherRooms {
    @MessagePattern('join')
    enter(): void {
      // Never reached.
    }
  }

  @Controller()
  class Again {
    @MessagePattern('ping')
    again(): void {
      // Never reached.
    }

    @MessagePattern('math.sum')
    sum(): void {
      // Never reached.
    }
  }

  test('are an error at start that names class and method of both', async () => {
    const error = await startError({ controllers: [RoomsController, OtherRooms] });
    expect(error).toMatchObject({ code: 'ERR_JSTP_DUPLICATE_HANDLER' });
    expect(error.message).toBe(
      'Two handlers serve the method rooms.join of chat@1.2.0: RoomsController.join and OtherRooms.enter',
    );
  });

  test('are an error that names class and method of undecorated ones too, and all of them at once', async () => {
    const error = await startError({ controllers: [PlainController, Again] });
    expect(error.message).toBe(
      'Two handlers serve the method default.ping of jstp@1.0.0: PlainController.ping and Again.again; ' +
        'Two handlers serve the method math.sum of jstp@1.0.0: PlainController.sum and Again.sum',
    );
  });

  test('that two classes inherit are named by these classes', async () => {
    class Base {
      @MessagePattern(['inherited', 'other'])
      run(): void {
        // Never reached.
      }
    }
    @Controller()
    class First extends Base {}
    @Controller()
    class Second extends Base {}
    const { message } = await startError({ controllers: [First, Second] });
    expect(message).toContain('default.inherited of jstp@1.0.0: First.run and Second.run');
    expect(message).toContain('default.other of jstp@1.0.0: First.run and Second.run');
  });

  test('that are one, in a controller of two modules, are an error that names the modules', async () => {
    const imports = ['A', 'B'].map((name) => {
      const module = moduleOf({ controllers: [PlainController] });
      Object.defineProperty(module, 'name', { value: `Module${name}` });
      return module;
    });
    const { message } = await startError({ imports });
    expect(message).toContain(
      'The same handler is there twice to serve the method default.ping of jstp@1.0.0: PlainController.ping, ' +
        'because PlainController is a controller of the modules ModuleA and ModuleB. ' +
        'List PlainController in the controllers of one module that is imported once',
    );
  });

  test('that are one, in a dynamic module that is imported twice, are an error that names the module', async () => {
    class FeatureModule {}
    const withOptions = (value: number): DynamicModule => ({
      module: FeatureModule,
      controllers: [RoomsController],
      providers: [{ provide: 'OPTIONS', useValue: value }],
    });
    const { message } = await startError({ imports: [withOptions(1), withOptions(2)] });
    expect(message).toContain('serve the method rooms.join of chat@1.2.0: RoomsController.join');
    expect(message).toContain("decide on the strategy 'login' of chat@1.2.0: RoomsController.login");
    expect(message).toContain(
      'RoomsController is a controller of the module FeatureModule, which there is twice',
    );
  });

  test('are found across decorated and undecorated controllers', async () => {
    @JstpInterface('math')
    @Controller()
    class MathController {
      @MessagePattern('sum')
      sum(): void {
        // Never reached.
      }
    }
    const error = await startError({ controllers: [PlainController, MathController] });
    expect(error.message).toContain(': PlainController.sum and MathController.sum');
  });

  test('are an error at once when the second is added to a server that listens', async () => {
    const { server } = await startService({ controllers: [PlainController] });
    expect(() => {
      server.addHandler('ping', () => Promise.resolve('again'));
    }).toThrow("PlainController.ping and the pattern 'ping'");
  });

  test('that decide on the same handshakes are an error, too', async () => {
    @JstpApplication('chat@1.2.0')
    @Controller()
    class Doors {
      @JstpHandshake('login')
      open(): string {
        return 'x';
      }
    }
    const error = await startError({ controllers: [RoomsController, Doors] });
    expect(error.message).toBe(
      "Two handlers decide on the strategy 'login' of chat@1.2.0: RoomsController.login and Doors.open",
    );
  });
});

describe('the decorators', () => {
  test.each([[''], ['@1.0.0'], ['chat@one'], ['chat@^1.0.0'], [5]])('refuse %j as an application', (name) => {
    expect(() => JstpApplication(name as string)).toThrow(ConfigurationError);
  });

  test('take version 1.0.0 for an application without one', async () => {
    @JstpApplication('bare')
    @Controller()
    class Bare {
      @MessagePattern('x')
      x(): string {
        return 'x';
      }
    }
    const connection = await (await startService({ controllers: [Bare] })).connect('bare@1.0.0');
    expect(await connection.callMethod('default', 'x', [])).toBe('x');
  });

  test.each<[unknown]>([[''], [undefined]])('refuse %j as an interface', (name) => {
    expect(() => JstpInterface(name as string)).toThrow(ConfigurationError);
  });

  test('refuse an empty strategy', () => {
    expect(() => JstpHandshake('')).toThrow(ConfigurationError);
  });

  test('know where the installed Nest keeps the extras of a pattern', () => {
    class Target {
      @MessagePattern('x', { some: 'extra' })
      x(): void {
        // Only its metadata counts.
      }
    }
    const x: unknown = Object.getOwnPropertyDescriptor(Target.prototype, 'x')?.value;
    expect(Reflect.getMetadata(PATTERN_EXTRAS_METADATA, x as object)).toEqual({ some: 'extra' });
  });
});
