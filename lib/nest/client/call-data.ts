import { ignore } from '../../util/callback.js';
import { onStreamError } from '../../util/pump.js';
import { isStreamInput } from '../../util/stream-input.js';
import { JstpArgs } from '../jstp-args.js';
import { argumentsOfData, JstpRecord, type Attempt, type Flow } from '../jstp-record.js';

/** The data of a call whose arguments are given one by one; the only one may be a record. */
export function dataOf(args: unknown[]): JstpRecord | JstpArgs {
  return args.length === 1 && args[0] instanceof JstpRecord ? args[0] : JstpArgs.of(...args);
}

/** Adds to a call the attempt that it is sent by, and who reads its values. */
export function sentBy(attempt: Attempt | undefined, data: unknown, flow?: Flow): JstpRecord {
  return data instanceof JstpRecord
    ? new JstpRecord<unknown>(data.data, data.options, attempt, flow ?? data.flow)
    : new JstpRecord(data, {}, attempt, flow);
}

/** Lets a stream of Node among the data fail before it is sent: the call that reads it tells of the error. */
export function keepErrors(data: unknown): void {
  for (const argument of argumentsOfData(data instanceof JstpRecord ? data.data : data))
    if (isStreamInput(argument)) onStreamError(argument, ignore);
}
