import type { Connection } from '../../connection/connection.js';
import { begin, watches } from '../../connection/observing/observers.js';
import type { HandshakeRequest } from '../../protocol/message.js';
import { RemoteError } from '../../protocol/remote-error.js';
import type { Observation } from '../../util/observation.js';
import { askedFor } from './refusal.js';

/** The handshakes of a server that are being decided, as far as they are observed. */
export class ObservedHandshakes {
  private readonly observations = new Map<Connection, Observation>();

  /** Whether anybody wants to know of a handshake. */
  isWatched(request: HandshakeRequest): boolean {
    return watches[kindOf(request)].isOn;
  }

  /** Decides on a handshake, which is observed. */
  run(connection: Connection, request: HandshakeRequest, decide: () => void): void {
    const kind = kindOf(request);
    const operation = { kind, side: 'server', connection, ...askedFor(request) } as const;
    const observation = begin({ ...operation, code: undefined, error: undefined });
    this.observations.set(connection, observation);
    observation.run(decide);
  }

  /**
   * A handshake was decided, or its client does not wait any more.
   * @param code 0 for a yes
   * @param reason why not, for this side
   */
  end(connection: Connection, code: number, reason?: string): void {
    const observation = this.observations.get(connection);
    if (!observation) return;
    this.observations.delete(connection);
    if (code === 0) observation.end(0);
    else observation.end(code, new RemoteError(code, reason));
  }
}

function kindOf({ strategy }: HandshakeRequest): 'resume' | 'handshake' {
  return strategy === 'session' ? 'resume' : 'handshake';
}
