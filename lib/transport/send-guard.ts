import type { Socket } from 'node:net';
import type { Limits } from '../protocol/limits.js';
import { leastRead, slowPeerError, stalledPeerError } from '../protocol/slow-peer.js';
import type { DeadlineQueue } from '../util/deadline-queue.js';
import { now } from '../util/host.js';
import { sharedDeadlines, type Expirable } from '../util/shared-deadlines.js';
import { takenBytes } from './node-internals.js';
import { SendRoom } from './send-room.js';
import { unacknowledgedBytes } from './unacknowledged-bytes.js';

/** How many times within `sendStallTimeoutMs` the guard checks for progress. */
const CHECKS = 4;

/**
 * What a write that waits takes of memory besides its bytes: 160 bytes, or 240 as a message of a WebSocket, measured on Node
 * 20. Why counted: answers of 26 bytes that nobody reads would take ten times what they count as.
 */
const WRITE_BYTES = 256;
/** So many writes are not counted. */
const FREE_WRITES = 64;
/** No write is smaller, in bytes: no more of them wait than there is room for. */
const LEAST_WRITE = 16;

/** What the guard asks of its transport. */
export interface SendGuardOwner {
  /** Gives the peer up, for that reason. */
  destroy(error: Error): void;
  /** So much waits now, with {@link SendGuard.overhead}; 0: all has left. */
  noteWaiting(bytes: number): void;
}

/** Gives up a peer that reads too slowly, or not at all, by what waits in the socket. */
export class SendGuard implements Expirable {
  private isWatching = false;
  /** When the present look at the peer's reading has begun, by the clock of {@link now}. */
  private beganAt = 0;
  /** How many bytes the system had taken then. */
  private takenBefore = 0;
  /** How many bytes the peer had acknowledged at {@link askedAt}; undefined: the system was not asked yet. */
  private acknowledgedBefore: number | undefined;
  private askedAt = 0;
  private isDrainAwaited = false;
  /** How many writes were made since nothing has waited. */
  private writes = 0;
  private readonly room: SendRoom;

  /**
   * @param socket the socket
   * @param limits how many bytes may wait, and how slowly they may be read
   * @param owner the transport
   */
  constructor(
    private readonly socket: Socket,
    private readonly limits: Pick<Limits, 'maxSendBufferBytes' | 'sendStallTimeoutMs' | 'minWriteRate'>,
    private readonly owner: SendGuardOwner,
  ) {
    this.room = new SendRoom(limits.maxSendBufferBytes);
  }

  /** Whether more may be written; else the peer is given up. */
  admits(): boolean {
    if (this.room.admits(this.socket.writableLength)) return true;
    this.owner.destroy(slowPeerError());
    return false;
  }

  /** Looks at what a write that was just made has left. */
  wrote(): void {
    const { socket } = this;
    const waiting = socket.writableLength;
    if (waiting === 0) {
      this.writes = 0;
      return;
    }
    this.writes += 1;
    this.room.sent(waiting);
    // Less than what a socket itself calls much is not told of. Why: its end would not be told.
    if (socket.writableNeedDrain) this.noteWaiting(waiting + this.overhead);
    if (!this.isWatching && this.limits.sendStallTimeoutMs > 0) this.begin();
  }

  /** What the writes that wait take of memory besides their bytes, at most; 0: they are few. */
  get overhead(): number {
    const count = Math.min(this.writes, Math.floor(this.socket.writableLength / LEAST_WRITE));
    return Math.max(0, count - FREE_WRITES) * WRITE_BYTES;
  }

  /** Stops watching, since the socket is closed. */
  stop(): void {
    if (this.isWatching) this.deadlines.delete(this);
    this.isWatching = false;
  }

  /** Looks at what the peer has read, since a part of the stall time is over. */
  expire(): void {
    if (this.socket.writableLength === 0) this.isWatching = false;
    else if (this.taken >= this.leastIn(Infinity)) this.begin();
    else void this.askSystem();
  }

  private noteWaiting(bytes: number): void {
    if (!this.isDrainAwaited) {
      this.isDrainAwaited = true;
      this.socket.once('drain', () => {
        this.isDrainAwaited = false;
        this.writes = 0;
        this.owner.noteWaiting(0);
      });
    }
    this.owner.noteWaiting(bytes);
  }

  /** Asks how much of what the system holds the peer has read, since too little was handed to the system. */
  private async askSystem(): Promise<void> {
    const queue = await unacknowledgedBytes(this.socket);
    if (!this.isWatching) return;
    const time = now();
    const acknowledged = takenBytes(this.socket) - (queue ?? 0);
    if (this.acknowledgedBefore === undefined) {
      this.acknowledgedBefore = acknowledged;
      this.askedAt = time;
    }
    const read = acknowledged - this.acknowledgedBefore;
    // A peer that has read all that the system held waits for this side.
    if (queue === 0 || Math.max(this.taken, read) >= this.leastIn(Infinity)) this.begin(acknowledged);
    else if (time - this.beganAt < this.limits.sendStallTimeoutMs) this.wait();
    else if (this.taken >= this.leastIn(time - this.beganAt) || read >= this.leastIn(time - this.askedAt))
      this.begin(acknowledged);
    else this.owner.destroy(stalledPeerError(Math.max(this.taken, read) > 0));
  }

  /** Begins a look that lasts the stall time. @param acknowledged how many bytes the peer has acknowledged, if that is known */
  private begin(acknowledged?: number): void {
    this.isWatching = true;
    this.beganAt = now();
    this.takenBefore = takenBytes(this.socket);
    this.acknowledgedBefore = acknowledged;
    this.askedAt = this.beganAt;
    this.wait();
  }

  /** How many bytes the system has taken since the look began. */
  private get taken(): number {
    return takenBytes(this.socket) - this.takenBefore;
  }

  /** How many bytes a peer must read in a time. Not more than in the stall time. Why: a process that was busy must not blame its peers. */
  private leastIn(ms: number): number {
    return leastRead(this.limits, ms);
  }

  private wait(): void {
    this.deadlines.add(this);
  }

  private get deadlines(): DeadlineQueue<Expirable> {
    return sharedDeadlines(Math.ceil(this.limits.sendStallTimeoutMs / CHECKS));
  }
}
