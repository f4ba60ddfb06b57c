import { Application, type Connection } from 'nestjs-jstp/browser';
import { isRefusal, Line, pause, type Status } from './line.js';
import { Outbox, type Draft } from './outbox.js';

/** Something that was said, as the server tells it. */
export interface Said {
  readonly id: string;
  readonly room: string;
  readonly who: string;
  readonly text: string;
  readonly at: number;
}

/** A room that this user is in. */
export interface Room {
  readonly name: string;
  readonly said: Said[];
  people: string[];
  unread: number;
  /** What is heard while the history is on its way comes after it; undefined: nothing is awaited. */
  early: Said[] | undefined;
}

/** Told when something of the chat has changed. */
export interface ChatListener {
  changed(): void;
  /** The user has to log in again. */
  ended(reason: string): void;
}

const FIRST_ROOM = 'kitchen';

/** The chat as one user sees it: rooms, what was said in them, and what waits to be said. Nothing of the page. */
export class Chat {
  /** The names of all rooms, those of others too. */
  names: string[] = [];
  current: Room;
  /** What the server did not want. */
  notice = '';
  listener: ChatListener = { changed: () => undefined, ended: () => undefined };
  private readonly rooms = new Map<string, Room>();
  private readonly line: Line;
  private readonly outbox: Outbox;

  constructor(
    url: string,
    readonly me: string,
  ) {
    const events = {
      said: (_connection: Connection, said: Said) => this.hear(said),
      opened: (_connection: Connection, name: string) => this.addName(name),
    };
    const line = new Line(url, new Application<Connection>('page', {}, { rooms: events }), {
      statusChanged: () => this.listener.changed(),
      begun: () => void this.begin(),
      resumed: () => void this.outbox.run(),
      refused: () => this.listener.ended('The server does not let you in any more.'),
    });
    this.line = line;
    this.outbox = new Outbox(`chat outbox of ${me}`, {
      get isOnline() {
        return line.status.name === 'online';
      },
      say: ({ id, room, text }) => line.call('rooms', 'say', room, text, id),
      changed: () => this.listener.changed(),
      refused: (draft) => this.refuse(draft),
    });
    for (const name of this.outbox.rooms) this.roomOf(name);
    this.current = this.roomOf(FIRST_ROOM);
  }

  get status(): Status {
    return this.line.status;
  }

  async logIn(password: string): Promise<void> {
    await this.line.logIn(this.me, password);
  }

  logOut(): void {
    this.line.hangUp();
  }

  tryNow(): void {
    this.line.tryNow();
  }

  /** Goes into a room; one that is not there yet is opened. */
  enter(name: string): void {
    const isNew = !this.rooms.has(name);
    this.current = this.roomOf(name);
    this.read();
    if (isNew) void this.join(this.current);
  }

  /** What is on the screen counts as read. */
  read(): void {
    this.current.unread = 0;
    this.listener.changed();
  }

  say(text: string): void {
    this.notice = '';
    this.outbox.add(this.current.name, text);
  }

  /** What waits to be said in the current room. */
  get drafts(): Draft[] {
    const heard = new Set(this.current.said.map(({ id }) => id));
    return this.outbox.of(this.current.name).filter(({ id }) => !heard.has(id));
  }

  unreadIn(name: string): number {
    return this.rooms.get(name)?.unread ?? 0;
  }

  /** A new session: into all rooms again, then what is still to be said. */
  private async begin(): Promise<void> {
    try {
      for (const room of this.rooms.values()) await this.join(room);
      for (const name of (await this.line.call('lobby', 'rooms')) as string[]) this.addName(name);
    } catch {
      // The line is down again. If the session is lost with it, all of this begins anew.
    }
    await this.outbox.run();
  }

  private async join(room: Room): Promise<void> {
    room.early ??= [];
    try {
      room.people = (await this.line.call('rooms', 'join', room.name)) as string[];
      const history: Said[] = [];
      await this.line.stream('rooms', 'history', [room.name], (said) => history.push(said as Said));
      const { early } = room;
      room.early = undefined;
      for (const said of [...history, ...early]) this.add(room, said);
    } catch (error) {
      if (isRefusal(error)) this.notice = `You cannot enter ${room.name}.`;
      else await this.joinAgain(room);
    }
    this.listener.changed();
  }

  /** An answer was lost with the line. Where the session is lost with it, `begin` asks again for all rooms. */
  private async joinAgain(room: Room): Promise<void> {
    await pause();
    if (this.line.status.name === 'online') await this.join(room);
  }

  private hear(said: Said): void {
    const room = this.roomOf(said.room);
    if (room.early) room.early.push(said);
    else this.add(room, said);
    this.listener.changed();
  }

  private add(room: Room, said: Said): void {
    if (room.said.some(({ id }) => id === said.id)) return;
    room.said.push(said);
    if (!room.people.includes(said.who)) room.people.push(said.who);
    if (said.who !== this.me && (room !== this.current || document.hidden)) room.unread++;
  }

  private refuse(draft: Draft): void {
    this.notice = `Not sent: “${draft.text}”`;
  }

  private addName(name: string): void {
    if (!this.names.includes(name)) this.names.push(name);
    this.listener.changed();
  }

  private roomOf(name: string): Room {
    const room = this.rooms.get(name) ?? { name, said: [], people: [], unread: 0, early: undefined };
    this.rooms.set(name, room);
    if (!this.names.includes(name)) this.names.push(name);
    return room;
  }
}
