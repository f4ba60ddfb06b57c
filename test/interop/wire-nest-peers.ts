import { Controller } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Payload, RpcException, type MicroserviceOptions } from '@nestjs/microservices';
import type { Subscription } from 'rxjs';
import { Arg, JstpClient, JstpServer } from '../../lib/index.js';
import type { Closing } from '../support/closing.js';
import { moduleOf, QUIET } from '../support/nest-app.js';
import { argumentsOf, Outcomes, Sentences, TARGET, type RealPeer } from './wire-peers.js';

const HOST = '127.0.0.1';

@Controller()
class Rooms {
  @MessagePattern('rooms.join')
  join(@Payload() name: string): string {
    if (name !== 'lobby') throw new RpcException({ status: 'error', message: 'No such room', code: 1404 });
    return 'welcome';
  }

  @MessagePattern('rooms.last')
  last(@Arg(0) room: string, @Arg(1) count: number): string {
    return `${String(count)} of ${room}`;
  }

  @MessagePattern(17)
  seventeen(): string {
    return 'seventeen';
  }
}

/** A server of the Nest layer. */
export class RealNestServer implements RealPeer {
  readonly side = 'server';
  port = 0;

  constructor(private readonly closing: Closing) {}

  async listen(): Promise<void> {
    const strategy = new JstpServer({ host: HOST, port: 0, heartbeatInterval: 0 });
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(
      moduleOf({ controllers: [Rooms] }),
      {
        strategy,
        ...QUIET,
      },
    );
    this.closing.add(() => app.close());
    await app.listen();
    ({ port: this.port } = strategy.unwrap().address() as { port: number });
  }

  act(words: string): Promise<void> {
    return new Sentences().act(words);
  }

  seenCut(): Promise<void> {
    throw new Error('No example cuts a server of the Nest layer');
  }
}

/** A client of the Nest layer. */
export class RealNestClient implements RealPeer {
  readonly side = 'client';
  private readonly sentences = new Sentences();
  private readonly outcomes = new Outcomes();
  private readonly client: JstpClient;
  private subscription: Subscription | undefined;

  constructor(closing: Closing, port: number) {
    this.client = new JstpClient({ host: HOST, port, app: 'app', heartbeatInterval: 0, reconnect: false });
    this.client.on('error', () => undefined);
    closing.add(() => this.client.close());
    this.program();
  }

  act(words: string): Promise<void> {
    return this.sentences.act(words);
  }

  seenCut(): Promise<void> {
    throw new Error('No example cuts a client of the Nest layer');
  }

  private program(): void {
    const { client, outcomes, sentences } = this;
    sentences
      .on(/^connects$/, () => void client.connect().catch(() => undefined))
      .on(/^sends the pattern (.+) with (.+)$/, ([, pattern, data]) =>
        this.send(argumentsOf(pattern)[0], data),
      )
      .on(new RegExp(`^sends ${TARGET}$`), ([, iface, method, data]) => this.send(`${iface}.${method}`, data))
      .on(/^unsubscribes$/, () => this.subscription?.unsubscribe())
      .on(/^closes$/, () => void client.close());
    outcomes.sentences(sentences);
  }

  private send(pattern: unknown, data: string): void {
    const { outcomes } = this;
    this.subscription = this.client.send(pattern, argumentsOf(data)[0]).subscribe({
      next: outcomes.value,
      error: outcomes.done,
      complete: () => outcomes.done(null),
    });
  }
}
