import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';

/** Something that was said in a room. */
export interface Said {
  /** Given by who says it (or here), so that the same message is never said twice. */
  id: string;
  room: string;
  who: string;
  text: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

interface Member {
  name: string;
  /** Its connection outlives a cut line: what is sent to a member who is away arrives after the resume. */
  context: JstpContext;
}

interface Room {
  history: Said[];
  /** By session: a user may be here twice, on the phone and at the desk. */
  members: Map<string, Member>;
}

const HISTORY_LENGTH = 100;

/** The rooms, shared by all versions of the chat. */
@Injectable()
export class RoomsService {
  private readonly rooms = new Map<string, Room>();

  names(): string[] {
    return [...this.rooms.keys()];
  }

  /** Lets a client in; answers with the names of those who are there. */
  join(name: string, context: JstpContext): string[] {
    const { members } = this.rooms.get(name) ?? this.open(name);
    members.set(context.getSession()?.id ?? '', { name: nameOf(context), context });
    return [...new Set(present(members).map((member) => member.name))];
  }

  /**
   * Says something to all who are in a room.
   * @param id of a client that cannot know whether its first try was heard: the same id is said once
   */
  say(name: string, text: string, context: JstpContext, id: string = randomUUID()): Said {
    const room = this.rooms.get(name) ?? this.open(name);
    const who = nameOf(context);
    const known = room.history.find((said) => said.id === id && said.who === who);
    if (known) return known;
    const said = { id, room: name, who, text, at: Date.now() };
    room.history.push(said);
    if (room.history.length > HISTORY_LENGTH) room.history.shift();
    for (const member of present(room.members)) member.context.getClient().emit('rooms', 'said', said);
    return said;
  }

  history(name: string): Said[] {
    return this.rooms.get(name)?.history ?? [];
  }

  /** Opens a room, and tells everybody who is in another. */
  private open(name: string): Room {
    const sessions = new Map([...this.rooms.values()].flatMap(({ members }) => [...members]));
    for (const { context } of present(sessions)) context.getClient().emit('rooms', 'opened', name);
    const room: Room = { history: [], members: new Map() };
    this.rooms.set(name, room);
    return room;
  }
}

/** The members who are there or may come back; the others are forgotten. */
function present(members: Map<string, Member>): Member[] {
  for (const [session, { context }] of members) {
    if (context.getConnection().state.name === 'closed') members.delete(session);
  }
  return [...members.values()];
}

function nameOf(context: JstpContext): string {
  return context.getUsername() ?? 'guest';
}
