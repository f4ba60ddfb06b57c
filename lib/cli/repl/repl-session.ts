import type { Connection } from '../../connection/connection.js';
import type {
  ApplicationDescription,
  InterfaceDescription,
} from '../../reflection/application-description.js';
import { isError } from '../../util/errors.js';
import { toLogText } from '../../util/log-text.js';
import { usageError } from '../cli-error.js';
import type { Invocation } from '../command.js';
import { printEvent } from '../actions/listen.js';
import { askDescription, interfaceOfNames, methodNames } from '../describe.js';
import { descriptionText } from '../description-text.js';
import { hangUp, serverOf, timeoutOption, type Server } from '../dial.js';
import { EventSink } from '../event-sink.js';
import { failureOf, failureText } from '../failures.js';
import { pingOnce } from '../ping-once.js';
import { reportReconnects } from '../report-reconnects.js';
import { targetText, type Target } from '../target.js';
import type { KnownNames } from './completer.js';
import type { Statement } from './statement.js';

const HELP = `rooms.join('kitchen', 2)        call a method; call rooms.join 'kitchen', 2 does the same
emit rooms.typing 'ann'         send an event
inspect [INTERFACE...]          what the server offers
ping                            how long an answer takes
connect ADDRESS                 go to another server
disconnect
help, exit                      Ctrl-C ends a call, Ctrl-D ends all

Values are MDSF or JSON, over several lines where a bracket or a quote is open. Tab completes names. Events are printed as they come.`;

/** How long completion waits for a server. */
const COMPLETE_MS = 2000;
const HEARTBEAT_MS = 15_000;

/** The conversation of a repl: one connection at a time, and what is known of its server. */
export class ReplSession implements KnownNames {
  private connection: Connection | undefined;
  private server: Server | undefined;
  /** undefined: not asked yet. null: the server does not describe itself. */
  private description: ApplicationDescription | null | undefined;
  /** Interfaces that were asked for one by one, with their methods. */
  private readonly inspected = new Map<string, readonly string[]>();
  private running: AbortController | undefined;

  /**
   * @param invocation the repl's own
   * @param print runs a function that prints something the user has not asked for, beside what is being typed
   */
  constructor(
    private readonly invocation: Invocation,
    private readonly print: (act: () => Promise<void>) => Promise<void>,
  ) {}

  /** What stands before the line that is typed. */
  get prompt(): string {
    return this.connection && this.server ? `${toLogText(this.server.address.app, 60)}> ` : '> ';
  }

  /** Connects, in the place of the connection that there was. */
  async connect(address: string): Promise<void> {
    const { output } = this.invocation;
    const server = await serverOf(this.invocation, address);
    await this.disconnect();
    const application = new EventSink((event) => this.print(() => printEvent(event, output)));
    const connection = await server.dial({ application, comesBack: true, heartbeatMs: HEARTBEAT_MS });
    reportReconnects(connection, output);
    [this.server, this.connection] = [server, connection];
  }

  /** Ends the connection, where there is one. */
  async disconnect(): Promise<void> {
    const { connection } = this;
    [this.server, this.connection, this.description] = [undefined, undefined, undefined];
    this.inspected.clear();
    if (connection) await hangUp(connection);
  }

  /** Ends what runs. @returns whether something was running */
  interrupt(): boolean {
    if (!this.running) return false;
    this.running.abort();
    return true;
  }

  /** Does what a statement says; failures are told. @returns whether the repl goes on */
  async run(statement: Statement): Promise<boolean> {
    const { output } = this.invocation;
    if (statement.kind === 'command' && statement.name === 'exit') return false;
    this.running = new AbortController();
    try {
      await this.perform(statement, this.running.signal);
    } catch (error) {
      if (!this.running.signal.aborted) output.raw(failureText(failureOf(error), output.errorStyle));
    } finally {
      this.running = undefined;
    }
    return true;
  }

  async interfaces(): Promise<readonly string[]> {
    const described = Object.keys((await this.described())?.interfaces ?? {});
    return [...new Set([...described, ...this.inspected.keys()])];
  }

  async methods(interfaceName: string): Promise<readonly string[]> {
    const described = (await this.described())?.interfaces;
    if (described && Object.hasOwn(described, interfaceName)) {
      const { methods, events } = described[interfaceName];
      return [...Object.keys(methods), ...Object.keys(events)];
    }
    if (this.connection && !this.inspected.has(interfaceName)) {
      const names = await within(COMPLETE_MS, methodNames(this.connection, interfaceName)).catch(() => []);
      if (names.length > 0) this.inspected.set(interfaceName, names);
    }
    return this.inspected.get(interfaceName) ?? [];
  }

  private async perform(statement: Statement, signal: AbortSignal): Promise<void> {
    switch (statement.kind) {
      case 'nothing':
        return;
      case 'call':
        return this.call(statement, statement.args, signal);
      case 'emit': {
        const error = this.connected().sendEvent(statement.interfaceName, statement.name, statement.args);
        if (error !== undefined) throw isError(error) ? error : usageError('The event cannot be sent');
        return;
      }
      case 'command':
        return this.command(statement.name, statement.words, signal);
    }
  }

  private async command(name: string, words: readonly string[], signal: AbortSignal): Promise<void> {
    const { output, values } = this.invocation;
    switch (name) {
      case 'connect': {
        if (words.length !== 1)
          throw usageError('connect takes an address', 'connect jstp://localhost:3000/chat');
        return this.connect(words[0]);
      }
      case 'disconnect':
        return this.disconnect();
      case 'ping': {
        const ms = await pingOnce(this.connected(), { values, signal });
        return output.either(() => `${ms.toFixed(2)} ms`, { ping: 1, ms });
      }
      case 'inspect':
        return this.inspect(words);
      default:
        return output.line(HELP);
    }
  }

  private async call(target: Target, args: unknown[], signal: AbortSignal): Promise<void> {
    const { output, values } = this.invocation;
    const options = { signal, timeout: timeoutOption(values) };
    let count = 0;
    for await (const value of this.connected().stream(target.interfaceName, target.name, args, options)) {
      count += 1;
      await output.value(value);
    }
    if (count === 0) output.note(`${toLogText(targetText(target))} has answered nothing.`);
  }

  private async inspect(names: readonly string[]): Promise<void> {
    const { output } = this.invocation;
    const connection = this.connected();
    const described = await this.described();
    if (!described && names.length === 0)
      throw usageError('This server does not describe itself', 'inspect INTERFACE');
    const known = new Map(Object.entries(described?.interfaces ?? {}));
    const shown = names.length === 0 ? known : new Map<string, InterfaceDescription>();
    for (const name of names) {
      let found = known.get(name);
      if (!found) {
        const methods = await methodNames(connection, name);
        this.inspected.set(name, methods);
        found = interfaceOfNames(methods);
      }
      shown.set(name, found);
    }
    const { address } = this.server ?? {};
    const base = described ?? { format: 1 as const, name: address?.app ?? '', version: '', handshakes: [] };
    const description = { ...base, interfaces: Object.fromEntries(shown) };
    await output.either(() => descriptionText(description, output.style), description);
  }

  private connected(): Connection {
    if (this.connection) return this.connection;
    throw usageError('Not connected', 'connect ADDRESS');
  }

  private async described(): Promise<ApplicationDescription | undefined> {
    if (this.description === undefined && this.connection) {
      const { values, signal } = this.invocation;
      const asked = askDescription(this.connection, { values, signal });
      this.description = (await within(COMPLETE_MS, asked).catch(() => undefined)) ?? null;
    }
    return this.description ?? undefined;
  }
}

/** An outcome that must not take longer. */
async function within<T>(limitMs: number, outcome: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('late')), limitMs);
  });
  try {
    return await Promise.race([outcome, late]);
  } finally {
    clearTimeout(timer);
  }
}
