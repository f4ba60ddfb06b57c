import type { ReservedMethod } from '../../application/reserved-application.js';
import type { Connection } from '../../connection/connection.js';
import { isInteger, isObject, optional } from '../../protocol/option-checks.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ADMINISTRATION_INVALID } from '../../server/administration/administration.js';
import { Administrator } from '../../server/administration/administrator.js';
import { CallDetails } from '../../server/administration/call-details.js';
import { SERVER_CONTROL } from '../../server/control.js';
import { Server as CoreServer } from '../../server/server.js';
import type { NestCall } from '../handling/answering.js';
import type { ReservedGuard } from '../server/reserved-guard.js';
import { Watchers } from './watchers.js';

const MAX_PAGE = 100;
const DEFAULT_PAGE = 50;
const MIN_INTERVAL_MS = 250;
const MAX_INTERVAL_MS = 60_000;
const DEFAULT_INTERVAL_MS = 1000;

const isHandle = isInteger(0, Number.MAX_SAFE_INTEGER);

type Serve = (call: NestCall, administrator: Administrator) => void;

/** The reserved interface `jstp.administration`, see `Administration` of lib/server/administration. */
export class ServerAdministration {
  readonly methods: ReadonlyMap<string, ReservedMethod<Connection>> = new Map([
    ['overview', this.method(0, (call, server) => call.succeed([server.overview()]))],
    ['watch', this.method(1, (call, server) => this.watch(call, server))],
    ['connections', this.method(1, connections)],
    [
      'connection',
      this.method(1, (call, server) => call.succeed([server.connection(handleOf(call), call.connection)])),
    ],
    ['cut', this.method(1, cut)],
    ['end', this.method(1, end)],
  ]);
  private readonly watchers = new Watchers();
  private readonly administrators = new WeakMap<CoreServer, Administrator>();

  /** @param guard decides on each call */
  constructor(private readonly guard: ReservedGuard) {}

  /** Makes what counts for one start of the server. */
  createDetails(): CallDetails {
    return new CallDetails();
  }

  /** The server begins to close. */
  closing(): void {
    this.watchers.end();
  }

  private method(maxArguments: number, serve: Serve): ReservedMethod<Connection> {
    return (call) => {
      const served = this.guard.allows(call).then((isAllowed) => {
        const administrator = this.administratorOf(call.connection);
        if (!isAllowed || !administrator) return;
        try {
          checkCount(call, maxArguments);
          serve(call, administrator);
        } catch (error) {
          if (!(error instanceof RemoteError)) throw error;
          call.fail(error);
        }
      });
      call.runsUntil?.(served);
      return served;
    };
  }

  private watch(call: NestCall, administrator: Administrator): void {
    const [intervalMs = DEFAULT_INTERVAL_MS] = call.args;
    if (!isInteger(MIN_INTERVAL_MS, MAX_INTERVAL_MS)(intervalMs))
      throw invalid(
        `the interval must be an integer from ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}, in milliseconds`,
      );
    if (!call.connection.extensions.stream)
      throw invalid('watch needs a client that knows streams: ask overview in its place');
    this.watchers.add(call, administrator, intervalMs as number);
  }

  private administratorOf({ server }: Connection): Administrator | undefined {
    if (!(server instanceof CoreServer)) return undefined;
    const known = this.administrators.get(server);
    if (known) return known;
    const { details } = server[SERVER_CONTROL];
    if (!details) return undefined;
    const made = new Administrator(server, details);
    this.administrators.set(server, made);
    return made;
  }
}

function connections(call: NestCall, administrator: Administrator): void {
  const [query = {}] = call.args;
  if (!isObject(query)) throw invalid('the query must be an object { after, limit }');
  const { after, limit, ...rest } = query;
  if (!optional(isHandle)(after)) throw invalid('`after` must be the handle of a client');
  if (!optional(isInteger(1, MAX_PAGE))(limit))
    throw invalid(`\`limit\` must be an integer from 1 to ${MAX_PAGE}`);
  if (Object.keys(rest).length > 0) throw invalid('a query has `after` and `limit` alone');
  const first = (after as number | undefined) ?? -1;
  const page = administrator.connections(
    first,
    (limit as number | undefined) ?? DEFAULT_PAGE,
    call.connection,
  );
  call.succeed([page]);
}

function cut(call: NestCall, administrator: Administrator): void {
  administrator.cut(handleOf(call));
  call.succeed([]);
}

function end(call: NestCall, administrator: Administrator): void {
  const endSession = administrator.ending(handleOf(call));
  call.succeed([]);
  endSession();
}

function handleOf({ args }: NestCall): number {
  const [handle] = args;
  if (!isHandle(handle)) throw invalid('a handle must be a number that `connections` has told');
  return handle as number;
}

function checkCount({ args, methodName }: NestCall, max: number): void {
  if (args.length > max) throw invalid(`${methodName} takes ${max === 0 ? 'no arguments' : 'one argument'}`);
}

function invalid(text: string): RemoteError {
  return new RemoteError(ADMINISTRATION_INVALID, `Invalid arguments: ${text}`);
}
