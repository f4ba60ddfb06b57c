import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { Closing } from '../support/closing.js';
import { waitFor, within } from '../support/wait-for.js';
import { SocketEnd, WebSocketEnd, type PlayedEnd } from './wire-ends.js';
import type { Step, TransportEvent, WireExample } from './wire-example.js';
import type { RealPeer } from './wire-peers.js';

const HOST = '127.0.0.1';
const SUBPROTOCOL = 'metarhia-jstp';

/** What stands for a value that differs each time: what it may be, and what the played side says. */
const PLACEHOLDERS: Readonly<Record<string, readonly [pattern: string, played: string]>> = {
  '%session%': [
    '[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}',
    '00112233445566778899aabbccddeeff',
  ],
  '%who%': ['[0-9]{1,10}', '4711'],
};

/** Accepts the transports of a real client. */
export class PlayedServer {
  port = 0;
  readonly ends: PlayedEnd[] = [];

  async listen(closing: Closing, isWebSocket: boolean): Promise<void> {
    const sockets = new Set<Socket>();
    const listener = isWebSocket ? createHttpServer() : createServer();
    listener.on('connection', (socket: Socket) => {
      sockets.add(socket);
      if (!isWebSocket) this.ends.push(new SocketEnd(socket));
    });
    if (isWebSocket) {
      const upgrader = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
      listener.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        upgrader.handleUpgrade(request, socket, head, (webSocket) => {
          this.ends.push(new WebSocketEnd(webSocket));
        });
      });
    }
    await within(new Promise<void>((resolve) => listener.listen(0, HOST, resolve)), 'a listener');
    this.port = (listener.address() as AddressInfo).port;
    closing.add(async () => {
      for (const socket of sockets) socket.destroy();
      await within(new Promise<void>((resolve) => listener.close(() => resolve())), 'the end of a listener');
    });
  }
}

/** Opens a transport to a real server. */
export async function dialPlayed(closing: Closing, port: number, isWebSocket: boolean): Promise<PlayedEnd> {
  if (isWebSocket) {
    const webSocket = new WebSocket(`ws://${HOST}:${String(port)}/`, SUBPROTOCOL);
    closing.add(() => webSocket.terminate());
    return new WebSocketEnd(webSocket).opened();
  }
  const socket = connect({ port, host: HOST, allowHalfOpen: true });
  closing.add(() => socket.destroy());
  return new SocketEnd(socket).opened();
}

/** Replays one example: plays the side that is not real, and compares what the real one sends. */
export class Replay {
  /** The played side's ends of all transports. */
  private readonly ends: PlayedEnd[] = [];
  /** Which of them the steps are about. */
  private present = -1;
  private readonly known = new Map<string, string>();

  /**
   * @param peer the real side
   * @param open gives the played side's end of the next transport
   */
  constructor(
    private readonly example: WireExample,
    private readonly peer: RealPeer,
    private readonly open: () => Promise<PlayedEnd>,
  ) {}

  async run(): Promise<void> {
    const { steps } = this.example;
    const first = steps.findIndex(({ kind }) => kind === 'message');
    for (const [index, step] of steps.entries()) {
      if (index === first && this.ends.length === 0) await this.connect();
      try {
        await this.take(step);
      } catch (error) {
        if (error instanceof Error) error.message = `docs/protocol.md:${String(step.line)}: ${error.message}`;
        throw error;
      }
    }
    await this.finish();
  }

  private take(step: Step): Promise<void> | void {
    switch (step.kind) {
      case 'message':
        if (step.from === this.peer.side) return this.compare(step.text);
        this.play(step.text);
        return undefined;
      case 'transport':
        return this.move(step.from === this.peer.side, step.event);
      case 'turn':
        this.present = this.ends.length - (step.to === 'new' ? 1 : 2);
        return undefined;
      case 'cut':
        this.played.cut();
        return this.peer.seenCut();
      case 'program':
        return step.side === this.peer.side ? this.peer.act(step.words) : undefined;
    }
  }

  private get played(): PlayedEnd {
    const end = this.ends.at(this.present);
    if (this.present < 0 || !end) throw new Error('There is no transport');
    return end;
  }

  private async connect(): Promise<void> {
    this.present = this.ends.push(await this.open()) - 1;
  }

  private play(text: string): void {
    const filled = text.replace(/%\w+%/g, (name) => this.known.get(name) ?? this.invent(name));
    this.played.write(filled);
  }

  private invent(name: string): string {
    const [, value] = PLACEHOLDERS[name];
    this.known.set(name, value);
    return value;
  }

  private async compare(text: string): Promise<void> {
    for (const expected of this.messagesOf(text)) {
      const { messages } = this.played;
      await waitFor(
        () => messages.length > 0 || this.played.hasEnded,
        `the ${this.peer.side} to send ${expected}`,
      );
      const got = messages.shift();
      expect(this.named(got ?? '(ends)', expected)).toBe(expected);
    }
  }

  /** The messages of a line, each of which has its end. */
  private messagesOf(text: string): readonly string[] {
    if (this.example.isWebSocket) return [text];
    if (!text.endsWith('\\0')) throw new Error('A message of the real side has to end with \\0');
    return text.split('\\0').slice(0, -1);
  }

  /** What came, with the names of the placeholders in the place of their values. */
  private named(got: string, expected: string): string {
    const names = expected.match(/%\w+%/g) ?? [];
    const pattern = names.reduce(
      (text, name) => text.replace(name, `(${this.known.get(name) ?? PLACEHOLDERS[name][0]})`),
      expected.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`),
    );
    const values = new RegExp(`^${pattern}$`).exec(got)?.slice(1);
    if (!values) return got;
    for (const [index, name] of names.entries()) this.known.set(name, values[index]);
    return expected;
  }

  private async move(isOfPeer: boolean, event: TransportEvent): Promise<void> {
    if (event === 'connects') await this.connect();
    else if (isOfPeer) {
      await waitFor(() => this.played.hasEnded, `the ${this.peer.side} to end the transport`);
      expectNothing(this.played);
    } else this.played.finish();
  }

  /** The example is over: nothing else was sent. */
  private async finish(): Promise<void> {
    for (const end of this.ends) {
      if (!end.hasEnded) end.finish();
      await waitFor(() => end.hasEnded, 'the end of a transport');
      expectNothing(end);
    }
  }
}

function expectNothing({ messages, rest }: PlayedEnd): void {
  expect({ further: messages, rest }).toEqual({ further: [], rest: '' });
}
