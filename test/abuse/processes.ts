import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import type {
  AttackReport,
  ClientReport,
  FromAttacker,
  FromClient,
  FromServer,
  ServerSample,
  Target,
  ToAttacker,
  ToClient,
} from './conversation.js';

/** How long a process may take to answer. Far beyond what a busy machine needs. */
const ANSWER_LIMIT_MS = 60_000;

type Message = FromServer | FromClient | FromAttacker;

/** A process of a run. */
export class Program {
  private readonly child: ChildProcess;
  private readonly waiting = new Set<{ answer: (message: Message) => void; fail: (error: Error) => void }>();
  /** Why it has ended; undefined while it runs. */
  end: string | undefined;
  onMessage: (message: Message) => void = () => undefined;

  constructor(folder: string, name: string, execArgv: readonly string[] = [], args: readonly string[] = []) {
    // Not for the server: Node reads the map with the first stack of an error, and all clients wait meanwhile.
    const maps = execArgv.length === 0 ? ['--enable-source-maps'] : [];
    this.child = fork(path.join(folder, `${name}.mjs`), args, { execArgv: [...maps, ...execArgv] });
    this.child.on('message', (message: Message) => {
      this.onMessage(message);
      for (const { answer } of this.waiting) answer(message);
    });
    this.child.on('exit', (code, signal) => {
      this.end = `${name} has ended: ${signal ?? `exit code ${String(code)}`}`;
      for (const { fail } of this.waiting) fail(new Error(this.end));
    });
  }

  say(message: ToClient | ToAttacker): void {
    if (this.child.connected) this.child.send(message);
  }

  /** Waits for the next message of a kind. */
  async next<Kind extends Message['kind']>(kind: Kind): Promise<Extract<Message, { kind: Kind }>> {
    if (this.end !== undefined) throw new Error(this.end);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiter.fail(new Error(`Waited in vain for "${kind}"`)), ANSWER_LIMIT_MS);
      const waiter = {
        answer: (message: Message): void => {
          if (message.kind !== kind) return;
          done();
          resolve(message as Extract<Message, { kind: Kind }>);
        },
        fail: (error: Error): void => {
          done();
          reject(error);
        },
      };
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(waiter);
      };
      this.waiting.add(waiter);
    });
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** The server under attack, and the latest and largest of what it tells of itself. */
export class AbusedServer {
  last: ServerSample | undefined;
  private peakRss = 0;

  private constructor(
    private readonly program: Program,
    readonly target: Target,
  ) {
    program.onMessage = (message) => {
      if (message.kind !== 'sample') return;
      this.last = message;
      this.peakRss = Math.max(this.peakRss, message.rss);
    };
  }

  static async start(folder: string, execArgv: readonly string[]): Promise<AbusedServer> {
    const program = new Program(folder, 'server-program', execArgv);
    const { target } = await program.next('listens');
    return new AbusedServer(program, target);
  }

  /** Why it is dead; undefined: it lives. */
  get end(): string | undefined {
    return this.program.end;
  }

  /** The next thing that it tells of itself. */
  sample(): Promise<ServerSample> {
    return this.program.next('sample');
  }

  /** The most memory since it was asked last. */
  takePeakRss(): number {
    const peak = this.peakRss;
    this.peakRss = 0;
    return peak;
  }

  kill(): void {
    this.program.kill();
  }
}

/** The client whose calls are measured. */
export class GoodClient {
  private constructor(private readonly program: Program) {}

  static async start(folder: string, target: Target): Promise<GoodClient> {
    const program = new Program(folder, 'client-program');
    program.say({ kind: 'begin', target });
    await program.next('ready');
    return new GoodClient(program);
  }

  /** What it has seen since it was asked last. */
  async report(): Promise<ClientReport> {
    const report = this.program.next('report');
    this.program.say({ kind: 'tell' });
    return report;
  }

  kill(): void {
    this.program.kill();
  }
}

/** The process of one attacker. */
export class AttackerProcess {
  /** Resolves when it can begin. */
  readonly started: Promise<unknown>;
  private readonly program: Program;

  constructor(folder: string, index: number) {
    this.program = new Program(folder, 'attacker-program', [], [String(index)]);
    this.started = this.program.next('ready');
  }

  begin(target: Target, seed: number, share: number): void {
    this.program.say({ kind: 'begin', target, seed, share });
  }

  async stop(): Promise<AttackReport> {
    const report = this.program.next('attacked');
    this.program.say({ kind: 'stop' });
    return report;
  }

  kill(): void {
    this.program.kill();
  }
}
