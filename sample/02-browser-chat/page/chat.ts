import { createClient, type PageClient, type RemoteInterface } from 'nestjs-jstp/browser';
import { isRefusal, Outbox, pause, type Draft } from './outbox.js';

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

/** What the server offers. */
interface Rooms {
  join(room: string): string[];
  say(room: string, text: string, id: string): void;
}

interface Lobby {
  rooms(): string[];
}

/** What a user sees of the connection; 'offline' is told where the next attempt is not at hand. */
export type Status = 'online' | 'reconnecting' | 'offline';

/** Told when something of the chat has changed. */
export interface ChatListener {
  changed(): void;
  /** The user has to log in again. */
  ended(reason: string): void;
}

const FIRST_ROOM = 'kitchen';
const SOON_MS = 1000;

/** The chat as one user sees it: rooms, what was said in them, and what waits to be said. Nothing of the page. */
export class Chat {
  /** The names of all rooms, those of others too. */
  names: string[] = [];
  current: Room;
  /** What the server did not want. */
  notice = '';
  listener: ChatListener = { changed: () => undefined, ended: () => undefined };
  private readonly rooms = new Map<string, Room>();
  private readonly client: PageClient;
  private readonly remote: RemoteInterface<Rooms>;
  private readonly outbox: Outbox;

  constructor(
    url: string,
    readonly me: string,
  ) {
    // The guard knows the user by the cookie that the browser sends along.
    const client = createClient({
      url,
      app: 'chat@^2.0.0',
      heartbeatInterval: 5000,
      // What is written has an outbox of its own.
      resumeTimeoutMs: 3000,
      reconnect: { minDelayMs: 300, maxDelayMs: 5000 },
    });
    this.client = client;
    this.remote = client.proxy<Rooms>('rooms');
    client.fromEvent<Said>('rooms', 'said', (said) => this.hear(said));
    client.fromEvent<[string, string[]]>('rooms', 'people', ([room, people]) => this.see(room, people));
    client.fromEvent<string>('rooms', 'opened', (name) => this.addName(name));
    client.on('status', () => this.listener.changed());
    client.on('error', () => undefined);
    client.on('reconnect', (isResumed) => void (isResumed ? this.outbox.run() : this.begin()));
    client.on('refused', () => this.listener.ended('The server does not let you in any more.'));
    this.outbox = new Outbox(`chat outbox of ${me}`, {
      get isOnline() {
        return client.status === 'connected';
      },
      say: ({ id, room, text }) => this.remote.say(room, text, id),
      changed: () => this.listener.changed(),
      refused: (draft) => this.refuse(draft),
    });
    for (const name of this.outbox.rooms) this.roomOf(name);
    this.current = this.roomOf(FIRST_ROOM);
  }

  get status(): Status {
    const { client } = this;
    if (client.status === 'connected') return 'online';
    return this.nextTryInMs > SOON_MS ? 'offline' : 'reconnecting';
  }

  /** How long it is until the next attempt to connect. */
  get nextTryInMs(): number {
    return this.client.retryInMs ?? 0;
  }

  /** Connects for the first time, by one attempt. */
  async start(): Promise<void> {
    await this.client.connect();
    void this.begin();
  }

  stop(): void {
    void this.client.close();
  }

  tryNow(): void {
    this.client.wake();
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
      for (const name of await this.client.proxy<Lobby>('lobby').rooms()) this.addName(name);
    } catch {
      // The connection is lost again. If the session is lost with it, all of this begins anew.
    }
    await this.outbox.run();
  }

  private async join(room: Room): Promise<void> {
    room.early ??= [];
    try {
      room.people = await this.remote.join(room.name);
      const history: Said[] = [];
      for await (const said of this.client.stream<Said>('rooms', 'history', room.name)) history.push(said);
      const { early } = room;
      room.early = undefined;
      for (const said of [...history, ...early]) this.add(room, said);
    } catch (error) {
      if (isRefusal(error)) this.notice = `You cannot enter ${room.name}.`;
      else await this.joinAgain(room);
    }
    this.listener.changed();
  }

  /** An answer was lost with the connection. Where the session is lost with it, `begin` asks again for all rooms. */
  private async joinAgain(room: Room): Promise<void> {
    await pause();
    if (this.client.status === 'connected') await this.join(room);
  }

  private hear(said: Said): void {
    const room = this.roomOf(said.room);
    if (room.early) room.early.push(said);
    else this.add(room, said);
    this.listener.changed();
  }

  /** Somebody has come, or has left for good. */
  private see(name: string, people: string[]): void {
    this.roomOf(name).people = people;
    this.listener.changed();
  }

  private add(room: Room, said: Said): void {
    if (room.said.some(({ id }) => id === said.id)) return;
    room.said.push(said);
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
