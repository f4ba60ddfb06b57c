import { Logger } from '@nestjs/common';
import { Buffer } from 'node:buffer';
import type { Follower, Observer } from '../../connection/observing/observers.js';
import type { Operation, OperationKind, ReceiveOperation } from '../../connection/observing/operations.js';
import { ATTACHED_HEADER_BYTES, type WrittenMessage } from '../../protocol/attached-message.js';
import { MAX_NAME_SHOWN, MAX_USERNAME_LENGTH } from '../../protocol/limits.js';
import { check, checkNames, isBoolean, isObject, isMissing } from '../../protocol/option-checks.js';
import { now } from '../../util/host.js';
import { toLogText } from '../../util/log-text.js';

/** A line of the access log: a call or an event that a server has served. It has no arguments, results or secrets. */
export interface JstpAccessRecord {
  /** What came: a call, or an event. */
  readonly type: 'call' | 'event';
  /** The application that has served it, as 'name@version'. */
  readonly application: string;
  /** The name of the interface, as the client has sent it: it may be one that there is not. */
  readonly interface: string;
  /** The name of the method or event, as the client has sent it. */
  readonly method: string;
  /** How it ended: 0 for success, else the error's code, as the caller is told it. */
  readonly code: number | string;
  /** Milliseconds from its arrival to its answer, or to the end of an event's handlers. */
  readonly durationMs: number;
  /** The client's address; null where the transport knows none, as over IPC. */
  readonly remoteAddress: string | null;
  /** The client's name; null of an anonymous one. */
  readonly user: string | null;
  /** The length of its message in bytes. */
  readonly bytesReceived: number;
  /** The length of its answer in bytes, with the values of a stream. */
  readonly bytesSent: number;
}

/** The option `accessLog` of a JstpServer, in detail. */
export interface AccessLogOptions {
  /** The share of successful calls and events that is logged, from 0 to 1. Those that fail are all logged. @default 1 */
  readonly sample?: number;
  /**
   * Gets the records, at the end of each call and event; it should be quick.
   * @default Nest's Logger, with the context JstpAccess and the record as its message
   */
  readonly log?: (record: JstpAccessRecord) => void;
}

const NAMES = Object.keys({ sample: true, log: true } satisfies Record<keyof AccessLogOptions, true>);

/**
 * Checks the option `accessLog`.
 * @throws ConfigurationError naming the option, what was given and what is allowed
 */
export function checkAccessLog(given: unknown): void {
  if (isMissing(given) || isBoolean(given)) return;
  check('accessLog', given, 'true, false, or { sample, log }', isObject);
  checkNames('accessLog', given, NAMES);
  const { sample, log } = given as AccessLogOptions;
  const isShare = (value: unknown): boolean =>
    isMissing(value) || (typeof value === 'number' && value >= 0 && value <= 1);
  check('accessLog.sample', sample, 'a number from 0 to 1', isShare);
  check('accessLog.log', log, 'a function', (value) => isMissing(value) || typeof value === 'function');
}

/** Logs the calls and events of one server's clients, each when it has ended. */
export class AccessLog implements Observer {
  private readonly sample: number;
  private readonly log: (record: JstpAccessRecord) => void;

  /**
   * @param server the core's server
   * @param options those of the user
   * @param report told of what the user's function throws
   */
  constructor(
    private readonly server: object,
    options: true | AccessLogOptions,
    private readonly report: (error: unknown) => void,
  ) {
    const { sample = 1, log } = options === true ? {} : options;
    this.sample = sample;
    const logger = new Logger('JstpAccess');
    this.log =
      log ??
      ((record) => {
        logger.log(record);
      });
  }

  interestIn(kind: OperationKind): boolean {
    return kind === 'serve' || kind === 'handle';
  }

  begin(operation: Operation): Follower | undefined {
    const isReceived = operation.kind === 'serve' || operation.kind === 'handle';
    if (!isReceived || operation.connection.server !== this.server) return undefined;
    const began = now();
    let bytesSent = 0;
    return {
      sent: (message) => {
        bytesSent += bytesIn(message);
      },
      end: () => {
        // Why a failure is always logged: it is what somebody will look for.
        if (operation.code === 0 && this.sample < 1 && Math.random() >= this.sample) return;
        this.write(operation, now() - began, bytesSent);
      },
    };
  }

  private write(operation: ReceiveOperation, durationMs: number, bytesSent: number): void {
    const { connection, interfaceName, name } = operation;
    const { username, remoteAddress = null, application } = connection;
    try {
      this.log({
        type: operation.kind === 'serve' ? 'call' : 'event',
        application: application ? `${application.name}@${application.version}` : '',
        interface: toLogText(interfaceName, MAX_NAME_SHOWN),
        method: toLogText(name, MAX_NAME_SHOWN),
        code: operation.code ?? 0,
        durationMs: Math.round(durationMs * 1000) / 1000,
        remoteAddress,
        user: username === null ? null : toLogText(username, MAX_USERNAME_LENGTH),
        bytesReceived: operation.receivedLength,
        bytesSent,
      });
    } catch (error) {
      this.report(error);
    }
  }
}

function bytesIn(message: WrittenMessage): number {
  if (typeof message === 'string') return Buffer.byteLength(message);
  return ATTACHED_HEADER_BYTES + Buffer.byteLength(message.text) + message.bytes.length;
}
