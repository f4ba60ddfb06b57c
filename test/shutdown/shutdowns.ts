import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { defaultIfEmpty, lastValueFrom } from 'rxjs';
import { JstpClient } from '../../lib/index.js';
import { bundleProgram, killProgram, startProgram } from '../support/bundled-program.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK, reservedPort } from '../support/ports.js';
import { takesTime } from '../support/quiet.js';
import { waitFor, within } from '../support/wait-for.js';
import { STREAM_VALUES, type Protocol, type ServerSettings } from './settings.js';

const CLIENTS = 4;
/** How many calls each client has under way. */
const CALLERS = 8;
const EVENT_EVERY_MS = 5;
const AFTER_FAILURE_MS = 20;
/** How many calls are answered between two shutdowns, at least. */
const CALLS_BETWEEN = 100;
const START_LIMIT_MS = 60_000;
/** The time of calls is 10 s, and that of handlers that were told to stop 5 s. */
const EXIT_LIMIT_MS = 40_000;

/** What became of the calls, events and streams of some shutdowns under load. */
export interface ShutdownReport {
  readonly protocol: Protocol;
  readonly times: number;
  readonly calls: number;
  readonly streams: number;
  readonly events: number;
  /** Calls and streams that failed, by their errors. */
  readonly lost: ReadonlyMap<string, number>;
  readonly lostCount: number;
  /** Events that were sent without an error, and that no server ran. */
  readonly eventsLost: number;
  /** Calls, streams and events that ran more than once. */
  readonly ranTwice: number;
  /** What ran on, or began, after `onApplicationShutdown`. */
  readonly ranLate: number;
  /** How many processes ended by themselves. */
  readonly exits: number;
  /** From the signal to the end of each process, in milliseconds. */
  readonly exitMs: readonly number[];
  /** The longest time in which no call was answered, around each signal. */
  readonly ms: number;
}

/** Counts what the callers get. */
class Load {
  calls = 0;
  streams = 0;
  readonly events = new Set<number>();
  readonly lost = new Map<string, number>();
  isOver = false;
  private id = 0;

  constructor(private readonly clients: readonly ClientProxy[]) {}

  async run(): Promise<void> {
    const loops = this.clients.flatMap((client) => [
      ...Array.from({ length: CALLERS }, () => this.loop((id) => this.call(client, id))),
      this.loop((id) => this.stream(client, id)),
      this.loop((id) => this.event(client, id)),
    ]);
    await Promise.all(loops);
  }

  private async loop(step: (id: number) => Promise<void>): Promise<void> {
    while (!this.isOver) {
      try {
        await step(++this.id);
      } catch (error) {
        const text = error instanceof Error ? error.message : JSON.stringify(error);
        this.lost.set(text, (this.lost.get(text) ?? 0) + 1);
        await takesTime(AFTER_FAILURE_MS);
      }
    }
  }

  private async call(client: ClientProxy, id: number): Promise<void> {
    const answer = await within(lastValueFrom(client.send<number, number>('works.slow', id)), 'an answer');
    if (answer !== id) throw new Error('A wrong answer');
    this.calls += 1;
  }

  private async stream(client: ClientProxy, id: number): Promise<void> {
    const last = await within(lastValueFrom(client.send<number, number>('works.count', id)), 'a stream');
    if (last !== STREAM_VALUES) throw new Error('A stream has lost values');
    this.streams += 1;
  }

  private async event(client: ClientProxy, id: number): Promise<void> {
    await within(
      lastValueFrom(client.emit<undefined, number>('works.told', id).pipe(defaultIfEmpty(0))),
      'a send',
    );
    this.events.add(id);
    await takesTime(EVENT_EVERY_MS);
  }
}

/** The servers, one after the other at the same port. */
class Servers {
  private readonly program: Promise<string>;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'jstp-shutdown-'));
  readonly exitMs: number[] = [];

  constructor(
    private readonly closing: Closing,
    private readonly settings: Omit<ServerSettings, 'recordFile'>,
  ) {
    closing.add(() => {
      rmSync(this.folder, { recursive: true, force: true });
    });
    this.program = bundleProgram({ file: 'test/shutdown/server-program.ts' }, closing);
  }

  /** Starts a process, which serves as soon as the port is free. */
  async start(): Promise<{ child: ChildProcess; listens: Promise<unknown> }> {
    const settings: ServerSettings = { ...this.settings, recordFile: this.recordFile };
    const child = startProgram(await this.program, [JSON.stringify(settings)], this.closing);
    await within(once(child, 'message'), 'a process', START_LIMIT_MS);
    return { child, listens: within(once(child, 'message'), 'a server that listens', START_LIMIT_MS) };
  }

  /** Ends a process by SIGTERM. */
  async end(child: ChildProcess): Promise<void> {
    const start = performance.now();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    try {
      await within(ended, 'the end of a process', EXIT_LIMIT_MS);
      this.exitMs.push(performance.now() - start);
    } catch {
      await killProgram(child);
    }
  }

  /** What ran, by kind. */
  record(): ReadonlyMap<string, readonly string[]> {
    const lines = readFileSync(this.recordFile, 'utf8').split('\n').slice(0, -1);
    const kinds = new Map<string, string[]>();
    for (const line of lines) {
      const [kind, id] = line.split(' ');
      const ids = kinds.get(kind) ?? [];
      kinds.set(kind, ids);
      ids.push(id);
    }
    return kinds;
  }

  private get recordFile(): string {
    return path.join(this.folder, 'record');
  }
}

/** Ends a server by SIGTERM under load, again and again, and lets the next one take its place. */
export async function runShutdowns(protocol: Protocol, times: number): Promise<ShutdownReport> {
  const start = performance.now();
  const closing = new Closing();
  try {
    const port = await reservedPort(closing);
    const servers = new Servers(closing, { protocol, port });
    let present = await servers.start();
    await present.listens;
    const clients = Array.from({ length: CLIENTS }, () => clientOf(protocol, port));
    for (const client of clients) closing.add(() => client.close() as unknown);
    const load = new Load(clients);
    const loaded = load.run();
    for (let time = 0; time < times; time++) {
      const next = await servers.start();
      const { calls } = load;
      await waitFor(() => load.calls >= calls + CALLS_BETWEEN, 'calls before a signal');
      await servers.end(present.child);
      await next.listens;
      present = next;
    }
    const { calls } = load;
    await waitFor(() => load.calls >= calls + CALLS_BETWEEN, 'calls after the last signal');
    load.isOver = true;
    await loaded;
    for (const client of clients) await (client.close() as unknown);
    await servers.end(present.child);
    return reportOf({ protocol, times, load, servers, ms: performance.now() - start });
  } finally {
    await closing.run();
  }
}

function clientOf(protocol: Protocol, port: number): ClientProxy {
  return protocol === 'jstp'
    ? new JstpClient({ host: LOOPBACK, port })
    : ClientProxyFactory.create({ transport: Transport.TCP, options: { host: LOOPBACK, port } });
}

interface Outcome {
  readonly protocol: Protocol;
  readonly times: number;
  readonly load: Load;
  readonly servers: Servers;
  readonly ms: number;
}

function reportOf({ protocol, times, load, servers, ms }: Outcome): ShutdownReport {
  const record = servers.record();
  const ran = ['call', 'stream', 'event'].flatMap((kind) => record.get(kind) ?? []);
  const events = new Set(record.get('event'));
  return {
    protocol,
    times,
    calls: load.calls,
    streams: load.streams,
    events: load.events.size,
    lost: load.lost,
    lostCount: [...load.lost.values()].reduce((sum, count) => sum + count, 0),
    eventsLost: [...load.events].filter((id) => !events.has(String(id))).length,
    ranTwice: ran.length - new Set(ran).size,
    ranLate: record.get('late')?.length ?? 0,
    exits: servers.exitMs.length,
    exitMs: servers.exitMs,
    ms,
  };
}
