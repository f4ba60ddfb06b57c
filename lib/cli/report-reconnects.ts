import type { Connection } from '../connection/connection.js';
import { failureOf } from './failures.js';
import type { Output } from './output.js';
import { toLogText } from '../util/log-text.js';

/** Tells on the standard error when a connection is lost, and when it is back. */
export function reportReconnects(connection: Connection, output: Output): void {
  let lastText = '';
  connection.on('close', () => {
    if (!connection.closedIntentionally) output.note('The connection is lost; trying to come back.');
  });
  connection.on('reconnect', (error: unknown) => {
    const text = error ? `Not back yet: ${toLogText(failureOf(error).message)}` : 'The connection is back.';
    // A server may be away for hours.
    if (text !== lastText) output.note(text);
    lastText = error ? text : '';
  });
  connection.on('sessionLost', () => output.note('The session is lost: the server begins a new one.'));
}
