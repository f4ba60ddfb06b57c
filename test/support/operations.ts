import { observe } from '../../lib/connection/observing/observe.js';
import type { Follower } from '../../lib/connection/observing/observers.js';
import type { Operation } from '../../lib/connection/observing/operations.js';
import type { Closing } from './closing.js';

/** What tests compare of an operation that has ended. */
export interface EndedOperation {
  readonly kind: string;
  readonly name?: string;
  readonly side?: string;
  readonly code: unknown;
}

/** Records the operations of this process, in the order of their ends. */
export function recordOperations(closing: Closing): {
  readonly ended: Operation[];
  readonly begun: Operation[];
} {
  const ended: Operation[] = [];
  const begun: Operation[] = [];
  const stop = observe({
    interestIn: () => true,
    begin: (operation): Follower => {
      begun.push(operation);
      return {
        end: () => {
          ended.push(operation);
        },
      };
    },
  });
  closing.add(stop);
  return { ended, begun };
}

/** Shortens an operation to what tests compare. */
export function shortOf(operation: Operation): EndedOperation {
  const { kind, code } = operation;
  switch (operation.kind) {
    case 'call':
    case 'emit':
    case 'serve':
    case 'handle':
      return { kind, name: `${operation.interfaceName}.${operation.name}`, code };
    case 'connect':
      return { kind, name: operation.application, code };
    case 'handshake':
    case 'resume':
      return { kind, name: operation.application, side: operation.side, code };
  }
}
