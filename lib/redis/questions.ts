import { parse } from '../mdsf/index.js';
import { ignore } from '../util/callback.js';
import { startPatientTimer, stopTimer } from '../util/timer.js';
import { WITH_BYTES } from './broadcast-message.js';
import type { BoundedRedisClient } from './bounded-redis-client.js';
import type { ChannelSubscription } from './channel-subscription.js';

/** How often the connection that listens for answers has to prove that it is alive. */
const PROOF_EVERY_MS = 5000;

/** One server's answer to a question. */
export interface Answer {
  /** The question's id. */
  readonly id: string;
  /** The id of the server that answers. */
  readonly by: string;
  readonly value: unknown;
}

/** A question that waits for answers. */
interface Waiting {
  /** The servers that have not answered. */
  readonly servers: Set<string>;
  /** @returns whether the answer suffices */
  readonly take: (value: unknown) => boolean;
  readonly end: (isAnswered: boolean) => void;
}

/** Asks other servers, and collects what they answer, for a bounded time. */
export class Questions {
  private subscription: ChannelSubscription | undefined;
  private readonly waiting = new Map<string, Waiting>();

  /**
   * @param channel the channel of this server's answers
   * @param unreadable gets the error of what is no answer
   */
  constructor(
    private readonly redis: BoundedRedisClient,
    private readonly channel: string,
    private readonly unreadable: (error: unknown) => void,
  ) {}

  /** Waits until answers come. @throws JstpError `ERR_JSTP_STORE_AWAY` where Redis cannot be reached */
  async prepare(): Promise<void> {
    const { subscription } = this;
    await this.redis.bounded(() => (subscription ?? this.listen()).subscribed);
  }

  /**
   * Asks servers.
   * @param id the question's id
   * @param servers the ids of the servers
   * @param send sends the question
   * @param timeoutMs how long the answers may take
   * @param take gets each answer; returns whether it suffices
   * @returns whether all have answered, or one that suffices has
   */
  async ask(
    id: string,
    servers: readonly string[],
    send: () => Promise<void>,
    timeoutMs: number,
    take: (value: unknown) => boolean,
  ): Promise<boolean> {
    if (servers.length === 0) return true;
    const answered = new Promise<boolean>((resolve) => {
      const timer = startPatientTimer(timeoutMs, () => {
        this.end(id, false);
      });
      const end = (isAnswered: boolean): void => {
        stopTimer(timer);
        resolve(isAnswered);
      };
      this.waiting.set(id, { servers: new Set(servers), take, end });
    });
    try {
      await send();
    } catch (error) {
      this.end(id, false);
      throw error;
    }
    return answered;
  }

  /** Ends the wait for answers: none come any more. */
  close(): void {
    this.subscription?.close();
    this.subscription = undefined;
    for (const id of [...this.waiting.keys()]) this.end(id, false);
  }

  private end(id: string, isAnswered: boolean): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    waiting?.end(isAnswered);
  }

  private listen(): ChannelSubscription {
    const message = (text: string): void => {
      this.receive(text);
    };
    // Who asks notices that no answers come; the outage itself is told by the channel of events.
    this.subscription = this.redis.subscribe(this.channel, { message, failed: ignore, ready: ignore });
    this.subscription.proveEvery(PROOF_EVERY_MS, (proof) => this.redis.publish(this.channel, proof));
    return this.subscription;
  }

  private receive(text: string): void {
    let answer: Answer;
    try {
      answer = readAnswer(text);
    } catch (error) {
      this.unreadable(error);
      return;
    }
    const waiting = this.waiting.get(answer.id);
    // One that comes too late, or twice.
    if (!waiting?.servers.delete(answer.by)) return;
    if (waiting.take(answer.value) || waiting.servers.size === 0) this.end(answer.id, true);
  }
}

function readAnswer(text: string): Answer {
  const { id, by, value } = (parse(text, WITH_BYTES) ?? {}) as Partial<Answer>;
  if (typeof id !== 'string' || typeof by !== 'string') throw new TypeError('It is no answer');
  return { id, by, value };
}
