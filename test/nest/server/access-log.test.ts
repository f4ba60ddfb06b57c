import { describe, expect, test } from '@jest/globals';
import { Controller, type LoggerService } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { from, NEVER, type Observable } from 'rxjs';
import {
  Arg,
  ConfigurationError,
  ERR_CANCELLED,
  JstpApplication,
  JstpClient,
  JstpInterface,
  JstpServer,
  type AccessLogOptions,
  type Connection,
  type JstpAccessRecord,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { watches } from '../../../lib/connection/observing/observers.js';
import { Closing } from '../../support/closing.js';
import { call, connect, reference } from '../../support/jstp.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor } from '../../support/wait-for.js';
import { atEnd, KeptLog, startService, type Service } from './fixture.js';

const SECRET = 'swordfish';

@JstpApplication('shop@1.2.0')
@JstpInterface('orders')
@Controller()
class OrdersController {
  @MessagePattern('count')
  count(@Payload() _secret: string): string {
    return `éé ${SECRET}`;
  }

  @MessagePattern('stream')
  stream(): Observable<number> {
    return from([1, 2, 3]);
  }

  @MessagePattern('broken')
  broken(): void {
    throw new Error(SECRET);
  }

  @MessagePattern('refused')
  refused(): void {
    throw new RpcException({ code: 77, message: SECRET });
  }

  @MessagePattern('one')
  one(@Arg(0) id: number): number {
    return id;
  }

  @MessagePattern('endless')
  endless(): Observable<never> {
    return NEVER;
  }

  @EventPattern<string>('placed')
  placed(): void {
    // Nothing to do.
  }
}

/** A service that logs its access, and a client of it. */
async function start(
  accessLog: boolean | AccessLogOptions,
  options: Partial<JstpServerOptions> = {},
  logger: LoggerService = new KeptLog(),
): Promise<{ service: Service; connection: Connection }> {
  const all = { authPolicy: { canActivate: () => true }, ...options, accessLog } as JstpServerOptions;
  const service = await startService({ controllers: [OrdersController], options: all, logger });
  return { service, connection: await service.connect('shop', {}, 'ann', SECRET) };
}

/** As {@link start}, with the records. */
async function startRecording(sample?: number) {
  const records: JstpAccessRecord[] = [];
  const log = (record: JstpAccessRecord): void => void records.push(record);
  return { records, ...(await start({ sample, log })) };
}

const failed = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined);

describe('the access log of a JstpServer', () => {
  test('has a record of each call: names, outcome, duration, who and how much', async () => {
    const { records, connection } = await startRecording();
    await connection.callMethod('orders', 'count', [SECRET]);
    const [record, ...others] = records;
    expect(others).toEqual([]);
    expect(record).toEqual({
      type: 'call',
      application: 'shop@1.2.0',
      interface: 'orders',
      method: 'count',
      code: 0,
      durationMs: expect.any(Number),
      remoteAddress: '127.0.0.1',
      user: 'ann',
      bytesReceived: "{call:[1,'orders'],count:['swordfish']}".length,
      bytesSent: Buffer.byteLength("{callback:[1],ok:['éé swordfish']}"),
    });
    expect(record.durationMs).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ['count', ['x'], 0],
    ['broken', [], 16],
    ['refused', [], 77],
    ['one', [], 17],
    ['unknown', [], 14],
  ])('tells the code that the caller gets: %s(%j)', async (method, args, code) => {
    const { records, connection } = await startRecording();
    await failed(connection.callMethod('orders', method, args));
    expect(records).toMatchObject([{ method, code }]);
  });

  test('counts the values of a stream', async () => {
    const { records, service } = await startRecording();
    const wire = service.open();
    wire.write("{handshake:[0,'shop','',{stream:1}],login:['carl','']}");
    await wire.frames(1);
    wire.write("{call:[1,'orders'],stream:[]}");
    const [, ...answers] = await wire.frames(5);
    expect(answers).toHaveLength(4);
    const bytesSent = answers.reduce((sum, text) => sum + text.length, 0);
    expect(records).toMatchObject([{ method: 'stream', code: 0, user: 'carl', bytesSent }]);
  });

  test('has events when their handlers have ended, and anonymous clients without a name', async () => {
    const { records, service } = await startRecording();
    const connection = await service.connect('shop');
    connection.emitRemoteEvent('orders', 'placed', [SECRET]);
    connection.emitRemoteEvent('orders', 'unknown', []);
    await waitFor(() => records.length === 2, 'two records');
    expect(records.sort((a, b) => Number(a.code) - Number(b.code))).toMatchObject([
      { type: 'event', method: 'placed', code: 0, user: null, bytesSent: 0 },
      { type: 'event', method: 'unknown', code: 14 },
    ]);
  });

  test('has a call that its caller has cancelled', async () => {
    const { records, service } = await startRecording();
    const client = new JstpClient({ app: 'shop', host: LOOPBACK, port: service.port });
    atEnd(() => client.close());
    const subscription = client.send('orders.endless', []).subscribe();
    await client.call('orders', 'one', 1);
    subscription.unsubscribe();
    await waitFor(() => records.length === 2, 'the second record');
    expect(records).toMatchObject([
      { method: 'one' },
      { method: 'endless', code: ERR_CANCELLED, bytesSent: 0 },
    ]);
  });

  test('shows names that a client has made up as one short line', async () => {
    const { records, connection } = await startRecording();
    const madeUp = `a\nb${'c'.repeat(200)}`;
    await failed(connection.callMethod(madeUp, madeUp, []));
    const [record] = records;
    expect(record.method).toMatch(/^a\\nbc+\.\.\. \(203 characters\)$/);
    expect(record.method.length).toBeLessThan(130);
    expect(record.interface).toBe(record.method);
  });

  test('has a share of what succeeds, and all that fails', async () => {
    const { records, connection } = await startRecording(0);
    await connection.callMethod('orders', 'count', ['x']);
    await failed(connection.callMethod('orders', 'refused', []));
    await connection.callMethod('orders', 'count', ['x']);
    expect(records.map(({ method }) => method)).toEqual(['refused']);
  });

  test('goes to the logger of Nest, with nothing secret in it', async () => {
    const lines: unknown[][] = [];
    const logger = new KeptLog();
    logger.log = (...line: unknown[]): void => void lines.push(line);
    const { connection } = await start(true, {}, logger);
    lines.length = 0;
    await connection.callMethod('orders', 'count', [SECRET]);
    await failed(connection.callMethod('orders', 'refused', [SECRET]));
    expect(lines).toMatchObject([
      [{ method: 'count', code: 0 }, 'JstpAccess'],
      [{ method: 'refused', code: 77 }, 'JstpAccess'],
    ]);
    const { session } = connection;
    expect(JSON.stringify(lines)).not.toContain(SECRET);
    expect(JSON.stringify(lines)).not.toContain(session?.id);
  });

  test('is of one server, ends with it, and is not there without the option', async () => {
    const { records, service, connection } = await startRecording();
    const other = await start(false);
    await other.connection.callMethod('orders', 'count', ['x']);
    expect(records).toEqual([]);
    await connection.callMethod('orders', 'count', ['x']);
    expect(records).toHaveLength(1);
    await service.app.close();
    await other.connection.callMethod('orders', 'count', ['x']);
    expect(records).toHaveLength(1);
    expect(watches.serve.isOn).toBe(false);
  });

  test('has the calls of a client of @metarhia/jstp', async () => {
    const { records, service } = await startRecording();
    const closing = new Closing();
    atEnd(() => closing.run());
    const connection = await connect(reference, closing, 'shop', service.port);
    expect(await call(connection, 'orders', 'one', 5)).toEqual([5]);
    expect(records).toMatchObject([{ type: 'call', method: 'one', code: 0, user: null }]);
  });

  test('whose function throws fails no call, and is reported, ten times a minute', async () => {
    const logger = new KeptLog();
    const log = (): never => {
      throw new Error('the disk is full');
    };
    const { connection } = await start({ log }, {}, logger);
    for (let call = 0; call < 15; call += 1) await connection.callMethod('orders', 'one', [call]);
    expect(logger.errors).toHaveLength(10);
    expect(String(logger.errors[0])).toContain('the disk is full');
  });

  test.each<[unknown, string]>([
    ['yes', 'accessLog must be true, false, or { sample, log }'],
    [{ sample: 2 }, 'accessLog.sample must be a number from 0 to 1'],
    [{ sample: NaN }, 'accessLog.sample must be a number from 0 to 1'],
    [{ log: 'file' }, 'accessLog.log must be a function'],
    [{ sampel: 1 }, 'did you mean "sample"?'],
  ])('refuses %j at construction', (accessLog, text) => {
    const make = (): unknown => new JstpServer({ accessLog } as JstpServerOptions);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(text);
  });
});
