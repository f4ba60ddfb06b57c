import type { Connection } from '../../connection/connection.js';
import { controlOf } from '../../connection/control.js';
import type { OutgoingStream } from '../../application/incoming-call.js';
import { ERR_STREAM_ENDED } from '../../protocol/error-codes.js';
import { RemoteError } from '../../protocol/remote-error.js';
import { ADMINISTRATION_BUSY } from '../../server/administration/administration.js';
import type { Administrator } from '../../server/administration/administrator.js';
import type { Mark } from '../../server/administration/call-details.js';
import { ignore } from '../../util/callback.js';
import type { NestCall } from '../handling/answering.js';

/** How many streams of snapshots there may be at once. Why bounded: each costs the server work, again and again. */
const MAX_WATCHERS = 16;
const MAX_WATCHERS_PER_CLIENT = 4;

/** The streams of snapshots of one server. */
export class Watchers {
  private readonly all = new Set<Watcher>();

  /**
   * Answers a call with snapshots, until its caller has enough of them.
   * @throws RemoteError 429 where there are too many
   */
  add(call: NestCall, administrator: Administrator, intervalMs: number): void {
    const own = [...this.all].filter((watcher) => watcher.isOf(call.connection)).length;
    if (own >= MAX_WATCHERS_PER_CLIENT) throw busy(`this client has ${MAX_WATCHERS_PER_CLIENT}`);
    if (this.all.size >= MAX_WATCHERS) throw busy(`there are ${MAX_WATCHERS}`);
    const watcher = new Watcher(call, administrator, intervalMs);
    this.all.add(watcher);
    const ended = watcher.run().finally(() => this.all.delete(watcher));
    call.runsUntil?.(ended);
  }

  /** Ends all of them. Why: a server that closes would wait for them. */
  end(): void {
    for (const watcher of this.all) watcher.end();
  }
}

/** A stream of snapshots. */
class Watcher {
  private mark: Mark | undefined;
  private isOver = false;
  private wake: () => void = ignore;

  constructor(
    private readonly call: NestCall,
    private readonly administrator: Administrator,
    private readonly intervalMs: number,
  ) {}

  isOf(connection: Connection): boolean {
    return this.call.connection === connection;
  }

  /** Sends snapshots. Resolves when the call is over. */
  async run(): Promise<void> {
    const { call } = this;
    const { signal } = call;
    const over = (): void => {
      this.isOver = true;
      this.wake();
    };
    signal.addEventListener('abort', over);
    try {
      await this.send(call.openStream());
      if (call.isOpen) call.fail(ERR_STREAM_ENDED);
    } catch (error) {
      call.fail(error);
    } finally {
      signal.removeEventListener('abort', over);
    }
  }

  /** Ends it from this side. */
  end(): void {
    this.isOver = true;
    this.wake();
  }

  private async send(stream: OutgoingStream): Promise<void> {
    const { call, administrator } = this;
    while (call.isOpen && !this.isOver) {
      // What a client that is away would get when it comes back is of no use by then, and would fill its journal.
      if (controlOf(call.connection).isOpen) {
        const snapshot = administrator.snapshot(this.mark);
        this.mark = administrator.mark();
        if (!stream.write(snapshot)) await Promise.race([stream.ready(), this.pause(undefined)]);
      }
      await this.pause(this.intervalMs);
    }
  }

  /** Waits until it is over, or for a time. */
  private pause(milliseconds: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (this.isOver) {
        resolve();
        return;
      }
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      // The stream of a page must not keep a process alive.
      timer?.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function busy(text: string): RemoteError {
  return new RemoteError(ADMINISTRATION_BUSY, `Too many streams of snapshots: ${text} already`);
}
