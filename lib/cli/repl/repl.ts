import { createInterface, type Interface } from 'node:readline';
import type { Invocation } from '../command.js';
import { failureOf, failureText } from '../failures.js';
import { complete } from './completer.js';
import { History, historyFile } from './history.js';
import { ReplSession } from './repl-session.js';
import { readStatement, type Statement } from './statement.js';

const MORE = '... ';
/** Of one statement. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/** Reads lines, and does what they say, until the end of the input. */
export class Repl {
  private readonly lines: Interface;
  private readonly history: History;
  private readonly session: ReplSession;
  private readonly isTerminal: boolean;
  /** The lines of a statement that has not ended. */
  private open: string[] = [];
  /** Why one after the other: a pipe gives many lines at once. */
  private queue: Promise<void> = Promise.resolve();
  private isBusy = false;
  private isOver = false;

  /** @param invocation the command's */
  constructor(private readonly invocation: Invocation) {
    const { io, output } = invocation;
    this.isTerminal = io.stdin.isTTY === true && io.stdout.isTTY === true;
    this.history = new History(this.isTerminal ? historyFile(io.env) : undefined, output);
    this.session = new ReplSession(invocation, (act) => this.aside(act));
    this.lines = createInterface({
      input: io.stdin,
      output: this.isTerminal ? io.stdout : undefined,
      terminal: this.isTerminal,
      history: this.history.lines,
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string, callback: (error: null, result: [string[], string]) => void) => {
        complete(line, this.session).then(
          (result) => callback(null, result),
          () => callback(null, [[], line]),
        );
      },
    });
  }

  /** Connects where an address is given, and reads to the end. */
  async run(address: string | undefined): Promise<void> {
    const { signal } = this.invocation;
    const closed = new Promise<void>((resolve) => {
      this.lines.once('close', () => resolve());
    });
    signal.addEventListener('abort', () => this.lines.close(), { once: true });
    // Lines of a pipe may come, and end, before the server has answered.
    if (address !== undefined) this.queue = this.session.connect(address);
    const connected = this.queue;
    this.lines.on('line', (line) => {
      this.queue = this.queue.then(() => this.take(line));
    });
    this.lines.on('SIGINT', () => this.interrupt());
    try {
      await connected;
      this.ask();
      await closed;
      await this.queue;
    } finally {
      this.lines.close();
      await this.session.disconnect();
    }
  }

  private async take(line: string): Promise<void> {
    if (this.isOver) return;
    this.open.push(line);
    const text = this.open.join('\n');
    const statement = this.read(text);
    if (statement === undefined && text.length < MAX_CHARACTERS) {
      this.ask();
      return;
    }
    const lines = this.open;
    this.open = [];
    if (this.isTerminal) this.history.add(lines);
    this.isBusy = true;
    const goesOn = await this.session.run(statement ?? { kind: 'nothing' });
    this.isBusy = false;
    this.isOver ||= !goesOn;
    if (this.isOver) this.lines.close();
    else this.ask();
  }

  /** What a text says; a text that says nothing has an error, which is told. */
  private read(text: string): Statement | undefined {
    try {
      return readStatement(text);
    } catch (error) {
      const { output } = this.invocation;
      output.raw(failureText(failureOf(error), output.errorStyle));
      return { kind: 'nothing' };
    }
  }

  private ask(): void {
    if (!this.isTerminal || this.invocation.signal.aborted) return;
    this.lines.setPrompt(this.open.length === 0 ? this.session.prompt : MORE);
    this.lines.prompt();
  }

  /** Ctrl-C: ends what runs, then what is typed, then all. */
  private interrupt(): void {
    if (this.session.interrupt()) return;
    if (this.open.length === 0 && this.lines.line === '') {
      this.lines.close();
      return;
    }
    this.open = [];
    this.lines.write(null, { ctrl: true, name: 'e' });
    this.lines.write(null, { ctrl: true, name: 'u' });
    this.invocation.io.stdout.write('\n');
    this.ask();
  }

  /** Prints above the line that is typed, which is shown again behind. */
  private async aside(act: () => Promise<void>): Promise<void> {
    const isTyping = this.isTerminal && !this.isBusy;
    if (isTyping) this.invocation.io.stdout.write('\r\x1b[K');
    await act();
    if (isTyping) this.lines.prompt(true);
  }
}
