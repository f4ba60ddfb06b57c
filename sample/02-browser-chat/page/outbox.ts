import { RemoteError } from 'nestjs-jstp/browser';

/** Something that was written and is not known to have been heard. */
export interface Draft {
  /** Given here, so that the server knows a second try of the same message. */
  readonly id: string;
  readonly room: string;
  readonly text: string;
}

const PAUSE_MS = 200;

interface OutboxLink {
  readonly isOnline: boolean;
  /** Says it; rejected where nobody knows whether it was heard. */
  say(draft: Draft): Promise<unknown>;
  changed(): void;
  /** The server does not want it. */
  refused(draft: Draft): void;
}

/** What was written, in its order, until the server has it. It outlives a reload of the page. */
export class Outbox {
  private drafts: Draft[];
  private isRunning = false;

  constructor(
    private readonly key: string,
    private readonly link: OutboxLink,
  ) {
    this.drafts = JSON.parse(sessionStorage.getItem(key) ?? '[]') as Draft[];
  }

  /** What waits to be said in a room. */
  of(room: string): Draft[] {
    return this.drafts.filter((draft) => draft.room === room);
  }

  /** The rooms that something waits for. */
  get rooms(): string[] {
    return [...new Set(this.drafts.map((draft) => draft.room))];
  }

  add(room: string, text: string): void {
    this.drafts.push({ id: newId(), room, text });
    this.store();
    void this.run();
  }

  /** Says one after the other, while there is a connection. */
  async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      let draft: Draft | undefined;
      while (this.link.isOnline && (draft = this.drafts.at(0))) await this.say(draft);
    } finally {
      this.isRunning = false;
    }
  }

  private async say(draft: Draft): Promise<void> {
    try {
      await this.link.say(draft);
    } catch (error) {
      // Not known whether it was heard: the next turn says it again, and the id keeps it from being heard twice.
      if (!isRefusal(error)) {
        await pause();
        return;
      }
      this.link.refused(draft);
    }
    this.drafts = this.drafts.filter(({ id }) => id !== draft.id);
    this.store();
  }

  private store(): void {
    sessionStorage.setItem(this.key, JSON.stringify(this.drafts));
    this.link.changed();
  }
}

/** `crypto.randomUUID` is there on secure pages only, which one in the local network is not. */
function newId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');
}

/** Lets a moment pass before something is tried again. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** Whether the server has answered with a no; otherwise the connection is to blame. */
export function isRefusal(error: unknown): boolean {
  return error instanceof RemoteError && error.code > 0;
}
