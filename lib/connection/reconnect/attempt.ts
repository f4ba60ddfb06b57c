import { JstpError } from '../../protocol/jstp-error.js';
import { ignore } from '../../util/callback.js';
import { startPatientKeepAliveTimer, stopTimer, type Timer } from '../../util/timer.js';
import type { ResolvedClient } from '../resolved-client.js';
import type { Dialer, Transport } from '../transport.js';

/**
 * One attempt to get a transport and shake hands on it. It has one deadline: until the peer has accepted the transport
 * `limits.connectTimeoutMs`, from then on `limits.handshakeTimeoutMs` for all that is left (TLS, the upgrade, the
 * handshake), as servers count it. Why: a peer that accepts and stays silent costs the same time on every transport.
 */
export class Attempt {
  private timer: Timer | undefined;
  private isAccepted = false;
  private isOver = false;
  private giveUp: () => void = ignore;
  private onLate: () => void = ignore;

  constructor(private readonly settings: Pick<ResolvedClient, 'limits' | 'dialArguments'>) {}

  /** Opens a transport. The callback is called once, and not after {@link stop}. */
  dial(
    dialer: Dialer,
    given: readonly unknown[],
    callback: (error: unknown, transport?: Transport) => void,
  ): void {
    const { limits, dialArguments } = this.settings;
    const finish = (error: unknown, transport?: Transport): void => {
      if (this.isOver) return;
      this.giveUp = ignore;
      if (transport) this.accepted();
      else this.stop();
      // The user's function may have failed with undefined.
      callback(transport || error ? error : unexplained(), transport);
    };
    const dial = (args: readonly unknown[]): void => {
      if (this.isOver) return;
      this.giveUp = dialer.dial(args, limits, finish, () => {
        this.accepted();
      });
    };
    this.onLate = () => {
      this.giveUp();
      finish(lateError(this.isAccepted ? 'handshakeTimeoutMs' : 'connectTimeoutMs'));
    };
    if (limits.connectTimeoutMs > 0) this.wait(limits.connectTimeoutMs);
    if (dialArguments) argumentsOf(dialArguments, given).then(dial, finish);
    else dial(given);
  }

  /** The transport is there: `onLate` is called when the time for the handshake is over. */
  shakeHands(onLate: () => void): void {
    this.onLate = onLate;
  }

  /** Ends the attempt: it has succeeded, failed, or is given up. */
  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    stopTimer(this.timer);
    this.giveUp();
  }

  private accepted(): void {
    if (this.isAccepted || this.isOver) return;
    this.isAccepted = true;
    this.wait(this.settings.limits.handshakeTimeoutMs);
  }

  private wait(delayMs: number): void {
    stopTimer(this.timer);
    this.timer = startPatientKeepAliveTimer(delayMs, () => {
      this.onLate();
    });
  }
}

async function argumentsOf(
  dialArguments: (given: readonly unknown[]) => unknown,
  given: readonly unknown[],
): Promise<readonly unknown[]> {
  return (await dialArguments(given)) as readonly unknown[];
}

function unexplained(): JstpError {
  return new JstpError('ERR_JSTP_CONNECT', 'The arguments to dial with were not given: no reason is known');
}

function lateError(limit: string): JstpError {
  return new JstpError('ETIMEDOUT', `The connection was not made in time (limits.${limit})`);
}
