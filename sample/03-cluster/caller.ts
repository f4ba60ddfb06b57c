import { setTimeout as delay } from 'node:timers/promises';
import { JstpClient } from 'nestjs-jstp';
import { firstValueFrom, type Subscription } from 'rxjs';
import { HOST } from './settings.js';
import { Tally } from './tally.js';

/** How many calls of one client are under way at once. */
const CALLS_IN_FLIGHT = 4;
const RETRY_MS = 100;

/** A user, who calls and calls. */
export class Caller {
  readonly tally = new Tally();
  /** The instance that gave the last answer. */
  servedBy = '';
  private readonly client: JstpClient;
  private readonly underWay = new Set<Promise<void>>();
  private loops: Promise<void>[] = [];
  private events: Subscription | undefined;
  private isStopping = false;

  constructor(
    readonly name: string,
    port: number,
  ) {
    this.client = new JstpClient({
      app: 'work@^1.0.0',
      host: HOST,
      port,
      login: name,
      /*
       * How long calls wait for the line, those too that are made while it is down. After a crash nobody has the
       * session before the lease of the dead instance ends; then it takes a few attempts and the start of what takes
       * its place. The default (3 s) is for a line alone: with the default lease of 10 s all calls would have been
       * given up long before.
       */
      resumeTimeoutMs: 30_000,
    });
    this.client.on('reconnect', (isResumed) => {
      if (isResumed) this.tally.resumed += 1;
    });
    this.client.on('sessionLost', () => {
      this.tally.sessionsLost += 1;
    });
  }

  get callsUnderWay(): number {
    return this.underWay.size;
  }

  /** Logs in, listens, and begins to call. */
  async start(): Promise<void> {
    await this.client.connect();
    this.events = this.client.fromEvent<number>('news', 'published').subscribe((number) => {
      this.tally.received(number);
    });
    this.loops = Array.from({ length: CALLS_IN_FLIGHT }, () => this.callOn());
  }

  /** Waits for the end of the calls that are under way now. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /** Calls no more, and waits for the calls that are under way. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.loops);
  }

  /** Ends the session. */
  async close(): Promise<void> {
    this.isStopping = true;
    this.events?.unsubscribe();
    await this.client.close();
  }

  private async callOn(): Promise<void> {
    while (!this.isStopping) {
      const call = this.call();
      this.underWay.add(call);
      await call;
      this.underWay.delete(call);
    }
  }

  private async call(): Promise<void> {
    const id = `${this.name}:${++this.tally.calls}`;
    try {
      this.servedBy = await firstValueFrom(this.client.send<string, string>('work.run', id));
      this.tally.answered.push(id);
    } catch (error) {
      this.tally.failed(id, error);
      await delay(RETRY_MS);
    }
  }
}
