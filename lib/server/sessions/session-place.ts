import type { Connection } from '../../connection/connection.js';
import type { JournalCounter } from '../../session/journal-meter.js';
import type { AwayLinks, AwaySession } from './away-sessions.js';
import type { SessionGroup } from './session-group.js';

/** The place of one session of a server in the groups that limits count, with what its journal holds. */
export class SessionPlace implements AwaySession, JournalCounter {
  /** What the session's journal holds. */
  bytes = 0;
  /** The places among the clients that are away, as {@link groups} has the groups; undefined while it is connected. */
  private links: readonly AwayLinks[] | undefined;

  /**
   * @param connection the connection that has the session
   * @param all the group of all sessions of the server
   * @param user those of the user; undefined for an anonymous client
   * @param address those of the client's address; undefined where it has none
   */
  constructor(
    readonly connection: Connection,
    readonly isAnonymous: boolean,
    private readonly all: SessionGroup,
    private readonly user: SessionGroup | undefined,
    private address: SessionGroup | undefined,
  ) {
    // Not by `groups`, which makes two arrays.
    all.sessions += 1;
    if (user) user.sessions += 1;
    if (address) address.sessions += 1;
  }

  /** The groups that the session is counted in. */
  get groups(): readonly SessionGroup[] {
    return [this.all, this.user, this.address].filter((group) => group !== undefined);
  }

  get isFull(): boolean {
    return this.user?.meter.isFull === true || this.address?.meter.isFull === true;
  }

  get isOverflowing(): boolean {
    return this.user?.meter.isOverflowing === true || this.address?.meter.isOverflowing === true;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.all.meter.add(bytes);
    this.user?.meter.add(bytes);
    this.address?.meter.add(bytes);
    const { links } = this;
    if (!links) return;
    for (const [index, group] of this.groups.entries()) this.awayIn(group).note(links[index]);
  }

  /** Notes that the client is away. */
  goAway(): void {
    this.links ??= this.groups.map((group) => this.awayIn(group).add(this));
    for (const { meter } of this.groups) meter.retry();
  }

  /** Notes that the client is back. */
  comeBack(): void {
    const { links } = this;
    if (!links) return;
    this.links = undefined;
    for (const [index, group] of this.groups.entries()) this.awayIn(group).remove(links[index]);
  }

  /** Counts the session at another address. @returns the group that it was in */
  moveTo(address: SessionGroup | undefined): SessionGroup | undefined {
    const { address: before, bytes, links } = this;
    this.comeBack();
    if (before) before.sessions -= 1;
    before?.meter.add(-bytes);
    this.address = address;
    if (address) address.sessions += 1;
    address?.meter.add(bytes);
    if (links) this.goAway();
    return before;
  }

  /** Gives the place up. What the journal holds is counted until it is released. */
  leave(): void {
    this.comeBack();
    for (const group of this.groups) group.sessions -= 1;
  }

  private awayIn(group: SessionGroup): SessionGroup['users'] {
    return this.isAnonymous ? group.anonymous : group.users;
  }
}
