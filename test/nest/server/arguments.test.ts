import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  createParamDecorator,
  ParseIntPipe,
  UseGuards,
  type ArgumentMetadata,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Arg, ConfigurationError, JstpArgs, JstpContext } from '../../../lib/index.js';
import { turns } from '../../support/quiet.js';
import { callError, startError, startService } from './fixture.js';

const seenByGuard: unknown[] = [];
const seenByPipe: ArgumentMetadata[] = [];
const events: unknown[] = [];

class Seeing implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seenByGuard.push(context.switchToRpc().getData());
    return true;
  }
}

class GlobalPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    seenByPipe.push(metadata);
    return value === 'global' ? 'seen by the global pipe' : value;
  }
}

const OPTIONAL_INT = new ParseIntPipe({ optional: true });

@Controller()
class ArgumentsController {
  @MessagePattern('payload')
  payload(@Payload() data: unknown): unknown {
    return { data, isArray: Array.isArray(data) };
  }

  @UseGuards(Seeing)
  @MessagePattern('send')
  send(@Arg(0) room: string, @Arg(1, ParseIntPipe) count: number, @Ctx() context: JstpContext): unknown {
    return { room, count, method: context.getMethod() };
  }

  @MessagePattern('swapped')
  swapped(@Arg(1) second: unknown, @Arg(0) first: unknown): unknown {
    return [first, second];
  }

  @MessagePattern('optional')
  optional(@Arg(0) first: unknown, @Arg(1, { optional: true }, OPTIONAL_INT) second?: number): unknown {
    return { first, second };
  }

  @MessagePattern('gap')
  gap(@Arg(2) third: unknown, @Payload() all: unknown[]): unknown {
    return { third, all };
  }

  @MessagePattern('several results')
  several(): unknown {
    return JstpArgs.of(1, [2], 'three');
  }

  @EventPattern<string>('moved')
  event(@Arg(0) first: unknown, @Arg(1) second: unknown): void {
    events.push([first, second]);
  }
}

const setup = { controllers: [ArgumentsController] };

describe('the arguments of a call', () => {
  test.each([
    ['none is undefined', [], { isArray: false }],
    ['one is the payload', [{ a: 1 }], { data: { a: 1 }, isArray: false }],
    ['one array is that array', [[5]], { data: [5], isArray: true }],
    ['several are an array', [1, 2], { data: [1, 2], isArray: true }],
  ])('%s', async (_title, args, expected) => {
    const connection = await (await startService(setup)).connect();
    expect(await connection.callMethod('default', 'payload', args)).toEqual(expected);
  });

  test('reach the parameters by their position, through their pipes', async () => {
    const connection = await (await startService(setup)).connect();
    const answer = await connection.callMethod('default', 'send', ['lobby', '3']);
    expect(answer).toEqual({ room: 'lobby', count: 3, method: 'send' });
    expect(await connection.callMethod('default', 'swapped', [1, 2])).toEqual([1, 2]);
  });

  test('are the array of all for the guards of a handler with @Arg', async () => {
    seenByGuard.length = 0;
    const connection = await (await startService(setup)).connect();
    await connection.callMethod('default', 'send', ['lobby', '3']);
    expect(seenByGuard).toEqual([['lobby', '3']]);
  });

  test('go through global pipes, with the declared type', async () => {
    seenByPipe.length = 0;
    const configure = (app: { useGlobalPipes: (pipe: PipeTransform) => unknown }): void => {
      app.useGlobalPipes(new GlobalPipe());
    };
    const connection = await (await startService({ ...setup, configure })).connect();
    expect(await connection.callMethod('default', 'send', ['global', '3'])).toMatchObject({
      room: 'seen by the global pipe',
    });
    expect(seenByPipe.find(({ data }) => data === '0')).toMatchObject({ metatype: String });
    expect(seenByPipe.find(({ data }) => data === '1')).toMatchObject({ metatype: Number });
  });

  test.each([
    ['send', [], 17],
    ['send', ['lobby'], 17],
    ['send', ['lobby', '3', 'more'], 17],
    ['optional', [], 17],
    ['optional', [1, '2', 3], 17],
    ['gap', [1, 2], 17],
  ])('of %s are refused when they are %j, before any guard runs', async (method, args, code) => {
    seenByGuard.length = 0;
    const connection = await (await startService(setup)).connect();
    expect((await callError(connection.callMethod('default', method, args))).code).toBe(code);
    expect(seenByGuard).toEqual([]);
  });

  test('of the wrong number are told to a peer of this package by their numbers, to others by the code alone', async () => {
    const service = await startService(setup);
    const ours = await service.connect('jstp', { extensions: ['nest'] });
    const call = async (method: string, args: unknown[]): Promise<unknown> =>
      (await callError(ours.callMethod('default', method, args))).message;
    expect(await call('send', ['lobby'])).toBe('Invalid signature: send takes 2 arguments, not 1');
    expect(await call('optional', [1, '2', 3])).toBe(
      'Invalid signature: optional takes 1 to 2 arguments, not 3',
    );
    const wire = service.open();
    wire.write("{handshake:[0,'jstp']}");
    await wire.frames(1);
    wire.write("{call:[1,'default'],send:['lobby']}");
    expect((await wire.frames(2))[1]).toBe('{callback:[1],error:[17]}');
  });

  test('may be left out where they are optional', async () => {
    const connection = await (await startService(setup)).connect();
    expect(await connection.callMethod('default', 'optional', [1, '2'])).toEqual({ first: 1, second: 2 });
    expect(await connection.callMethod('default', 'optional', [1])).toEqual({ first: 1 });
  });

  test('have no gaps: those before the highest position are required, and are all in the payload', async () => {
    const connection = await (await startService(setup)).connect();
    expect(await connection.callMethod('default', 'gap', [1, 2, 3])).toEqual({ third: 3, all: [1, 2, 3] });
  });

  test('may be several results as well', async () => {
    const connection = await (await startService(setup)).connect();
    expect(await connection.callMethod('default', 'several results', [])).toEqual([1, [2], 'three']);
  });

  test('of an event that do not fit are not handled', async () => {
    events.length = 0;
    const connection = await (await startService(setup)).connect();
    connection.emitRemoteEvent('default', 'moved', [1]);
    connection.emitRemoteEvent('default', 'moved', [1, 2]);
    await connection.callMethod('default', 'payload', []);
    await turns();
    expect(events).toEqual([[1, 2]]);
  });
});

describe('@Arg', () => {
  test.each<[object | null, string]>([
    [{ optionl: true }, 'Unknown name "optionl" in the options of @Arg: did you mean "optional"?'],
    [{ optional: 'yes' }, 'must be true or false, but "yes" was given'],
    [null, 'must be an object, but null was given'],
  ])('refuses the options %j', (options, text) => {
    expect(() => Arg(0, options as never)).toThrow(text);
  });

  test.each([[-1], [1.5], [Number.NaN], [256], ['0']])('refuses the position %j', (index) => {
    expect(() => Arg(index as number)).toThrow(ConfigurationError);
  });

  test('before a required argument may not be optional: an error at start', async () => {
    @Controller()
    class OptionalFirst {
      @MessagePattern('x')
      run(
        @Arg(0) first: unknown,
        @Arg(1, { optional: true }) second: unknown,
        @Arg(2) third: unknown,
      ): unknown {
        return [first, second, third];
      }
    }
    const error = await startError({ controllers: [OptionalFirst] });
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toBe(
      'The @Arg parameters of OptionalFirst.run must be optional from one position on to the last, ' +
        'but "@Arg(1, { optional: true }) before @Arg(2)" was given',
    );
  });

  test('of a position needs those of all before it: an error at start, of a method and of an event', async () => {
    @Controller()
    class Third {
      @MessagePattern('x')
      run(@Arg(2) third: unknown): unknown {
        return third;
      }
    }
    @Controller()
    class Second {
      @EventPattern<string>('x')
      run(@Arg(0) first: unknown, @Arg(2, { optional: true }) third: unknown): void {
        events.push([first, third]);
      }
    }
    for (const [controller, gap, last] of [
      [Third, 0, 2],
      [Second, 1, 2],
    ] as const) {
      const { message } = await startError({ controllers: [controller] });
      expect(message).toContain(`The @Arg parameters of ${controller.name}.run must be of all positions`);
      expect(message).toContain(`"no @Arg(${gap}) before @Arg(${last})" was given`);
    }
  });

  test('leaves positions out where a decorator of the user reads them', async () => {
    const All = createParamDecorator((_data: unknown, context: ExecutionContext) =>
      context.switchToRpc().getData(),
    );
    @Controller()
    class Own {
      @MessagePattern('x')
      run(@Arg(1) second: unknown, @All() all: unknown): unknown {
        return { second, all };
      }
    }
    const connection = await (await startService({ controllers: [Own] })).connect();
    expect(await connection.callMethod('default', 'x', [1, 2])).toEqual({ second: 2, all: [1, 2] });
  });

  test('refuses a constructor', () => {
    expect(() => {
      Arg(0)(class {}, undefined, 0);
    }).toThrow(ConfigurationError);
  });
});
