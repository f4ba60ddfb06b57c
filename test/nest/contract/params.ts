import { expect, test } from '@jest/globals';
import {
  Controller,
  createParamDecorator,
  DefaultValuePipe,
  Injectable,
  ParseIntPipe,
  UsePipes,
  type ArgumentMetadata,
  type ExecutionContext,
  type INestMicroservice,
  type PipeTransform,
} from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { BaseRpcContext, Ctx, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { errorOf, valuesOf } from '../../support/observed.js';
import { describeService } from './suite.js';
import type { TransportUnderTest } from './transport-under-test.js';

/** What Nest's transports have in common beyond the base class of their contexts. */
interface PatternContext extends BaseRpcContext {
  getPattern(): string;
}

class Order {
  constructor(readonly amount: number) {}
}

@Injectable()
class ToOrder implements PipeTransform<unknown, unknown> {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (metadata.metatype !== Order) return value;
    const amount: unknown = Reflect.get(Object(value) as object, 'amount');
    if (typeof amount !== 'number') throw new RpcException({ field: 'amount', received: value });
    return new Order(amount);
  }
}

/** Says where it stood, and what Nest told it about the parameter. */
class Mark implements PipeTransform<unknown, unknown> {
  constructor(private readonly name: string) {}

  transform(value: unknown): unknown {
    return Array.isArray(value) && value[0] === 'mark' ? [...(value as unknown[]), this.name] : value;
  }
}

class Describe implements PipeTransform<unknown, unknown> {
  transform(_value: unknown, { type, data, metatype }: ArgumentMetadata): unknown {
    return { type, data: data ?? null, metatype: metatype?.name };
  }
}

const FromPayload = createParamDecorator((field: string, context: ExecutionContext): unknown => {
  const data: unknown = context.switchToRpc().getData();
  return { field: Reflect.get(Object(data) as object, field) as unknown, type: context.getType() };
});

const Pattern = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  return context.switchToRpc().getContext<PatternContext>().getPattern();
});

@UsePipes(new Mark('class'))
@Controller()
class ParamsController {
  @MessagePattern('fields')
  fields(@Payload('a') a: unknown, @Payload('b') b: unknown, @Payload() all: unknown): unknown {
    return { a, b, missing: b === undefined, all };
  }

  @MessagePattern('index')
  index(@Payload('0') first: unknown, @Payload('1') second: unknown): unknown {
    return { first, second };
  }

  @MessagePattern('piped field')
  piped(@Payload('n', new DefaultValuePipe(5), ParseIntPipe) n: number): number {
    return n;
  }

  @UsePipes(new Mark('method'))
  @MessagePattern('marks')
  marks(@Payload(new Mark('parameter')) marks: unknown): unknown {
    return marks;
  }

  @MessagePattern('described')
  described(@Payload('field', new Describe()) description: string): unknown {
    return description;
  }

  @MessagePattern('order')
  order(@Payload() order: Order): unknown {
    return { isOrder: order instanceof Order, amount: order.amount };
  }

  @MessagePattern('context')
  context(@Payload() data: unknown, @Ctx() context: PatternContext): unknown {
    return { data, isContext: context instanceof BaseRpcContext, pattern: context.getPattern() };
  }

  @MessagePattern('context first')
  contextFirst(@Ctx() context: PatternContext, @Payload() data: unknown): unknown {
    return { data, pattern: context.getPattern() };
  }

  @MessagePattern({ cmd: 'context' })
  objectContext(@Ctx() context: PatternContext): string {
    return context.getPattern();
  }

  @MessagePattern('undecorated')
  undecorated(data: unknown, context: unknown): unknown {
    return { data, alone: context === undefined };
  }

  @MessagePattern('arguments of the context')
  contextArguments(@Ctx() context: BaseRpcContext): unknown {
    const args: unknown[] = context.getArgs();
    const index = args.indexOf('arguments of the context');
    return { hasPattern: index >= 0, byIndex: context.getArgByIndex(index) as unknown };
  }

  @MessagePattern('own decorators')
  own(@FromPayload('a') a: unknown, @Pattern() pattern: string): unknown {
    return { a, pattern };
  }

  @MessagePattern('own decorator with a pipe')
  ownPiped(@FromPayload('a', new Describe()) a: string): unknown {
    return a;
  }
}

export function describeParams(transport: TransportUnderTest): void {
  const setup = {
    controllers: [ParamsController],
    providers: [{ provide: APP_PIPE, useClass: ToOrder }],
    configure: (app: INestMicroservice): void => {
      app.useGlobalPipes(new Mark('global'));
    },
  };
  describeService('parameters and pipes', transport, setup, (started) => {
    const send = (pattern: string | object, data: unknown = {}): Observable<unknown> =>
      started().client.send<unknown>(pattern, data);

    test('a parameter takes a field of the payload, or all of it', async () => {
      expect(await valuesOf(send('fields', { a: 1, b: null }))).toEqual([
        { a: 1, b: null, missing: false, all: { a: 1, b: null } },
      ]);
      expect(await valuesOf(send('fields', { a: 0 }))).toEqual([{ a: 0, missing: true, all: { a: 0 } }]);
    });

    test('a field of a payload without fields is undefined', async () => {
      expect(await valuesOf(send('fields', 7))).toEqual([{ missing: true, all: 7 }]);
    });

    test('a parameter takes an element of an array', async () => {
      expect(await valuesOf(send('index', ['x', 'y']))).toEqual([{ first: 'x', second: 'y' }]);
      expect(await valuesOf(send('index', ['x']))).toEqual([{ first: 'x' }]);
    });

    test('pipes of a parameter run one after the other', async () => {
      expect(await valuesOf(send('piped field', { n: '12' }))).toEqual([12]);
      expect(await valuesOf(send('piped field', {}))).toEqual([5]);
    });

    test('pipes run from the global ones over class and method to the parameter', async () => {
      const marks = ['mark', 'global', 'class', 'method', 'parameter'];
      expect(await valuesOf(send('marks', ['mark']))).toEqual([marks]);
    });

    test('a pipe learns the kind, the field and the type of its parameter', async () => {
      expect(await valuesOf(send('described', { field: 1 }))).toEqual([
        { type: 'body', data: 'field', metatype: 'String' },
      ]);
      expect(await valuesOf(send('own decorator with a pipe', { a: 1 }))).toEqual([
        { type: 'custom', data: 'a', metatype: 'String' },
      ]);
    });

    test('a pipe of the container turns the payload into an instance', async () => {
      expect(await valuesOf(send('order', { amount: 3 }))).toEqual([{ isOrder: true, amount: 3 }]);
    });

    test('a validation error of a pipe arrives field by field', async () => {
      const received = { amount: 'three' };
      expect(await errorOf(send('order', received))).toStrictEqual({ field: 'amount', received });
    });

    test('the context is that of a Nest transport and knows the pattern', async () => {
      const [answer] = await valuesOf(send('context', [1]));
      expect(answer).toEqual({ data: [1], isContext: true, pattern: 'context' });
      expect(await valuesOf(send('context first', 'x'))).toEqual([{ data: 'x', pattern: 'context first' }]);
      expect(await valuesOf(send({ cmd: 'context' }))).toEqual(['{"cmd":"context"}']);
    });

    test('the context gives its arguments, the pattern among them', async () => {
      const pattern = 'arguments of the context';
      expect(await valuesOf(send(pattern))).toEqual([{ hasPattern: true, byIndex: pattern }]);
    });

    test('a handler without decorated parameters gets the payload and nothing else', async () => {
      const [answer] = await valuesOf(send('undecorated', 'x'));
      expect(answer).toEqual({ data: 'x', alone: true });
    });

    test('own parameter decorators see the payload and the context', async () => {
      expect(await valuesOf(send('own decorators', { a: 'b' }))).toEqual([
        { a: { field: 'b', type: 'rpc' }, pattern: 'own decorators' },
      ]);
    });
  });
}
