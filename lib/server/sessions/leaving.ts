import type { Connection } from '../../connection/connection.js';
import { askForArrival, beginLeaving, hasArrived, isDone, tellsArrival } from '../../connection/serving.js';
import { now } from '../../util/host.js';
import { lookUntil } from '../../util/look-until.js';

/**
 * How often a client is asked what it has received. Once tells that it has heard of the end, and so sends nothing new; a
 * second time, that it has got the answers to what it had sent before that. Clients that do not understand go on sending.
 */
const MOST_QUESTIONS = 3;

/** A client that is being sent away. */
interface Leaver {
  questions: number;
  isAsked: boolean;
}

/**
 * Ends connections whose sessions end with their server: clients hear of it, new calls are refused, and what is under way
 * gets its time, until its answers have arrived.
 */
export class Leaving {
  private readonly leavers = new Map<Connection, Leaver>();

  /**
   * @param timeoutMs how long what is under way may take
   * @param streamCode ends streams that have not ended by themselves; undefined: they get the time of calls
   */
  constructor(
    private readonly timeoutMs: number,
    private readonly streamCode: number | undefined,
  ) {}

  /** Ends the connections that are done in time. The others are left as they are. */
  async run(connections: Iterable<Connection>): Promise<void> {
    const deadline = now() + this.timeoutMs;
    for (const connection of connections) {
      this.leavers.set(connection, { questions: 0, isAsked: false });
      beginLeaving(connection, this.streamCode);
    }
    await lookUntil(() => this.look(), deadline);
    this.leavers.clear();
  }

  /** @returns whether all are done */
  private look(): boolean {
    for (const connection of this.leavers.keys()) this.lookAt(connection);
    return this.leavers.size === 0;
  }

  private lookAt(connection: Connection): void {
    const leaver = this.leavers.get(connection);
    if (!leaver || !isDone(connection)) return;
    const { questions, isAsked } = leaver;
    // Not so any more where the transport is lost: nobody can come back with the answer.
    const isTelling = tellsArrival(connection);
    if (isAsked && isTelling) return;
    const isOver = questions === MOST_QUESTIONS || (questions > 0 && hasArrived(connection));
    if (isOver || !isTelling) {
      this.leavers.delete(connection);
      connection.close();
      return;
    }
    leaver.questions += 1;
    leaver.isAsked = true;
    askForArrival(connection, () => {
      leaver.isAsked = false;
      this.lookAt(connection);
    });
  }
}
