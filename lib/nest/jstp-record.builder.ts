import type { Metadata } from '../protocol/message.js';
import { isTimeout, TIMEOUT_ALLOWED } from '../connection/calls/limit-call.js';
import { check, hasMethod, isBoolean, isObject } from '../protocol/option-checks.js';
import { JstpArgs } from './jstp-args.js';
import { JstpRecord, type JstpRecordOptions } from './jstp-record.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';

/**
 * Makes data for `send` or `emit` that says more about this one message, in the manner of Nest's own record builders.
 * @example client.send('rooms.join', new JstpRecordBuilder('lobby').setMetadata({ locale: 'de' }).build())
 */
export class JstpRecordBuilder<Data = unknown> {
  private options: JstpRecordOptions = {};

  /** @param data the payload, or {@link JstpArgs} for several arguments. @default no arguments */
  constructor(private data?: Data) {}

  /** Sets the payload, or `JstpArgs` for several arguments. */
  setData(data: Data): this {
    this.data = data;
    return this;
  }

  /**
   * Sets plain data that travels beside the arguments; the handler's `context.getMetadata()` returns it.
   * @throws ConfigurationError for what is no object
   */
  setMetadata(metadata: Metadata): this {
    check('metadata', metadata, 'an object', isObject);
    return this.set({ metadata });
  }

  /** Sets a listener for the metadata of the answer: what the handler has given to `context.setReplyMetadata`. */
  onReplyMetadata(listener: (metadata: Metadata) => void): this {
    check('onReplyMetadata', listener, 'a function', isFunction);
    return this.set({ onReplyMetadata: listener });
  }

  /**
   * Sets how long the call may take, in milliseconds, to its answer or the end of its stream. Then it fails with -7
   * (`ERR_CALL_TIMEOUT`), and the handler's `context.getSignal()` fires. 0: any time. Events have no timeout.
   * @throws ConfigurationError for what is no number of milliseconds
   */
  setTimeout(timeout: number): this {
    check('timeout', timeout, TIMEOUT_ALLOWED, isTimeout);
    return this.set({ timeout });
  }

  /**
   * Sets a signal that cancels the call when it fires: the call fails with -8 (`ERR_CANCELLED`), whose `cause` is the
   * signal's reason.
   * @throws ConfigurationError for what is no signal
   */
  setSignal(signal: AbortSignal): this {
    check('signal', signal, 'an AbortSignal', hasMethod('addEventListener'));
    return this.set({ signal });
  }

  /** Says whether the call may be made again where its answer is lost (`retry` of JstpClient). */
  setIdempotent(idempotent = true): this {
    check('idempotent', idempotent, 'a boolean', isBoolean);
    return this.set({ idempotent });
  }

  /** Makes the record. */
  build(): JstpRecord<Data | JstpArgs> {
    return new JstpRecord(this.data === undefined ? JstpArgs.of() : this.data, this.options);
  }

  private set(options: JstpRecordOptions): this {
    this.options = { ...this.options, ...options };
    return this;
  }
}
