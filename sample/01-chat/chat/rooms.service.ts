import { Injectable } from '@nestjs/common';
import type { JstpContext } from 'nestjs-jstp';

/** Something that was said in a room. */
export interface Said {
  room: string;
  who: string;
  text: string;
}

interface Room {
  history: Said[];
  /** Their connections outlive a cut line: what is sent to a member who is away arrives after the resume. */
  members: Map<string, JstpContext>;
}

const HISTORY_LENGTH = 100;

/** The rooms, shared by all versions of the chat. */
@Injectable()
export class RoomsService {
  private readonly rooms = new Map<string, Room>();

  names(): string[] {
    return [...this.rooms.keys()];
  }

  join(name: string, context: JstpContext): string[] {
    const room = this.room(name);
    dropWhoLeft(room);
    room.members.set(nameOf(context), context);
    return [...room.members.keys()];
  }

  say(name: string, text: string, context: JstpContext): Said {
    const room = this.room(name);
    const said = { room: name, who: nameOf(context), text };
    room.history.push(said);
    if (room.history.length > HISTORY_LENGTH) room.history.shift();
    dropWhoLeft(room);
    for (const member of room.members.values()) member.getClient().emit('rooms', 'said', said);
    return said;
  }

  history(name: string): Said[] {
    return this.rooms.get(name)?.history ?? [];
  }

  private room(name: string): Room {
    const room = this.rooms.get(name) ?? { history: [], members: new Map() };
    this.rooms.set(name, room);
    return room;
  }
}

/** Whose line is only cut stays ('offline'); 'closed' is for good. */
function dropWhoLeft({ members }: Room): void {
  for (const [name, member] of members) {
    if (member.getConnection().state.name === 'closed') members.delete(name);
  }
}

function nameOf(context: JstpContext): string {
  return context.getUsername() ?? 'guest';
}
