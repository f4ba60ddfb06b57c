import { parse } from '../mdsf/index.js';
import type { Limits } from '../protocol/limits.js';
import { ERR_NOT_CONNECTED } from '../protocol/error-codes.js';
import { HEARTBEAT_TEXT } from '../protocol/format-message.js';
import { JstpError } from '../protocol/jstp-error.js';
import type { Message } from '../protocol/message.js';
import { maskSecrets } from '../protocol/mask-secrets.js';
import { parseMessage } from '../protocol/parse-message.js';
import { RemoteError } from '../protocol/remote-error.js';
import { isThenable } from '../util/callback.js';
import { runInRootContext } from '../util/async-context.js';
import { EventEmitter, reportRejection, SAFE_EMIT, type ArgumentsOf } from '../util/event-emitter.js';
import { isProduction, reportUnhandledError } from '../util/host.js';
import { isSystemError } from '../util/errors.js';
import type { LogEmitter } from './client-options.js';
import type { ConnectionEvents, LogEvent } from './connection-events.js';
import { NEW, type ConnectionState } from './connection-state.js';
import { ReadAhead } from './read-ahead.js';
import type { Transport } from './transport.js';

/**
 * The lower half of a connection: its transport and state, messages in and out as text, log events. What
 * the messages mean is {@link Connection}'s.
 */
export abstract class Link extends EventEmitter<ConnectionEvents> {
  /** The peer's address; undefined where the transport knows none. */
  remoteAddress: string | undefined;
  /** The transport in use; null while the line is down. */
  protected transport: Transport | null = null;
  private currentState: ConnectionState = NEW;
  /** What has come while nothing is served; undefined while all is. */
  private readAhead: ReadAhead | undefined;

  protected constructor(
    /** The caps and timeouts in force. */
    readonly limits: Limits,
    private readonly logger: LogEmitter | undefined,
  ) {
    super();
  }

  /** Where the connection is in its life. */
  get state(): ConnectionState {
    return this.currentState;
  }

  /** Whether the handshake of the present link is done. */
  get handshakeDone(): boolean {
    return this.currentState.name === 'open';
  }

  /** @internal Whether messages flow now. */
  get isOpen(): boolean {
    return this.currentState.name === 'open';
  }

  /** @internal Whether the connection has ended. */
  get isClosed(): boolean {
    return this.currentState.name === 'closed';
  }

  /** The one place where the state changes. */
  protected setState(state: ConnectionState): void {
    this.currentState = state;
  }

  /** @internal Takes a fresh transport; the handshake comes next. */
  attach(transport: Transport): void {
    this.transport = transport;
    this.remoteAddress = transport.remoteAddress;
    this.setState(NEW);
    transport.receiver = this;
  }

  /** @internal Gives the transport away; what is unread of it goes with it. */
  detach(): Transport | null {
    const { transport } = this;
    if (transport) transport.receiver = null;
    this.dropReadAhead();
    this.transport = null;
    return transport;
  }

  /** @internal One message of the transport. */
  receiveMessage(data: Uint8Array | string): void {
    runInRootContext(receive, this, data);
  }

  /** @internal The same, in nobody's context. */
  serveMessage(data: Uint8Array | string): void {
    const { transport } = this;
    if (!transport) return;
    if (this.readAhead?.take(data)) return;
    let message: Message;
    try {
      message = parseMessage(data, transport.decoder, this.limits);
    } catch (error) {
      if (!this.isOfNoConcern(error)) this.failProtocol(error);
      else if (this.isLogged('messageRejected'))
        this.log('messageRejected', toObject(data, transport, this.limits.maxDepth));
      return;
    }
    if (this.isLogged('incomingMessage') && !isProduction())
      this.log('incomingMessage', toObject(data, transport, this.limits.maxDepth));
    try {
      if (message.kind === 'empty') this.log('heartbeat', {});
      else if (!this.handle(message) && this.isLogged('messageRejected'))
        this.log('messageRejected', toObject(data, transport, this.limits.maxDepth));
    } catch (error) {
      // What a callback of the user threw; the peer's next message must still be handled.
      this.reportError(error);
    }
  }

  /** @internal The transport's last word. */
  transportClosed(error: Error | undefined): void {
    runInRootContext(closed, this, error);
  }

  /** @internal The same, in nobody's context. */
  serveEnd(error: Error | undefined): void {
    const { readAhead } = this;
    readAhead?.finish();
    this.readAhead = undefined;
    this.transport = null;
    // A line that breaks is the network's everyday life: told to who listens, and to nobody else.
    if (error) this.tell(error);
    this.lost();
  }

  /** @internal Writes a text if there is a link. */
  write(text: string): void {
    this.writeNow(text);
  }

  /** Writes a text whatever is waiting to be written. */
  protected writeNow(text: string): void {
    const { transport } = this;
    if (!transport) return;
    transport.send(text);
    if (this.isLogged('outgoingMessage') && !isProduction())
      this.log('outgoingMessage', maskSecrets(parse(text)));
  }

  /** The socket (or WebSocket) of the present link; undefined while there is none. */
  getTransport(): unknown {
    return this.transport?.getRawTransport();
  }

  /** The peer's certificate as Node's `getPeerCertificate()` gives it; undefined without TLS. */
  getPeerCertificate(): unknown {
    return this.transport?.getPeerCertificate?.();
  }

  /** @internal Writes a message that has no number of its own; dropped while the line is down. */
  sendUnnumbered(text: string): void {
    if (this.isOpen) this.write(text);
  }

  /** @internal Stops or goes on serving what the peer sends. */
  holdServing(hold: boolean): void {
    if (hold) {
      if (!this.transport) return;
      this.readAhead ??= new ReadAhead(this, this.limits.journalMaxBytes);
      this.readAhead.hold();
      return;
    }
    const { readAhead } = this;
    if (!readAhead?.release() || readAhead !== this.readAhead) return;
    this.readAhead = undefined;
    readAhead.goOn();
  }

  /** @internal Whether a pong could not be seen, because so much is unread. */
  get isDeaf(): boolean {
    return this.readAhead?.isDeaf === true;
  }

  /** @internal Reads a message without acting on it; undefined: it breaks the protocol. */
  peek(data: Uint8Array | string): Message | undefined {
    try {
      return parseMessage(data, this.transport?.decoder ?? null, this.limits);
    } catch {
      // Said when its turn comes.
      return undefined;
    }
  }

  /** @internal Whether a message belongs to what is under way, and need not wait for what came before it. */
  abstract mayOvertake(message: Message): boolean;

  /** @internal Whether the peer sends again, on its next link, what was not counted. */
  abstract readonly keepsAnswers: boolean;

  /** @internal Stops or goes on taking bytes from the transport. */
  holdReading(hold: boolean): void {
    if (hold) this.transport?.pause();
    else this.transport?.resume();
  }

  /** @internal Writes something that every peer ignores. */
  probe(): void {
    this.transport?.send(HEARTBEAT_TEXT);
  }

  /** @internal Whether part of a message has moved over the line since the last question. */
  async hasMoved(): Promise<boolean> {
    return (await this.transport?.hasMoved?.()) ?? false;
  }

  /** Ends the link; nothing that comes, or has come, is served any more. */
  protected endTransport(): void {
    this.dropReadAhead();
    this.transport?.end();
  }

  private dropReadAhead(): void {
    this.readAhead?.drop();
    this.readAhead = undefined;
  }

  /** @internal The heartbeat had no pong in time. */
  peerSilent(): void {
    this.transport?.destroy(new RemoteError(ERR_NOT_CONNECTED, 'The peer does not answer pings'));
  }

  /** @internal Ends the link without an answer: the peer broke the protocol. */
  failProtocol(error: unknown): void {
    this.dropReadAhead();
    this.transport?.destroy(error instanceof Error ? error : undefined);
  }

  /** @internal Whether somebody listens for a log event. */
  isLogged(event: LogEvent): boolean {
    return this.listenerCount(event) > 0 || this.logger !== undefined;
  }

  /** @internal Emits a log event: to the client's logger if there is one, else here. */
  log<Event extends LogEvent>(event: Event, ...args: ArgumentsOf<ConnectionEvents, Event>): void {
    const { logger } = this;
    if (logger) {
      this.guard(() => logger.emit(event, ...args));
    } else this[SAFE_EMIT](event, args, this);
  }

  /** @internal Emits an event of the life of the connection. What a listener throws is reported, and changes nothing. */
  announce<Event extends keyof ConnectionEvents>(
    event: Event,
    ...args: ArgumentsOf<ConnectionEvents, Event>
  ): void {
    this[SAFE_EMIT](event, args, this);
  }

  /** @internal Runs the user's code; what it throws is reported and goes no further. */
  guard(run: () => unknown): void {
    try {
      const outcome = run();
      if (isThenable(outcome)) reportRejection(outcome, this);
    } catch (error) {
      this.reportError(error);
    }
  }

  /** @internal Reports an error of the user's code: it never vanishes and never ends the process. */
  reportError(error: unknown): void {
    const shown = isSystemError(error) ? ofTheApplication(error) : error;
    if (!this.tell(shown))
      reportUnhandledError('error in an application (listen for a connection\'s "error")', shown);
  }

  /** Tells an error to those who listen; answers whether somebody does. */
  protected abstract tell(error: unknown): boolean;

  /** Whether a message that breaks the protocol is of a kind that this link does not know. */
  protected abstract isOfNoConcern(error: unknown): boolean;

  /** Handles a message other than `{}`; answers whether it was expected. */
  protected abstract handle(message: Message): boolean;

  /** The transport is gone. */
  protected abstract lost(): void;
}

/** A file's or another socket's error must not look like an error of this link. */
function ofTheApplication(error: Error): JstpError {
  return new JstpError('ERR_JSTP_APPLICATION', `A system error in the application: ${error.message}`, {
    cause: error,
  });
}

/** The message as the plain object that log listeners get; as deep as it was received. */
function toObject(data: Uint8Array | string, transport: Transport, maxDepth: number): unknown {
  const text = typeof data === 'string' ? data : (transport.decoder?.utf8Slice(data, 0, data.length) ?? '');
  return maskSecrets(parse(text, { maxDepth }));
}

function receive(link: Link, data: Uint8Array | string): void {
  link.serveMessage(data);
}

function closed(link: Link, error: Error | undefined): void {
  link.serveEnd(error);
}
