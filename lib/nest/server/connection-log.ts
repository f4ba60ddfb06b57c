import type { Logger } from '@nestjs/common';
import { UnsendableAnswer } from '../../connection/calls/unsendable-answer.js';
import { isNetworkError } from '../../connection/keeper/connection-trouble.js';
import { ERR_JOURNAL_FULL, ERR_TOO_MANY_SESSIONS } from '../../protocol/error-codes.js';
import { isBeyondLimit } from '../../protocol/message-size.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { toSafeString } from '../../protocol/safe-string.js';
import type { Server as CoreServer } from '../../server/server.js';
import { SessionSizeError } from '../../session/session-size-error.js';
import { SessionTextError } from '../../session/session-text-error.js';
import { budgetText } from './budget-text.js';
import { DoorLog } from './door-log.js';
import { MemoryLog } from './memory-log.js';
import { MinuteLimit } from '../../util/minute-limit.js';
import { RefusalLog } from './refusal-log.js';

const MAX_LIMIT_WARNINGS_PER_MINUTE = 10;

/** Writes to the log of a server what happens to its connections. */
export class ConnectionLog {
  private readonly limitWarnings = new MinuteLimit(MAX_LIMIT_WARNINGS_PER_MINUTE);
  private readonly largeAnswers = new MinuteLimit(MAX_LIMIT_WARNINGS_PER_MINUTE);
  private readonly refusals: RefusalLog;
  private readonly door: DoorLog;
  private readonly memory: MemoryLog;

  /**
   * @param logger the server's
   * @param report logs an error of the application
   */
  constructor(
    private readonly logger: Logger,
    private readonly report: (error: unknown) => void,
  ) {
    this.refusals = new RefusalLog(logger);
    this.door = new DoorLog(logger);
    this.memory = new MemoryLog(logger);
  }

  /** Logs from now on what happens to the connections of a core's server. */
  watch(core: CoreServer): void {
    const { logger } = this;
    core.on('connectionError', (error, { remoteAddress }) => {
      const isOfLimit = isSessionEnded(error) || error instanceof SessionTextError || isBeyondLimit(error);
      // Why: a client says itself how large its answers may be.
      const isLargeAnswer = error instanceof UnsendableAnswer && isBeyondLimit(error.cause);
      if (isOfLimit && this.limitWarnings.allows()) logger.warn(error);
      else if (isOfLimit || isNetworkError(error) || (isLargeAnswer && !this.largeAnswers.allows()))
        logger.debug(`${remoteAddress ?? 'a local peer'}: ${toSafeString(error)}`);
      else this.report(error);
    });
    core.on('storageError', (error) => {
      logger.error(error);
    });
    core.on('handshakeRefused', (connection, refusal) => {
      this.refusals.add(connection, refusal);
    });
    core.on('connectionTimeout', ({ remoteAddress }, limit) => {
      logger.debug(`${remoteAddress ?? 'a local peer'}: the connection ends by limits.${limit}`);
    });
    core.on('connectionRefused', (refusal) => {
      this.door.add(refusal);
    });
    core.on('budgetReached', (reached) => {
      logger.warn(budgetText(reached));
    });
    core.on('memoryExceeded', (shed) => {
      this.memory.add(shed);
    });
  }

  /** Writes what is still to be summed up, and ends the timers. */
  stop(): void {
    this.refusals.stop();
    this.door.stop();
    this.memory.stop();
  }
}

/** Whether an error tells of a session that has ended because of a limit. Many may do so at once. */
function isSessionEnded(error: unknown): boolean {
  return (
    error instanceof SessionSizeError ||
    (error instanceof RemoteError &&
      (error.code === ERR_JOURNAL_FULL || error.code === ERR_TOO_MANY_SESSIONS))
  );
}
