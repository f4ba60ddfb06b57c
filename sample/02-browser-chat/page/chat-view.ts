import type { Chat, Said } from './chat.js';
import { byId, make } from './dom.js';
import type { Draft } from './outbox.js';

const STATUS_TEXTS = { online: 'Online', reconnecting: 'Reconnecting…', offline: 'Offline' };
const SECOND_MS = 1000;
const HUE_STEP = 67;
/** Who is so near to the end of the list wants to see what comes next. */
const NEAR_PX = 80;

/** The chat on the page. */
export class ChatView {
  private readonly section = byId('chat', HTMLElement);
  private readonly status = byId('status', HTMLElement);
  private readonly statusText = byId('status-text', HTMLElement);
  private readonly title = byId('room-name', HTMLElement);
  private readonly people = byId('people', HTMLElement);
  private readonly roomList = byId('rooms', HTMLElement);
  private readonly scroller = byId('scroller', HTMLElement);
  private readonly saidList = byId('said', HTMLElement);
  private readonly draftList = byId('drafts', HTMLElement);
  private readonly empty = byId('empty', HTMLElement);
  private readonly strip = byId('strip', HTMLElement);
  private readonly stripText = byId('strip-text', HTMLElement);
  private readonly notice = byId('notice', HTMLElement);
  private readonly text = byId('text', HTMLTextAreaElement);
  private readonly newRoom = byId('new-room', HTMLInputElement);
  private readonly ending = new AbortController();
  private readonly clock: number;
  private shownRoom = '';
  private shownCount = 0;
  private isScheduled = false;

  constructor(
    private readonly chat: Chat,
    leave: () => void,
  ) {
    byId('me', HTMLElement).textContent = chat.me;
    this.listen(byId('leave', HTMLElement), 'click', leave);
    this.listen(byId('try-now', HTMLElement), 'click', () => chat.tryNow());
    this.listen(document, 'visibilitychange', () => {
      if (!document.hidden) chat.read();
    });
    this.listenToForms();
    // Seconds until the next attempt are shown.
    this.clock = setInterval(() => this.renderStatus(), SECOND_MS);
    this.section.hidden = false;
    this.render();
    this.text.focus();
  }

  /** Gives the page back. */
  leave(): void {
    this.ending.abort();
    clearInterval(this.clock);
    this.section.hidden = true;
    this.saidList.replaceChildren();
  }

  /** Renders once, however much changes at once. */
  scheduleRender(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      if (!this.ending.signal.aborted) this.render();
    });
  }

  private listenToForms(): void {
    const { chat, text, newRoom } = this;
    const say = (event: Event): void => {
      event.preventDefault();
      const written = text.value.trim();
      text.value = '';
      if (written) chat.say(written);
      this.scroller.scrollTop = this.scroller.scrollHeight;
      text.focus();
    };
    this.listen(byId('say-form', HTMLElement), 'submit', say);
    this.listen(text, 'keydown', (event) => {
      const { key, shiftKey, isComposing } = event as KeyboardEvent;
      if (key === 'Enter' && !shiftKey && !isComposing) say(event);
    });
    this.listen(byId('new-room-form', HTMLElement), 'submit', (event) => {
      event.preventDefault();
      const name = newRoom.value.trim().toLowerCase();
      newRoom.value = '';
      if (name) chat.enter(name);
    });
  }

  private listen(target: EventTarget, type: string, listener: (event: Event) => void): void {
    target.addEventListener(type, listener, { signal: this.ending.signal });
  }

  private render(): void {
    const { chat } = this;
    const { current } = chat;
    this.renderStatus();
    this.renderRooms();
    this.title.textContent = current.name;
    this.people.textContent = current.people.length > 0 ? current.people.join(', ') : 'nobody yet';
    this.notice.textContent = chat.notice;
    this.renderMessages();
    const unread = chat.names.reduce((sum, name) => sum + chat.unreadIn(name), 0);
    document.title = unread > 0 ? `(${unread}) Chat` : 'Chat';
  }

  private renderStatus(): void {
    const { status, nextTryInMs } = this.chat;
    this.status.dataset.state = status;
    setText(this.statusText, STATUS_TEXTS[status]);
    this.strip.hidden = status === 'online';
    if (status !== 'offline') {
      setText(this.stripText, 'The connection is being made again. You can go on writing.');
      return;
    }
    const seconds = Math.ceil(nextTryInMs / SECOND_MS);
    setText(
      this.stripText,
      `No connection. What you write is kept and sent later. Next try in ${seconds} s.`,
    );
  }

  private renderRooms(): void {
    const { chat } = this;
    const focused = document.activeElement?.getAttribute('data-room');
    this.roomList.replaceChildren(
      ...chat.names.map((name) => {
        const button = make('button', 'room', make('span', 'room-label', name));
        button.type = 'button';
        button.dataset.room = name;
        if (name === chat.current.name) button.setAttribute('aria-current', 'true');
        const unread = chat.unreadIn(name);
        if (unread > 0) {
          const badge = make('span', 'badge', String(unread));
          badge.setAttribute('aria-label', `${unread} unread`);
          button.append(badge);
        }
        button.addEventListener('click', () => chat.enter(name));
        return make('li', '', button);
      }),
    );
    if (focused) this.roomList.querySelector<HTMLElement>(`[data-room="${CSS.escape(focused)}"]`)?.focus();
  }

  private renderMessages(): void {
    const { current, drafts, me } = this.chat;
    const { scroller } = this;
    const isNewRoom = current.name !== this.shownRoom;
    const isAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
    if (isNewRoom) {
      this.saidList.replaceChildren();
      this.shownRoom = current.name;
      this.shownCount = 0;
    }
    // Only what is new is added, so that it is read out once, and a selection stays.
    for (const [index, said] of [...current.said.entries()].slice(this.shownCount)) {
      this.saidList.append(saidItem(said, me, current.said[index - 1]));
    }
    this.shownCount = current.said.length;
    this.draftList.replaceChildren(...drafts.map(draftItem));
    this.empty.hidden = current.said.length + drafts.length > 0;
    if (isNewRoom || isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  }
}

function saidItem(said: Said, me: string, before: Said | undefined): HTMLElement {
  const isMine = said.who === me;
  const item = make('li', isMine ? 'message mine' : 'message');
  item.dataset.id = said.id;
  if (before?.who === said.who) item.classList.add('follows');
  const time = make(
    'time',
    '',
    new Date(said.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }),
  );
  time.dateTime = new Date(said.at).toISOString();
  const who = make('span', isMine ? 'who visually-hidden' : 'who', said.who);
  item.style.setProperty('--hue', String(hueOf(said.who)));
  const face = make('span', 'face', said.who.slice(0, 1).toUpperCase());
  face.ariaHidden = 'true';
  item.append(face, make('div', 'bubble', who, make('p', 'text', said.text), time));
  return item;
}

function draftItem(draft: Draft): HTMLElement {
  const waits = make('span', 'waits', 'waiting to be sent');
  const item = make('li', 'message mine draft', make('div', 'bubble', make('p', 'text', draft.text), waits));
  item.dataset.id = draft.id;
  return item;
}

function hueOf(name: string): number {
  let sum = 0;
  for (const character of name) sum += character.codePointAt(0) ?? 0;
  return (sum * HUE_STEP) % 360;
}

/** A live region that is set to what it says already would be read out again. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
