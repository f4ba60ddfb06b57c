import { Allowance } from '../../util/allowance.js';

/** The bit that lets the next ping go uncounted. */
const SINCE_PING = 1;
/** The bit that {@link PeerActivity.takeHeard} looks at. */
const SINCE_LOOK = 2;
/** How long it takes until a peer that has pinged as often as it may can do so again. */
const PINGS_AGAIN_MS = 30_000;

/** Whether a peer has sent anything but pings lately, and how much it pings. */
export class PeerActivity {
  /** All bits are set with each message that is no ping and no pong; who looks at one clears it. */
  private heard = 0;
  // Made with the first ping that is counted.
  private pings: Allowance | undefined;

  /** The peer has sent a message that is no ping and no pong. */
  noteMessage(): void {
    this.heard = SINCE_PING | SINCE_LOOK;
  }

  /**
   * Counts a ping, a heartbeat or the like.
   * @param maxBurst how many may come at once
   * @returns false: there were too many without anything else
   */
  admitsPing(maxBurst: number): boolean {
    if ((this.heard & SINCE_PING) !== 0) {
      this.heard &= ~SINCE_PING;
      return true;
    }
    this.pings ??= new Allowance(maxBurst, PINGS_AGAIN_MS);
    return this.pings.take();
  }

  /** Whether the peer has sent anything but pings since the last call. */
  takeHeard(): boolean {
    const hasHeard = (this.heard & SINCE_LOOK) !== 0;
    this.heard &= ~SINCE_LOOK;
    return hasHeard;
  }
}
