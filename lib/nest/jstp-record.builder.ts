import type { Metadata } from '../protocol/message.js';
import { check, isObject } from '../protocol/option-checks.js';
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

  /** Makes the record. */
  build(): JstpRecord<Data | JstpArgs> {
    return new JstpRecord(this.data === undefined ? JstpArgs.of() : this.data, this.options);
  }

  private set(options: JstpRecordOptions): this {
    this.options = { ...this.options, ...options };
    return this;
  }
}
