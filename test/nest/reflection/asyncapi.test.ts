import { execFile } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { z } from 'zod';
import {
  Application,
  Arg,
  asyncApiOf,
  createAsyncApiDocument,
  JstpApplication,
  JstpDescription,
  JstpEmits,
  JstpHandshake,
  JstpInterface,
  JstpModule,
  JstpResult,
  JstpServer,
  type ApplicationDescription,
  type AsyncApiDocument,
} from '../../../lib/index.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { atEnd } from '../server/fixture.js';

const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree);
  },
});

@JstpApplication('shop@2.0.0')
@JstpInterface('orders')
@JstpEmits('baked', { arguments: [{ name: 'number', type: Number, description: 'which' }, [String]] })
@Controller()
class OrdersController {
  @MessagePattern('place')
  @JstpDescription({ description: 'Orders.', deprecated: 'use place2', idempotent: true })
  @JstpResult(Number)
  place(
    @Arg(0, { schema: Tree, name: 'tree' }) _tree: object,
    @Arg(1, { optional: true }) _n: number,
  ): number {
    return 1;
  }

  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() _value: number): void {
    // Only its pattern is wanted.
  }

  @MessagePattern('rows')
  @JstpResult(z.tuple([z.string(), z.number()]))
  async *rows(): AsyncGenerator<unknown> {
    yield 1;
  }

  @EventPattern('seen')
  seen(@Payload() _who: string): void {
    // Only its name is wanted.
  }

  @EventPattern('log.>')
  log(@Payload() _who: string): void {
    // Only its pattern is wanted.
  }

  @MessagePattern('elsewhere', Transport.TCP)
  elsewhere(): void {
    // Not served over JSTP.
  }

  @JstpHandshake('token')
  token(@Payload() _token: string): true {
    return true;
  }
}

/** What the official parser finds wrong. In a process of its own, as it takes seconds to load. */
async function faults(documents: readonly AsyncApiDocument[]): Promise<string[]> {
  const program = `
    import parser from '@asyncapi/parser';
    import { text } from 'node:stream/consumers';
    for (const document of JSON.parse(await text(process.stdin))) {
      const { diagnostics } = await new parser.Parser().parse(document);
      const errors = diagnostics.filter(({ severity }) => severity < 2);
      console.log(JSON.stringify(errors.map(({ message, path }) => path.join('/') + ': ' + message)));
    }`;
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(process.execPath, ['--input-type=module', '-e', program], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
    child.stdin?.end(JSON.stringify(documents));
  });
  return output
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line) as string[]);
}

async function documentOf(): Promise<AsyncApiDocument> {
  const imports = [JstpModule.forRoot({ port: 0, reflection: { descriptions: { shop: 'A shop.' } } })];
  const app = await NestFactory.create(moduleOf({ imports, controllers: [OrdersController] }), QUIET);
  atEnd(() => app.close());
  return createAsyncApiDocument(app, {
    servers: {
      main: 'jstps://shop.example:3000',
      page: { url: 'wss://shop.example/jstp', description: 'Pages' },
    },
    info: { license: { name: 'MIT' } },
  });
}

/** Names and texts of a server that means no good. */
const HOSTILE = {
  format: 1,
  name: '<script>',
  version: '../..',
  interfaces: {
    ['__proto__']: { methods: { ['__proto__']: {}, '#/a b': { result: false } }, events: {}, emits: {} },
    '{a}': { methods: {}, events: { $ref: { arguments: [] } }, emits: { 'a/#': { wildcard: true } } },
  },
  handshakes: [{ strategy: '*' }, { strategy: '__proto__', credentials: [{ name: 'a' }] }],
  definitions: {
    ['__proto__']: { $ref: '#/definitions/none' },
    'a b': { $ref: '#/definitions/__proto__', title: 'x' },
  },
} as ApplicationDescription;

test('documents are valid by the official parser, also of hostile descriptions', async () => {
  const servers = { s: 'jstp://127.0.0.1:1' };
  expect(await faults([await documentOf(), asyncApiOf(HOSTILE, { servers })])).toEqual([]);
});

describe('the document of an application that does not listen', () => {
  test('tells who it is, and where', async () => {
    const { info, servers } = await documentOf();
    expect(info).toMatchObject({
      title: 'shop',
      version: '2.0.0',
      description: 'A shop.',
      license: { name: 'MIT' },
    });
    const security = [{ $ref: '#/components/securitySchemes/token' }];
    expect(servers).toMatchObject({
      main: { host: 'shop.example:3000', protocol: 'jstps', security },
      page: { host: 'shop.example', protocol: 'wss', pathname: '/jstp', description: 'Pages', security },
    });
  });

  test('has a channel and an operation for each method, with the reply', async () => {
    const { channels, operations, components } = await documentOf();
    expect(channels['orders.place']).toMatchObject({
      address: 'orders.place',
      bindings: { 'x-jstp': { kind: 'method', interface: 'orders', name: 'place' } },
      messages: {
        call: {
          payload: {
            type: 'array',
            items: [{ title: 'tree', allOf: [{ $ref: '#/components/schemas/Value' }] }, { type: 'number' }],
            additionalItems: false,
            minItems: 1,
          },
        },
        callback: { payload: { type: 'number' } },
      },
    });
    expect(operations['orders.place']).toMatchObject({
      action: 'receive',
      description: 'Orders.',
      tags: [{ name: 'orders' }],
      'x-jstp': { deprecated: 'use place2', arguments: ['tree', null] },
      bindings: { 'x-jstp': { idempotent: true } },
      reply: { messages: [{ $ref: '#/channels/orders.place/messages/callback' }] },
    });
    expect(components['schemas']).toHaveProperty(
      'Value.properties.children.items.$ref',
      '#/components/schemas/Value',
    );
  });

  test('tells streams, tuples, and names that are no addresses', async () => {
    const { channels } = await documentOf();
    expect(channels['orders.rows']).toMatchObject({
      messages: {
        callback: {
          bindings: { 'x-jstp': { kind: 'stream' } },
          payload: { type: 'array', items: [{ type: 'string' }, { type: 'number' }] },
        },
      },
    });
    expect(channels['orders._cmd_sum_']).toMatchObject({ address: null });
  });

  test('has events that the application gets, and those that it sends', async () => {
    const { operations, channels } = await documentOf();
    expect(operations['orders.seen']).toMatchObject({ action: 'receive' });
    expect(operations['orders.baked']).toMatchObject({ action: 'send' });
    expect(channels['orders.log._']).toMatchObject({
      bindings: { 'x-jstp': { wildcard: true, name: 'log.>' } },
    });
    expect(Object.keys(operations)).not.toContain('orders.elsewhere');
  });

  test('leaves the server of JstpModule as it is: it starts afterwards', async () => {
    const imports = [JstpModule.forRoot({ host: '127.0.0.1', port: 0 })];
    const app = await NestFactory.create(moduleOf({ imports, controllers: [OrdersController] }), QUIET);
    atEnd(() => app.close());
    const before = await createAsyncApiDocument(app);
    app.connectMicroservice({ strategy: app.get(JstpServer) });
    await app.startAllMicroservices();
    expect(await createAsyncApiDocument(app)).toEqual(before);
  });

  test('is of one application, which has to be named where there are several', async () => {
    const server = new JstpServer({
      applications: [new Application('core@1.0.0', { a: { b: async () => 1 } })],
    });
    const app = await NestFactory.createApplicationContext(
      moduleOf({ controllers: [OrdersController] }),
      QUIET,
    );
    atEnd(() => app.close());
    await expect(createAsyncApiDocument(app, { server })).rejects.toThrow(
      /one of core@1\.0\.0, shop@2\.0\.0/,
    );
    const { info } = await createAsyncApiDocument(app, { server, application: 'core' });
    expect(info).toMatchObject({ title: 'core' });
  });
});

test.each(['localhost', 'http://a', 'jstp://user:secret@host', 'jstp://'])(
  'the address %s is none',
  (address) => {
    expect(() => asyncApiOf(HOSTILE, { servers: { a: address } })).toThrow(/must be as/);
  },
);
