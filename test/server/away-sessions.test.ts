import { describe, expect, test } from '@jest/globals';
import type { Connection } from '../../lib/core.js';
import { resolveLimits } from '../../lib/protocol/limits.js';
import type { AwaySession } from '../../lib/server/sessions/away-sessions.js';
import { groupKinds, SessionGroup } from '../../lib/server/sessions/session-group.js';
import { SessionPlace } from '../../lib/server/sessions/session-place.js';

const kinds = groupKinds(resolveLimits(), () => false);

function groups(): { all: SessionGroup; user: SessionGroup; address: SessionGroup } {
  const { all, user, address } = kinds;
  return {
    all: new SessionGroup(all, ''),
    user: new SessionGroup(user, 'ann'),
    address: new SessionGroup(address, '192.0.2.1'),
  };
}

function namesOf(sessions: Iterable<AwaySession>): string[] {
  return Array.from(sessions, ({ connection }) => String(connection.remoteAddress));
}

function connectionOf(remoteAddress: string): Connection {
  return { remoteAddress } as unknown as Connection;
}

describe('the sessions of a group that make room in its journals', () => {
  test('are those of absent clients that hold something, by the time since which they do', () => {
    const { all, user, address } = groups();
    const place = (name: string): SessionPlace =>
      new SessionPlace(connectionOf(name), false, all, user, address);
    const [empty, late, early, there] = ['empty', 'late', 'early', 'there'].map(place);
    early.add(10);
    there.add(10);
    for (const one of [empty, late, early]) one.goAway();
    late.add(10);
    late.add(5);
    for (const group of [all, user, address]) {
      expect(namesOf(group.users.holding)).toEqual(['early', 'late']);
      expect(namesOf(group.users.all)).toEqual(['empty', 'late', 'early']);
      expect(group.users.all.first).toBe(empty);
      expect(namesOf(group.anonymous.all)).toEqual([]);
    }
  });

  test('are no longer those that were freed, that have come back, or that have ended', () => {
    const { all, user, address } = groups();
    const place = (name: string): SessionPlace =>
      new SessionPlace(connectionOf(name), false, all, user, address);
    const places = ['freed', 'back', 'ended', 'moved', 'stays'].map(place);
    for (const one of places) {
      one.add(10);
      one.goAway();
    }
    const [freed, back, ended, moved] = places;
    freed.add(-10);
    back.comeBack();
    back.add(-10);
    back.add(10);
    ended.leave();
    ended.add(-10);
    const elsewhere = new SessionGroup(kinds.address, '192.0.2.2');
    moved.moveTo(elsewhere);
    expect(namesOf(all.users.holding)).toEqual(['stays', 'moved']);
    expect(namesOf(address.users.holding)).toEqual(['stays']);
    expect(namesOf(elsewhere.users.holding)).toEqual(['moved']);
    freed.add(1);
    expect(namesOf(all.users.holding)).toEqual(['stays', 'moved', 'freed']);
  });
});
