import { afterEach, describe, expect, test } from '@jest/globals';
import * as common from '@nestjs/common';
import {
  BadRequestException,
  Catch,
  Controller,
  ForbiddenException,
  ParseIntPipe,
  UseFilters,
  ValidationPipe,
  type PipeTransform,
  type RpcExceptionFilter,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { IsEmail, MaxLength } from 'class-validator';
import { throwError, type Observable } from 'rxjs';
import { z } from 'zod';
import {
  Arg,
  JstpClient,
  JstpHandshake,
  JstpServer,
  type ArgSchema,
  type JstpServerOptions,
  type ValidationIssue,
} from '../../../lib/index.js';
import { Closing } from '../../support/closing.js';
import { call, connect, reference } from '../../support/jstp.js';
import { LOOPBACK } from '../../support/ports.js';
import { within } from '../../support/wait-for.js';
import { atEnd, KeptLog, startService, type Service } from './fixture.js';

/** A schema of no library, which takes its time. */
const slowEven: ArgSchema = {
  '~standard': {
    version: 1,
    vendor: 'this test',
    validate: async (value) => {
      await Promise.resolve();
      if (typeof value === 'number' && value % 2 === 0) return { value: value / 2 };
      return {
        issues: [{ message: 'is not even' }, { message: 'at a place', path: ['a', { key: 1 }, Symbol('s')] }],
      };
    },
  },
};

const person = z.object({ name: z.string().trim().min(2), age: z.coerce.number().int() });
type Person = z.infer<typeof person>;
const events: unknown[] = [];
const closing = new Closing();
afterEach(() => closing.run());

class LoginDto {
  @IsEmail()
  email: string | undefined;

  @MaxLength(3)
  name: string | undefined;
}

@Catch()
class Seeing implements RpcExceptionFilter {
  readonly seen: unknown[] = [];

  catch(error: unknown): Observable<never> {
    this.seen.push(error);
    return throwError(() => (error instanceof RpcException ? error.getError() : 'filtered'));
  }
}
const seeing = new Seeing();

/** A pipe with a fault of its own. */
class Broken implements PipeTransform {
  transform(): never {
    throw new Error('connect ECONNREFUSED 10.0.0.7');
  }
}

class Grouping implements PipeTransform {
  transform(): never {
    throw new BadRequestException({ message: { 'user.email': ['one', 'two'], name: ['three'] } });
  }
}

class Shouting implements PipeTransform {
  transform(value: unknown): unknown {
    throw new BadRequestException(Array.from({ length: 10_000 }, () => String(value)));
  }
}

/** Throws what it is given: what exception factories make of it. */
class Throwing implements PipeTransform {
  transform(value: unknown): never {
    throw new BadRequestException(value);
  }
}

class Unprocessable implements PipeTransform {
  transform(): never {
    throw new common.UnprocessableEntityException('try again');
  }
}

@Controller()
class PeopleController {
  @MessagePattern('people.add')
  add(
    @Arg(0, { schema: person }) one: Person,
    @Arg(1, { optional: true, schema: z.string() }) note?: string,
  ): unknown {
    return [one, note];
  }

  @MessagePattern('people.slow')
  slow(@Arg(0, { schema: slowEven }, ParseIntPipe) half: number): number {
    return half;
  }

  @MessagePattern('people.int')
  int(@Arg(0, ParseIntPipe) value: number): number {
    return value;
  }

  @MessagePattern('people.login')
  login(@Payload() dto: LoginDto): boolean {
    return dto instanceof LoginDto;
  }

  @MessagePattern('people.broken')
  broken(@Payload(new Broken()) value: unknown): unknown {
    return value;
  }

  @MessagePattern('people.grouped')
  grouped(@Payload(new Grouping()) value: unknown): unknown {
    return value;
  }

  @MessagePattern('people.shout')
  shout(@Payload(new Shouting()) value: unknown): unknown {
    return value;
  }

  @MessagePattern('people.many')
  many(@Arg(0, { schema: z.array(z.object({ name: z.string() })) }) value: unknown): unknown {
    return value;
  }

  @MessagePattern('people.thrown')
  thrown(@Payload(new Throwing()) value: unknown): unknown {
    return value;
  }

  @MessagePattern('people.status')
  status(@Payload(new Unprocessable()) value: unknown): unknown {
    return value;
  }

  /** What a handler throws is its own: it may come from a call of its own to elsewhere. */
  @MessagePattern('people.own')
  own(): never {
    throw new BadRequestException('of the handler');
  }

  @MessagePattern('people.forbidden')
  forbidden(): never {
    throw new ForbiddenException('of the handler');
  }

  @MessagePattern('people.filtered')
  @UseFilters(seeing)
  filtered(@Arg(0, { schema: person }) one: Person): Person {
    return one;
  }

  @EventPattern<string>('people.seen')
  seen(@Arg(0, { schema: person }) one: Person): void {
    events.push(one);
  }

  @JstpHandshake('token')
  enter(@Payload(ParseIntPipe) token: number): string {
    return `user ${token}`;
  }
}

interface Answer {
  code: number;
  message: string;
  info: ValidationIssue[];
}

async function start(
  options: JstpServerOptions = {},
  log = new KeptLog(),
): Promise<{ service: Service; client: JstpClient; log: KeptLog }> {
  const service = await startService({
    controllers: [PeopleController],
    options: { allowAnonymous: true, ...options },
    logger: log,
    configure: (app) => {
      app.useGlobalPipes(
        new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true }),
      );
    },
  });
  const client = new JstpClient({ host: LOOPBACK, port: service.port });
  atEnd(() => client.close());
  return { service, client, log };
}

const failure = async (call: Promise<unknown>): Promise<Answer> =>
  within(
    call.then(
      (value) => {
        throw new Error(`It answered ${JSON.stringify(value)}`);
      },
      (error: unknown) => error as Answer,
    ),
    'an error',
  );

const hidden = { status: 'error', message: 'Internal server error' };
const issues = { validationErrors: 'issues' } as const;

describe('@Arg with a schema', () => {
  test('hands on what the schema makes of the argument, also of one that takes its time', async () => {
    const { client } = await start();
    const ann = { name: ' ann ', age: '7' };
    expect(await client.call('people', 'add', ann, 'hi')).toEqual([{ name: 'ann', age: 7 }, 'hi']);
    expect(await client.call('people', 'add', ann)).toEqual([{ name: 'ann', age: 7 }, undefined]);
    expect(await client.call('people', 'slow', 8)).toBe(4);
  });

  test('refuses what does not fit, as an internal error by default, which Nest does not log', async () => {
    const { client, log } = await start();
    expect(await failure(client.call('people', 'add', { name: 'ann' }))).toEqual(hidden);
    expect(await failure(client.call('people', 'add', { name: 'ann', age: 7 }, 5))).toEqual(hidden);
    expect(log.errors).toEqual([]);
  });

  test('keeps events that do not fit from the handler', async () => {
    const { client } = await start(issues);
    client.emit('people.seen', { name: 'ann' }).subscribe();
    client.emit('people.seen', { name: 'ann', age: 7 }).subscribe();
    await (await client.connect()).ping();
    expect(events).toEqual([{ name: 'ann', age: 7 }]);
  });

  test.each([
    ['a schema in the place of options', [z.string()], 'given a schema as { schema }'],
    ['a schema among the pipes', [ParseIntPipe, z.string()], 'given a schema as { schema }'],
    ['no schema', [{ schema: {} }], 'a schema by Standard Schema, version 1'],
    [
      'one of another version',
      [{ schema: { '~standard': { version: 2, validate: () => ({}) } } }],
      'version 1',
    ],
  ])('does not take %s', (_what, given, text) => {
    expect(() => Arg(0, ...(given as []))).toThrow(text);
  });

  test('takes schemas that are functions', () => {
    const schema = Object.assign(() => undefined, slowEven);
    expect(() => Arg(0, { schema })).not.toThrow();
  });
});

describe("the option validationErrors: 'issues'", () => {
  test('tells callers the status, what is wrong, and where, of schemas', async () => {
    const { client, log } = await start(issues);
    expect(await failure(client.call('people', 'add', { name: 'a', age: 'x' }))).toMatchObject({
      code: 400,
      message: 'Validation failed',
      info: [
        { path: [0, 'name'], message: expect.any(String) },
        { path: [0, 'age'], message: expect.any(String) },
      ],
    });
    expect((await failure(client.call('people', 'slow', 7))).info).toEqual([
      { path: [0], message: 'is not even' },
      { path: [0, 'a', 1, 'Symbol(s)'], message: 'at a place' },
    ]);
    expect(log.errors).toEqual([]);
  });

  test("tells what Nest's own pipes tell: ValidationPipe, ParseIntPipe, and others with their status", async () => {
    const { client, log } = await start(issues);
    expect(await client.call('people', 'login', { email: 'ann@example.com', name: 'ann' })).toBe(true);
    const login = await failure(client.call('people', 'login', { email: 'no', name: 'ann', root: true }));
    expect(login).toMatchObject({ code: 400, message: 'Validation failed' });
    expect(login.info).toEqual([
      { message: 'property root should not exist' },
      { message: 'email must be an email' },
    ]);
    const int = await failure(client.call('people', 'int', 'x'));
    const text = 'Validation failed (numeric string is expected)';
    expect(int).toMatchObject({ code: 400, message: text, info: [{ message: text }] });
    expect((await failure(client.call('people', 'grouped', 1))).info).toEqual([
      { path: ['user', 'email'], message: 'one' },
      { path: ['user', 'email'], message: 'two' },
      { path: ['name'], message: 'three' },
    ]);
    expect(await failure(client.call('people', 'status', 1))).toMatchObject({
      code: 422,
      message: 'try again',
    });
    expect(log.errors).toEqual([]);
  });

  const ofClassValidator = {
    property: 'user',
    target: { secret: 1 },
    value: 'a secret',
    children: [
      { property: 'email', constraints: { isEmail: 'no email', isText: 'no text' } },
      { property: 'name', constraints: {}, children: [] },
    ],
  };
  test.each([
    [
      'errors of class-validator',
      [ofClassValidator],
      [
        { path: ['user', 'email'], message: 'no email' },
        { path: ['user', 'email'], message: 'no text' },
      ],
    ],
    [
      'issues of zod',
      { issues: [{ code: 'x', path: ['a', 0], message: 'm', input: 'a secret' }] },
      [{ path: ['a', 0], message: 'm' }],
    ],
    ['a text', 'no', [{ message: 'no' }]],
    [
      'what is none',
      { issues: [null, 5, [7], { path: 'a.b', message: 'm' }] },
      [{ message: 'null' }, { message: '5' }, { message: '7' }, { message: 'm' }],
    ],
    ['nothing', {}, [{ message: 'Validation failed' }]],
  ])('reads %s that an exception carries, and nothing else of it', async (_what, thrown, info) => {
    const { client } = await start(issues);
    const error = await failure(client.call('people', 'thrown', thrown));
    expect(error).toMatchObject({ code: 400 });
    expect(error.info).toEqual(info);
  });

  test("hides a pipe's own faults, and what handlers throw", async () => {
    const { client, log } = await start(issues);
    for (const method of ['broken', 'own', 'forbidden'])
      expect(await failure(client.call('people', method, 1))).toEqual(hidden);
    expect(log.errors).toEqual([expect.objectContaining({ message: 'connect ECONNREFUSED 10.0.0.7' })]);
  });

  test('tells no more than 100 issues and 16 KiB of them, whatever has come', async () => {
    const { client } = await start(issues);
    const short = await failure(client.call('people', 'shout', 'no'));
    expect(short.info).toHaveLength(101);
    expect(short.info.at(-1)).toEqual({ message: 'Further issues are left out' });
    const long = await failure(client.call('people', 'shout', 'x'.repeat(1_000_000)));
    expect(JSON.stringify(long.info).length).toBeLessThan(20_000);
    const many = await failure(client.call('people', 'many', Array(5000).fill({})));
    expect(many.info).toHaveLength(101);
    expect(many.info[99]).toMatchObject({ path: [0, 99, 'name'] });
  });

  test('makes an RpcException of it, for filters', async () => {
    const { client } = await start(issues);
    expect(await failure(client.call('people', 'filtered', {}))).toMatchObject({ code: 400 });
    expect(seeing.seen).toEqual([expect.any(RpcException)]);
  });

  test('tells a stranger nothing at the handshake', async () => {
    const { service } = await start(issues);
    expect(await service.handshake('token', 'x')).toBe(11);
    expect(await service.handshake('token', '7')).toBe(0);
  });

  test('reaches clients without Nest: those of the core, and the reference', async () => {
    const { service } = await start(issues);
    const [frame] = await service
      .say("{handshake:[0,'jstp'],anonymous:null}\0{call:[1,'people'],slow:[7]}", 2)
      .then((frames) => frames.slice(1));
    expect(frame).toBe(
      "{callback:[1],error:[400,'Validation failed',{path:[0],message:'is not even'},{path:[0,'a',1,'Symbol(s)'],message:'at a place'}]}",
    );
    const connection = await service.connect();
    const error = await failure(connection.callMethod('people', 'slow', [7]));
    expect(error).toMatchObject({ code: 400, info: [{ path: [0] }, { path: [0, 'a', 1, 'Symbol(s)'] }] });
    const peer = await connect(reference, closing, 'jstp', service.port);
    const old = await failure(call(peer, 'people', 'slow', 7));
    expect(old).toMatchObject({ code: 400, message: 'Validation failed', info: error.info });
  });

  test.each([true, 'all', 1])('%j is none of its values', (value) => {
    expect(() => new JstpServer({ validationErrors: value as 'issues' })).toThrow(
      "validationErrors must be 'issues' or 'hidden'",
    );
  });
});

type SchemaPipeClass = new () => PipeTransform;
const { StandardSchemaValidationPipe } = common as { StandardSchemaValidationPipe?: SchemaPipeClass };

// Nest 11 has no such pipe.
const PipeOfNest12 = StandardSchemaValidationPipe ?? ValidationPipe;
(StandardSchemaValidationPipe ? describe : describe.skip)("Nest's own schema of @Payload", () => {
  test.each([
    ['hidden', hidden],
    [
      'issues',
      { code: 400, message: 'Validation failed', info: [{ message: expect.stringMatching(/^age: /) }] },
    ],
  ] as const)(
    "is validated by its pipe, and with validationErrors '%s' the caller is told so",
    async (validationErrors, told) => {
      const PayloadWith = Payload as (options: object) => ParameterDecorator;

      @Controller()
      class SchemaController {
        @MessagePattern('people.add')
        add(@PayloadWith({ schema: person }) one: Person): Person {
          return one;
        }

        @MessagePattern('people.twice')
        twice(@Arg(0, { schema: z.string().transform(Number) }) value: number): number {
          return value;
        }
      }
      const { port } = await startService({
        controllers: [SchemaController],
        options: { validationErrors },
        configure: (app) => {
          app.useGlobalPipes(new PipeOfNest12());
        },
      });
      const client = new JstpClient({ host: LOOPBACK, port });
      atEnd(() => client.close());
      expect(await client.call('people', 'add', { name: ' ann ', age: '7' })).toEqual({
        name: 'ann',
        age: 7,
      });
      expect(await failure(client.call('people', 'add', { name: 'ann', age: 'x' }))).toMatchObject(told);
      // Its schema is not validated twice: the number that it has made is no text.
      expect(await client.call('people', 'twice', '8')).toBe(8);
    },
  );
});
