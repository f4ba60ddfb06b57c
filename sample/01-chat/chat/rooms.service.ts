import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JstpRecordBuilder, JstpRooms, type JstpContext } from 'nestjs-jstp';

/** Something that was said in a room. */
export interface Said {
  /** Given by the client that says it (or here), so that the same message is never said twice. */
  id: string;
  room: string;
  who: string;
  text: string;
  /** When, in milliseconds since 1970. */
  at: number;
}

const HISTORY_LENGTH = 100;
/** A gateway that is away would be asked when it is back. */
const ANSWER_TIMEOUT_MS = 2000;

/** The chat, shared by all versions of it. Who is in which room is kept by JstpRooms; what was said is kept here. */
@Injectable()
export class RoomsService {
  private readonly histories = new Map<string, Said[]>();

  constructor(private readonly rooms: JstpRooms) {
    rooms.on('joined', (room) => void this.tellPeople(room));
    rooms.on('left', (room) => void this.tellPeople(room));
  }

  names(): string[] {
    return [...this.histories.keys()];
  }

  /** Lets a client in; answers with the names of those who are there. */
  async join(room: string, context: JstpContext): Promise<readonly string[]> {
    await this.open(room);
    context.join(room);
    return this.people(room);
  }

  /**
   * Says something to all who are in a room.
   * @param id of a client that cannot know whether its first try was heard: the same id is said once
   */
  async say(room: string, text: string, context: JstpContext, id: string = randomUUID()): Promise<Said> {
    const history = await this.open(room);
    const who = nameOf(context);
    const known = history.find((said) => said.id === id && said.who === who);
    if (known) return known;
    const said = { id, room, who, text, at: Date.now() };
    history.push(said);
    if (history.length > HISTORY_LENGTH) history.shift();
    // Who is away hears it after the resume.
    await this.rooms.to(room).emit('rooms', 'said', said);
    return said;
  }

  history(room: string): Said[] {
    return this.histories.get(room) ?? [];
  }

  /** How often a room was read by HTTP, which the gateway knows. */
  async readers(room: string): Promise<number> {
    const question = new JstpRecordBuilder(room).setTimeout(ANSWER_TIMEOUT_MS).build();
    return (await this.rooms.toUser('gateway').call('readers', 'count', question)) as number;
  }

  private async people(room: string): Promise<readonly string[]> {
    const { users } = await this.rooms.who(room);
    return users;
  }

  private async tellPeople(room: string): Promise<void> {
    await this.rooms.to(room).emit('rooms', 'people', room, await this.people(room));
  }

  /** Opens a room that there is not yet, and tells the gateway, and everybody who is in another. */
  private async open(room: string): Promise<Said[]> {
    const known = this.histories.get(room);
    if (known) return known;
    const others = this.names();
    const history: Said[] = [];
    this.histories.set(room, history);
    await this.rooms.to(...others).emit('rooms', 'opened', room);
    await this.rooms.toUser('gateway').emit('rooms', 'opened', room);
    return history;
  }
}

function nameOf(context: JstpContext): string {
  return context.getUsername() ?? 'guest';
}
