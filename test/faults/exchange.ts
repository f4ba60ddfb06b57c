import type { Connection } from '../../lib/core.js';
import type { Direction } from '../../lib/testing/faults.js';
import { Ledger } from './ledger.js';
import { SoakApplication } from './soak-application.js';

const ROUNDS = 3;

/**
 * One fixed exchange of 20 messages: three rounds of a call and its callback, and an event, each both ways, and a last
 * event each way.
 */
export class Exchange {
  readonly ledger = new Ledger();
  /** What the server and the client offer. */
  readonly applications: Readonly<Record<Direction, SoakApplication>> = {
    toServer: new SoakApplication('app', 'toServer', this.ledger),
    toClient: new SoakApplication('side', 'toClient', this.ledger),
  };

  /** @param key tells a server that has several at once which one a message belongs to */
  constructor(readonly key: string) {}

  /** Runs it; resolves when all is answered, and what was sent has arrived. */
  async run(client: Connection, remote: Connection): Promise<void> {
    const senders = [
      ['toServer', client],
      ['toClient', remote],
    ] as const;
    for (let round = 0; round < ROUNDS; round++) {
      const answers = senders.map(([way, sender]) => this.call(way, sender));
      for (const [way, sender] of senders) this.tell(way, sender);
      await Promise.all(answers);
    }
    for (const [way, sender] of senders) this.tell(way, sender);
    // What was sent before a ping has arrived when it is answered.
    await Promise.all(senders.map(([, sender]) => sender.ping().catch(() => undefined)));
  }

  /** What is wrong with it; undefined: nothing. */
  verdict(): string | undefined {
    this.ledger.close();
    return this.ledger.isClean ? undefined : this.ledger.details.join('; ');
  }

  private call(way: Direction, sender: Connection): Promise<void> {
    const seq = this.ledger.sent(way, 'echo', { isAnswered: true });
    return new Promise((resolve) => {
      sender.callMethod('soak', 'echo', [seq, this.key], (error: unknown, result: unknown) => {
        this.ledger.answered(way, seq, error, error === null && result === seq);
        resolve();
      });
    });
  }

  private tell(way: Direction, sender: Connection): void {
    const seq = this.ledger.sent(way, 'event');
    sender.emitRemoteEvent('soak', 'told', [seq, this.key]);
  }
}
