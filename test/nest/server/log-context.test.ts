import { describe, expect, test } from '@jest/globals';
import {
  Controller,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type ModuleMetadata,
  type NestInterceptor,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { ClsModule, ClsService } from 'nestjs-cls';
import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { mergeMap, Observable, timer } from 'rxjs';
import type { JstpContext } from '../../../lib/index.js';
import { isNest12 } from '../../support/nest-app.js';
import { takesTime } from '../../support/quiet.js';
import { waitFor, within } from '../../support/wait-for.js';
import { startService, type Service } from './fixture.js';

const NAMES = ['ann', 'beth', 'carl'];

const jstpOf = (context: ExecutionContext): JstpContext => context.switchToRpc().getContext();

/** Calls a method as each of the names, all at once. */
async function callAsAll(service: Service, method: string): Promise<unknown[]> {
  const connections = await Promise.all(NAMES.map((name) => service.connect('jstp', {}, name)));
  const calls = connections.map((connection, i) =>
    connection.callMethod('who', method, [i], { metadata: { requestId: `r${i}` } }),
  );
  return within(Promise.all(calls), 'the answers');
}

/** Lets everybody in, by the name that they tell. */
const letIn = { authPolicy: { canActivate: () => true } };

describe('the context of nestjs-cls in handlers', () => {
  @Injectable()
  class Journal {
    readonly events: unknown[] = [];

    constructor(readonly cls: ClsService) {}

    /** What is known deep inside of a message, some time later. */
    async now(): Promise<string> {
      await takesTime(5);
      return `${String(this.cls.get('user'))} ${this.cls.getId()}`;
    }
  }

  @Controller()
  class WhoController {
    constructor(private readonly journal: Journal) {}

    @MessagePattern('who.async')
    ofPromise(): Promise<string> {
      return this.journal.now();
    }

    @MessagePattern('who.observable')
    ofObservable(): Observable<string> {
      return timer(5).pipe(mergeMap(() => this.journal.now()));
    }

    @MessagePattern('who.generator')
    async *ofGenerator(): AsyncGenerator<string> {
      yield await this.journal.now();
      yield await this.journal.now();
    }

    @EventPattern<string>('who.noted')
    async noted(): Promise<void> {
      this.journal.events.push(await this.journal.now());
    }
  }

  const setup = (cls: ClsService, context: ExecutionContext): void => {
    cls.set('user', jstpOf(context).getUsername());
  };
  const idGenerator = (context: ExecutionContext): string =>
    String(jstpOf(context).getMetadata()?.['requestId']);
  const options = { mount: true, generateId: true, idGenerator, setup };

  function start(mounted: Parameters<typeof ClsModule.forRoot>[0]): Promise<Service> {
    const metadata: ModuleMetadata = {
      imports: [ClsModule.forRoot(mounted)],
      controllers: [WhoController],
      providers: [Journal],
    };
    return startService({ ...metadata, options: letIn });
  }

  describe.each([
    ['an interceptor', { global: true, interceptor: options }],
    ['a guard', { global: true, guard: options }],
  ])('that %s makes', (_title, mounted) => {
    test.each([['async'], ['observable'], ['generator']])('is that of the message: %s', async (method) => {
      const service = await start(mounted);
      expect(await callAsAll(service, method)).toEqual(['ann r0', 'beth r1', 'carl r2']);
    });

    test('is that of the event', async () => {
      const service = await start(mounted);
      for (const [i, name] of NAMES.entries()) {
        const connection = await service.connect('jstp', {}, name);
        connection.emitRemoteEvent('who', 'noted', [], { metadata: { requestId: `r${i}` } });
      }
      const { events } = service.app.get(Journal);
      await waitFor(() => events.length === 3, 'three events');
      expect(events.sort()).toEqual(['ann r0', 'beth r1', 'carl r2']);
    });
  });
});

describe('the loggers of nestjs-pino in handlers', () => {
  /** Gives each message a logger of its own, on every Nest. */
  @Injectable()
  class LogContext implements NestInterceptor {
    constructor(private readonly logger: PinoLogger) {}

    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      const jstp = jstpOf(context);
      const bindings = { user: jstp.getUsername(), ...jstp.getMetadata() };
      return new Observable((subscriber) =>
        this.logger.runInContext(() => next.handle().subscribe(subscriber), { bindings }),
      );
    }
  }

  async function workOf(logger: PinoLogger, number: number): Promise<number> {
    await takesTime(5);
    logger.assign({ number });
    logger.info('worked');
    return number;
  }

  interface Line {
    readonly msg: string;
    readonly [name: string]: unknown;
  }

  // nestjs-pino has one root logger in a process: that of the first application.
  const lines: Line[] = [];
  const stream = { write: (line: string): void => void lines.push(JSON.parse(line) as Line) };

  async function runAll(controller: ModuleMetadata['controllers'], microservice: boolean): Promise<void> {
    lines.length = 0;
    const customProps = (context: ExecutionContext): object => ({ user: jstpOf(context).getUsername() });
    const service = await startService({
      imports: [
        LoggerModule.forRoot({
          pinoHttp: [{ base: null }, stream],
          ...(microservice && { microservice: { customProps } }),
        }),
      ],
      controllers: controller,
      providers: [LogContext],
      options: letIn,
    });
    expect(await callAsAll(service, 'work')).toEqual([0, 1, 2]);
  }

  test('carry what an interceptor gives them, and what a handler assigns', async () => {
    @Controller()
    @UseInterceptors(LogContext)
    class WorkController {
      constructor(private readonly logger: PinoLogger) {}

      @MessagePattern('who.work')
      work(@Payload() number: number): Promise<number> {
        return workOf(this.logger, number);
      }
    }
    await runAll([WorkController], false);
    expect(lines.map(({ msg, user, requestId, number }) => [msg, user, requestId, number]).sort()).toEqual([
      ['worked', 'ann', 'r0', 0],
      ['worked', 'beth', 'r1', 1],
      ['worked', 'carl', 'r2', 2],
    ]);
  });

  // Nest 11 has no hooks before guards.
  if (isNest12)
    test('carry the message by its option `microservice`, which logs each message, too', async () => {
      @Controller()
      class WorkController {
        constructor(private readonly logger: PinoLogger) {}

        @MessagePattern('who.work')
        work(@Payload() number: number): Promise<number> {
          return workOf(this.logger, number);
        }
      }
      await runAll([WorkController], true);
      const rpc = {
        type: 'message',
        pattern: 'who.work',
        transport: 'jstp',
        controller: 'WorkController',
        handler: 'work',
      };
      for (const [number, user] of NAMES.entries()) {
        expect(lines).toContainEqual(expect.objectContaining({ msg: 'worked', user, number, rpc }));
        expect(lines).toContainEqual(expect.objectContaining({ msg: 'message completed', user, rpc }));
      }
    });
});
