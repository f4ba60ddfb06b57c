import { describe, expect, test } from '@jest/globals';
import { Controller, SerializeOptions } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import { Type } from 'class-transformer';
import { IsEnum, IsInt, IsNotEmpty, IsOptional, IsString, Max, ValidateNested } from 'class-validator';
import { Observable, of } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';
import {
  Application,
  Arg,
  JstpApplication,
  JstpContext,
  JstpDescription,
  JstpEmits,
  JstpHandshake,
  JstpInterface,
  JstpResult,
  JstpSource,
  type ApplicationDescription,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { isNest12 } from '../../support/nest-app.js';
import { callError, KeptLog, startService } from '../server/fixture.js';

enum Size {
  Small,
  Large,
}

class Topping {
  @IsString()
  @IsNotEmpty()
  name?: string;
}

class Order {
  @IsInt()
  @Max(99)
  count = 1;

  @IsEnum(Size)
  size = Size.Small;

  @IsOptional()
  @IsString()
  note?: string;

  @ValidateNested({ each: true })
  @Type(() => Topping)
  toppings: Topping[] = [];

  @ValidateNested()
  @IsOptional()
  @Type(() => Order)
  parent?: Order;
}

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});

const Room = z.object({ name: z.string().max(20), since: z.date() }).meta({ id: 'Room' });

@JstpApplication('pizza@1.2.0')
@JstpInterface('orders')
@JstpDescription('What is ordered.')
@JstpEmits('baked', {
  description: 'An order is ready.',
  arguments: [{ name: 'order', type: Order, description: 'which' }, [String], { name: 'at', optional: true }],
})
@Controller()
class OrdersController {
  @MessagePattern('place')
  @JstpDescription({ description: 'Orders.', deprecated: 'use place2', since: '1.1.0', idempotent: true })
  @JstpResult(Number)
  async place(@Payload() order: Order): Promise<number> {
    return order.count;
  }

  @MessagePattern('several')
  @JstpResult([Order])
  @JstpEmits('cancelled')
  several(
    @Arg(0, { name: 'room', schema: Room }) @JstpDescription('where') _room: object,
    @Arg(1, { name: 'who', optional: true }) _who: string,
  ): Order[] {
    return [];
  }

  @MessagePattern('plain')
  plain(@Payload() _value: number, @Ctx() _context: JstpContext): boolean {
    return true;
  }

  @MessagePattern('whole')
  whole(@Payload() _all: unknown[]): void {
    // Only its parameters are wanted.
  }

  @MessagePattern('nothing')
  @JstpResult(null)
  nothing(): void {
    // Only its result is wanted.
  }

  @MessagePattern('rows')
  @JstpResult(String)
  async *rows(): AsyncGenerator<string> {
    yield 'a';
  }

  @MessagePattern('values')
  values(@Payload() _values: JstpSource<number>): Observable<number> {
    return of(1);
  }

  @MessagePattern('bytes')
  bytes(@Payload() _bytes: Uint8Array): Buffer {
    return Buffer.from('');
  }

  @MessagePattern('schemas')
  schemas(
    @Arg(0, { schema: Tree }) _tree: unknown,
    @Arg(1, { schema: type({ n: 'number.integer' }) }) _ark: unknown,
    @Arg(2, { schema: v.object({ s: v.pipe(v.string(), v.maxLength(4)) }) }) _valibot: unknown,
    @Arg(3, { schema: toStandardJsonSchema(v.boolean()) }) _standard: unknown,
    @Arg(4, { schema: z.string().transform(Number) }) _number: unknown,
  ): Date {
    return new Date();
  }

  @EventPattern('seen')
  @JstpDescription('Somebody has looked.')
  seen(@Payload() _who: string): void {
    // Only its parameters are wanted.
  }

  @EventPattern('log.*')
  logged(@Ctx() _context: JstpContext): void {
    // Only its pattern is wanted.
  }

  @JstpHandshake('token')
  @JstpDescription('By a token of the shop.')
  token(@Payload() _token: string): true {
    return true;
  }

  @JstpHandshake('pair')
  pair(@Arg(0, { name: 'user' }) _user: string, @Arg(1) _code: number): true {
    return true;
  }

  @JstpHandshake('anonymous')
  anonymous(): true {
    return true;
  }
}

@JstpApplication('pizza@1.2.0')
@Controller()
class LooseController {
  @EventPattern('sensors/#')
  sensors(@Payload() _value: number): void {
    // Only its pattern is wanted.
  }

  @MessagePattern('shop.open')
  open(): void {
    // Only its name is wanted.
  }
}

const core = new Application('pizza@1.2.0', { __proto__: null, old: { sum: async () => 1 } } as never);

async function described(
  options: JstpServerOptions = {},
  controllers: (new () => object)[] = [OrdersController, LooseController],
  logger?: KeptLog,
): Promise<ApplicationDescription> {
  const service = await startService({
    controllers,
    options: { applications: [core], reflection: { descriptions: { pizza: 'Pizzas.' } }, ...options },
    ...(logger && { logger }),
  });
  const connection = await service.connect('pizza');
  return (await connection.callMethod('jstp.reflection', 'describe', [])) as ApplicationDescription;
}

describe('what is told of an application', () => {
  test('its description, that of its interfaces, and what is in a core application', async () => {
    const { description, interfaces } = await described();
    expect(description).toBe('Pizzas.');
    expect(Object.keys(interfaces).sort()).toEqual(['old', 'orders', 'shop']);
    expect(interfaces['orders'].description).toBe('What is ordered.');
    expect(interfaces['old'].methods).toEqual({ sum: {} });
  });

  test.each(['constructor', '__proto__', 'toString', 'valueOf'])(
    'no description of an application %s that has none, though every object has a member of that name',
    async (name) => {
      const named = new Application(`${name}@1.0.0`, { [name]: { [name]: async () => 1 } });
      const service = await startService({
        controllers: [],
        options: { applications: [named], reflection: { descriptions: { pizza: 'Pizzas.' } } },
      });
      const connection = await service.connect(name);
      const told = (await connection.callMethod('jstp.reflection', 'describe', [])) as ApplicationDescription;
      expect(told).toMatchObject({ name, version: '1.0.0' });
      expect(Object.keys(told)).not.toContain('description');
      expect(Object.entries(told.interfaces)).toEqual([
        [name, expect.objectContaining({ emits: {}, events: {} })],
      ]);
      expect(Object.entries(told.interfaces[name].methods)).toEqual([[name, {}]]);
    },
  );

  test('the strategies of its handshakes, with their credentials', async () => {
    const { handshakes } = await described({ authPolicy: async () => 'anna' });
    const text = { type: 'string' };
    expect(handshakes).toEqual([
      {
        strategy: 'login',
        credentials: [
          { name: 'login', schema: text },
          { name: 'password', schema: { type: 'string', format: 'password' } },
        ],
      },
      { strategy: 'token', description: 'By a token of the shop.', schema: text },
      {
        strategy: 'pair',
        credentials: [{ name: 'user', schema: text }, { schema: { type: 'number' } }],
      },
      { strategy: 'anonymous', credentials: [] },
    ]);
  });

  test('patterns of events, in their interface or beside all of them', async () => {
    const { interfaces, wildcards } = await described();
    expect(interfaces['orders'].events['log.*']).toEqual({ wildcard: true });
    expect(wildcards).toEqual({
      'sensors/#': { arguments: [{ schema: { type: 'number' } }], wildcard: true },
    });
  });
});

describe('what is told of methods and events', () => {
  const methodsOf = async () => (await described()).interfaces['orders'].methods;

  test('their descriptions, deprecations, versions, and whether they may be called again', async () => {
    expect((await methodsOf())['place']).toEqual({
      description: 'Orders.',
      deprecated: 'use place2',
      since: '1.1.0',
      idempotent: true,
      arguments: [{ schema: { $ref: '#/definitions/Order' } }],
      result: { type: 'number' },
    });
  });

  test('the arguments of @Arg, with names, descriptions and schemas', async () => {
    expect((await methodsOf())['several']).toEqual({
      arguments: [
        { name: 'room', description: 'where', schema: { $ref: '#/definitions/Room' } },
        { name: 'who', schema: { type: 'string' }, optional: true },
      ],
      result: { type: 'array', items: { $ref: '#/definitions/Order' } },
    });
  });

  test.each([
    ['plain', { arguments: [{ schema: { type: 'number' } }], result: { type: 'boolean' } }],
    ['whole', {}],
    ['nothing', { arguments: [], result: false }],
    ['rows', { arguments: [], result: { type: 'string' }, streams: true }],
    ['values', { arguments: [{ streams: true }], streams: true }],
    [
      'bytes',
      {
        arguments: [{ schema: { type: 'string', contentEncoding: 'base64', 'x-jstp-type': 'bytes' } }],
        result: { type: 'string', contentEncoding: 'base64', 'x-jstp-type': 'bytes' },
      },
    ],
  ])('the types of %s, from its declaration', async (name, expected) => {
    expect((await methodsOf())[name]).toEqual(expected);
  });

  test('schemas of zod, arktype and valibot, and of what they get', async () => {
    const { interfaces, definitions } = await described();
    const { arguments: given, result } = interfaces['orders'].methods['schemas'];
    expect(given?.map(({ schema }) => schema)).toEqual([
      { $ref: '#/definitions/Value' },
      { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      { type: 'object', properties: { s: { type: 'string', maxLength: 4 } }, required: ['s'] },
      { type: 'boolean' },
      { type: 'string' },
    ]);
    expect(definitions?.['Value']).toMatchObject({
      properties: { children: { type: 'array', items: { $ref: '#/definitions/Value' } } },
    });
    expect(result).toEqual({ type: 'string', format: 'date-time' });
  });

  test('events that clients emit, and those that the server emits', async () => {
    const { events, emits } = (await described()).interfaces['orders'];
    expect(events['seen']).toEqual({
      description: 'Somebody has looked.',
      arguments: [{ schema: { type: 'string' } }],
    });
    expect(emits).toEqual({
      baked: {
        description: 'An order is ready.',
        arguments: [
          { name: 'order', description: 'which', schema: { $ref: '#/definitions/Order' } },
          { schema: { type: 'array', items: { type: 'string' } } },
          { name: 'at', optional: true },
        ],
      },
      cancelled: {},
    });
  });

  test('classes of class-validator are definitions, which point to each other', async () => {
    const { definitions } = await described();
    expect(definitions?.['Order']).toEqual({
      type: 'object',
      properties: {
        count: { type: 'integer', maximum: 99 },
        size: { enum: [0, 1] },
        note: { type: 'string' },
        toppings: { type: 'array', items: { $ref: '#/definitions/Topping' } },
        parent: { $ref: '#/definitions/Order' },
      },
      required: ['count', 'size', 'toppings'],
    });
    expect(definitions?.['Topping']).toMatchObject({
      properties: { name: { type: 'string', minLength: 1 } },
    });
    expect(definitions?.['Room']).toMatchObject({
      properties: { since: { type: 'string', format: 'date-time' } },
    });
  });
});

(isNest12 ? test : test.skip)('the schemas of Nest 12 are told', async () => {
  const Answer = z.object({ yes: z.boolean() });
  @JstpApplication('pizza@1.2.0')
  @JstpInterface('ask')
  @Controller()
  class Ask {
    @MessagePattern('one')
    @SerializeOptions({ schema: Answer })
    one(@Payload({ schema: z.email() } as never) _mail: string): object {
      return {};
    }
  }
  const { interfaces } = await described({}, [Ask]);
  expect(interfaces['ask'].methods['one']).toMatchObject({
    arguments: [{ schema: { type: 'string', format: 'email' } }],
    result: { type: 'object', properties: { yes: { type: 'boolean' } }, required: ['yes'] },
  });
});

test('a JSON Schema that has itself as a part, or is very deep, is any value, and costs nothing else', async () => {
  const circular: Record<string, unknown> = { type: 'object' };
  circular['properties'] = { self: circular };
  let deep: Record<string, unknown> = { type: 'string' };
  for (let depth = 0; depth < 20_000; depth += 1) deep = { type: 'array', items: deep };

  @JstpApplication('pizza@1.2.0')
  @JstpInterface('odd')
  @Controller()
  class Odd {
    @MessagePattern('one')
    @JstpResult({ jsonSchema: circular })
    one(): string {
      return '';
    }

    @MessagePattern('two')
    @JstpResult({ jsonSchema: deep })
    two(@Arg(0) _text: string): string {
      return '';
    }
  }
  const { interfaces } = await described({}, [Odd]);
  expect(interfaces['odd'].methods).toEqual({
    one: { arguments: [], result: true },
    two: { arguments: [{ schema: { type: 'string' } }], result: true },
  });
});

describe('what is too long', () => {
  const long = z.object(
    Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`member${String(n)}`, z.string()])),
  );

  @JstpApplication('pizza@1.2.0')
  @JstpInterface('long')
  @Controller()
  class Long {
    @MessagePattern('one')
    @JstpDescription('x'.repeat(100))
    one(@Arg(0, { schema: long, name: 'a' }) _a: object): void {
      // Only its description is wanted.
    }
  }

  test.each([
    [16_000, { one: { description: 'x'.repeat(100), arguments: [{ name: 'a' }] } }],
    [1200, { one: {} }],
  ])(
    'is told without schemas, or by names alone (limits.maxMessageBytes %d)',
    async (maxMessageBytes, expected) => {
      const log = new KeptLog();
      const limits = { maxMessageBytes, maxHandshakeBytes: 1024, maxMetadataBytes: 512 };
      const { interfaces, definitions } = await described({ limits }, [Long], log);
      expect(interfaces['long'].methods).toEqual(expected);
      expect(definitions).toBeUndefined();
      expect(log.errors.map(String)).toEqual([
        expect.stringMatching(/The description of pizza@1\.2\.0 has \d+/),
      ]);
    },
  );
});

test('a description that cannot be made is an error of the server, told once', async () => {
  const log = new KeptLog();
  const broken = new Application('pizza', {});
  const service = await startService({ options: { applications: [broken], reflection: true }, logger: log });
  Object.defineProperty(broken, 'api', {
    get: () => {
      throw new Error('no methods');
    },
  });
  const connection = await service.connect('pizza');
  const calls = [1, 2].map(() => callError(connection.callMethod('jstp.reflection', 'describe', [])));
  expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([16, 16]);
  expect(log.errors.map(String)).toEqual(['Error: no methods']);
});
