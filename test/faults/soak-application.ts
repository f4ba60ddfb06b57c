import type { ApplicationLike, Connection, IncomingCall } from '../../lib/core.js';
import type { Direction } from '../../lib/testing/faults.js';
import type { Ledger } from './ledger.js';

/** How a call is to be answered. */
export const METHODS = ['echo', 'refuse', 'soon', 'slow', 'count'] as const;
/** The same of calls with streams as arguments: 'relay' sends the values back, 'part' reads the first three. */
const STREAM_METHODS = ['relay', 'part'] as const;
export type Method = (typeof METHODS)[number] | (typeof STREAM_METHODS)[number];

/** The methods of a run that is about streams. */
export const WITH_STREAMS: readonly Method[] = [
  ...STREAM_METHODS,
  ...STREAM_METHODS,
  'echo',
  'slow',
  'count',
];

/** How many values 'part' reads. */
const PART = 3;

/** Stands between a message and its execution: for showing that the ledger sees what goes wrong there. */
export type Tamper = (kind: 'call' | 'event', run: () => void) => void;

/** The text of the error that a call of `refuse` is answered with. */
export const refusalOf = (seq: number): string => `refused ${seq}`;

/** What both sides offer to each other; all that happens in it goes to the ledger. */
export class SoakApplication implements ApplicationLike<Connection> {
  readonly version = '1.0.0';
  /** The slow calls that are not answered yet, the oldest first. */
  readonly held: { readonly seq: number; readonly call: IncomingCall<Connection> }[] = [];

  /** @param way how its calls travel: the server's application is called `toServer` */
  constructor(
    readonly name: string,
    private readonly way: Direction,
    private readonly ledger: Ledger,
    private readonly tamper: Tamper = (_kind, run) => {
      run();
    },
  ) {}

  callMethod(): void {
    throw new Error('handleCall takes all calls');
  }

  getMethods(): string[] {
    return [...METHODS];
  }

  handleEvent(_connection: Connection, _interfaceName: string, _eventName: string, args: unknown[]): void {
    this.tamper('event', () => {
      this.ledger.executed(this.way, Number(args[0]));
    });
  }

  handleCall(call: IncomingCall<Connection>): void {
    this.tamper('call', () => {
      const seq = Number(call.args[0]);
      this.ledger.executed(this.way, seq);
      this.answer(call, call.methodName as Method, seq);
    });
  }

  /** Answers the oldest slow call, or all of them. */
  releaseHeld(count = Infinity): void {
    for (const { seq, call } of this.held.splice(0, count)) this.succeed(call, seq);
  }

  private answer(call: IncomingCall<Connection>, method: Method, seq: number): void {
    if (method === 'echo') this.succeed(call, seq);
    else if (method === 'slow') this.held.push({ seq, call });
    else if (method === 'soon') {
      void turns(seq % 7).then(() => {
        this.succeed(call, seq);
      });
    } else if (method === 'refuse') {
      this.ledger.finished(this.way, seq);
      call.fail(refusalOf(seq));
    } else if (method === 'count') void this.count(call, seq);
    else void this.read(call, seq, method === 'relay');
  }

  private succeed(call: IncomingCall<Connection>, seq: number): void {
    if (call.isOpen) this.ledger.finished(this.way, seq);
    call.succeed([seq]);
  }

  private async count(call: IncomingCall<Connection>, seq: number): Promise<void> {
    const stream = call.openStream();
    const last = Number(call.args[1]);
    for (let n = 1; n <= last; n++) {
      if (!stream.write(n) && !(await stream.ready())) break;
      if (n % 5 === 0) await turns(n % 3);
    }
    // Where the call is over as well: until its handler has ended, it counts.
    if (call.isOpen) this.ledger.finished(this.way, seq);
    stream.end();
  }

  /** Reads the stream that the caller sends. */
  private async read(call: IncomingCall<Connection>, seq: number, isRelayed: boolean): Promise<void> {
    const out = isRelayed ? call.openStream() : undefined;
    try {
      for await (const value of call.args[1] as AsyncIterable<number>) {
        if (out && !out.write(value) && !(await out.ready())) break;
        if (value % 5 === 0) await turns(value % 3);
        if (!out && value === PART) break;
      }
    } catch (error) {
      // The caller has cancelled. Until its handler has said its last word, the call counts.
      call.fail(error);
      return;
    }
    if (out && call.isOpen) this.ledger.finished(this.way, seq);
    if (out) out.end();
    else this.succeed(call, seq);
  }
}

/** Lets so many turns of the microtask queue go by: the only clock of a run. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
