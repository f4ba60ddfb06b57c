import type { ArgumentsHost } from '@nestjs/common';
import { ForbiddenException } from '@nestjs/common';
import { ContextIdFactory, ModuleRef, type ContextId, type ExternalContextCreator } from '@nestjs/core';
import { RpcException, type MessageHandler, type RequestContext } from '@nestjs/microservices';
import { catchError, defer, from, isObservable, lastValueFrom, mergeMap, of, type Observable } from 'rxjs';
import { ROUTE_ARGUMENTS_METADATA } from '../constants.js';
import { noteHandlers, type InterceptorsRunner } from '../handling/note-handlers.js';
import type { JstpContext } from '../jstp-context.js';
import { isPerCall, type ServedMethod } from './decorated-providers.js';

type Run = (...args: unknown[]) => Promise<unknown>;

/** The filters of a method, as Nest has them. */
interface Filters {
  invokeCustomFilters(error: unknown, host: ArgumentsHost): unknown;
}

/** Puts filters around the run of a method. */
interface ErrorProxy {
  createProxy(run: Run, filters: object, type: string): Run;
}

/** Private parts of Nest's ExternalContextCreator; they are the same in Nest 11 and 12. */
interface CreatorParts {
  readonly interceptorsConsumer: InterceptorsRunner;
  readonly externalErrorProxy: ErrorProxy;
  readonly transformToResult: (result: unknown) => unknown;
}

const CONTEXT_TYPE = 'rpc';
const ENHANCERS = { guards: true, interceptors: true, filters: true };
/** Nest's text where a guard says no. */
const FORBIDDEN = 'Forbidden resource';

/** Reads what `@Payload` and `@Ctx` stand for; Nest does not export their numbers. */
const parameters = {
  exchangeKeyForValue(type: number, data: unknown, [payload, context]: readonly unknown[]): unknown {
    if (type === 6) return context;
    if (type !== 3) return null;
    return data ? (payload as Record<string, unknown> | null | undefined)?.[data as string] : payload;
  },
};

/**
 * Makes handlers of methods of providers: within guards, pipes, interceptors and filters, as Nest makes those of
 * controllers. Nest has a public way for that, the ExternalContextCreator. Its filters log each error that none of them
 * takes, and it gives the last value of a stream alone: so its parts for that are replaced, in an object of its own.
 */
export class MethodHandlers {
  private readonly creators: Record<ServedMethod['kind'], ExternalContextCreator>;

  /**
   * @param external Nest's
   * @param errorOf makes of what a method throws what the caller gets
   */
  constructor(external: ExternalContextCreator, errorOf: (error: unknown) => unknown) {
    this.creators = {
      method: creatorWith(external, errorOf, (result) => result),
      // So that an error of it is one of the subscriber.
      event: creatorWith(external, errorOf, (result) =>
        isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result,
      ),
    };
  }

  /** Makes the handler of a method. One of a provider in request scope makes the provider for each message. */
  create(served: ServedMethod): MessageHandler {
    const { wrapper } = served;
    if (isPerCall(wrapper)) return this.perCall(served);
    return this.bound(served, wrapper.instance as object);
  }

  private bound(served: ServedMethod, instance: object, contextId?: ContextId): Run {
    const { kind, declared, wrapper } = served;
    const { key, method } = declared;
    return this.creators[kind].create(
      instance,
      method,
      key,
      ROUTE_ARGUMENTS_METADATA,
      parameters,
      contextId,
      contextId && wrapper.id,
      ENHANCERS,
      CONTEXT_TYPE,
    );
  }

  private perCall(served: ServedMethod): MessageHandler {
    const { host, wrapper } = served;
    const moduleRef = host.getProviderByKey(ModuleRef).instance;
    const isDurable = wrapper.isDependencyTreeDurable();
    const handle = async (data: unknown, context: JstpContext): Promise<unknown> => {
      const request = new MessageRequest(context.getPattern(), data, context);
      const contextId = ContextIdFactory.getByRequest(request as unknown as Record<string, unknown>);
      moduleRef.registerRequestByContextId(isDurable ? contextId.payload : request, contextId);
      const instance: object = await moduleRef.resolve(wrapper.token as string, contextId);
      return this.bound(served, instance, contextId)(data, context);
    };
    return handle as MessageHandler;
  }
}

/** What a provider in request scope is injected as `REQUEST`: the same as in handlers. */
class MessageRequest implements RequestContext<unknown, JstpContext> {
  constructor(
    readonly pattern: string,
    readonly data: unknown,
    readonly context: JstpContext,
  ) {}

  getData(): unknown {
    return this.data;
  }

  getPattern(): string {
    return this.pattern;
  }

  getContext(): JstpContext {
    return this.context;
  }
}

function creatorWith(
  external: ExternalContextCreator,
  errorOf: (error: unknown) => unknown,
  transformToResult: CreatorParts['transformToResult'],
): ExternalContextCreator {
  const parts = external as unknown as CreatorParts;
  const interceptorsConsumer = Object.create(parts.interceptorsConsumer) as InterceptorsRunner;
  noteHandlers(interceptorsConsumer);
  const externalErrorProxy = new QuietErrorProxy(parts.externalErrorProxy, errorOf);
  const own: CreatorParts = { interceptorsConsumer, externalErrorProxy, transformToResult };
  return Object.assign(Object.create(external) as ExternalContextCreator, own);
}

/** Gives errors to the filters of a method, those of its Observable as well, and logs none. */
class QuietErrorProxy implements ErrorProxy {
  constructor(
    private readonly nest: ErrorProxy,
    private readonly errorOf: (error: unknown) => unknown,
  ) {}

  createProxy(run: Run, filters: Filters, type: string): Run {
    const quiet = {
      next: (thrown: unknown, host: ArgumentsHost): unknown => {
        const error = refusalOf(thrown);
        const answer = filters.invokeCustomFilters(error, host);
        if (answer === undefined || answer === null) throw error;
        return answer;
      },
    };
    const fail = (error: unknown, args: unknown[]): Promise<unknown> =>
      this.nest.createProxy(() => Promise.reject(error), quiet, type)(...args);
    const runToEnd = async (...args: unknown[]): Promise<unknown> => {
      const result = await run(...args);
      return isObservable(result)
        ? result.pipe(catchError((error: unknown) => this.failing(() => fail(error, args))))
        : result;
    };
    return this.nest.createProxy(runToEnd, quiet, type);
  }

  /** What filters make of the error of an Observable; where they make nothing of it, what the caller gets. */
  private failing(fail: () => Promise<unknown>): Observable<unknown> {
    const filtered = fail().catch((error: unknown) => {
      throw this.errorOf(error);
    });
    return defer(() => from(filtered)).pipe(
      mergeMap((answer) => (isObservable(answer) ? answer : of(answer))),
    );
  }
}

/** A guard's no is an RpcException, as in handlers. */
function refusalOf(error: unknown): unknown {
  return error instanceof ForbiddenException && error.message === FORBIDDEN
    ? new RpcException(FORBIDDEN)
    : error;
}
