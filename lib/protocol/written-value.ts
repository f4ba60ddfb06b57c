import { stringify } from '../mdsf/index.js';

/** A value that is the only result of many calls: its text is written once. It must not change, and has no bytes. */
export class WrittenValue {
  /** The value as it is sent. */
  readonly text: string;

  constructor(readonly value: unknown) {
    this.text = stringify(value);
  }
}
