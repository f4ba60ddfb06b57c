import type { LogEmitter } from '../connection/log-events.js';
import type { Output } from './output.js';
import { trafficText } from './traffic-text.js';

const ARROWS: Readonly<Record<string, string>> = { outgoingMessage: '->', incomingMessage: '<-' };

/** Prints the messages of a connection to the standard error. */
export function trafficLogger(output: Output): LogEmitter {
  return {
    emit(event, message) {
      if (Object.hasOwn(ARROWS, event))
        output.raw(`${ARROWS[event]} ${trafficText(message, output.errorStyle)}`);
      else if (event === 'messageRejected')
        output.raw(`<- rejected: ${trafficText(message, output.errorStyle)}`);
      return true;
    },
  };
}
