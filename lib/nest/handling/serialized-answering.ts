import type { Serializer } from '@nestjs/microservices';
import type { OutgoingStream } from '../../application/incoming-call.js';
import { plainAnswering, type Answering, type NestCall } from './answering.js';
import { INTERNAL_SERVER_ERROR } from '../constants.js';
import { OrderedConversion } from '../ordered-conversion.js';

/** The argument of a serializer: the envelope of Nest's transports. */
interface Packet {
  readonly id: string;
  readonly response?: unknown;
  readonly err?: unknown;
  readonly isDisposed: boolean;
}

/** What a serializer has made of a packet: a value or an error. */
interface Outcome {
  readonly isError: boolean;
  readonly value: unknown;
}

/** Answers with what the user's serializer, which may be asynchronous, makes of the values. */
export class SerializedAnswering implements Answering {
  private lastId = 0;

  /**
   * @param serializer the user's serializer
   * @param report called with what the serializer throws
   */
  constructor(
    private readonly serializer: Serializer,
    private readonly report: (error: unknown) => void,
  ) {}

  value(call: NestCall, value: unknown): void {
    this.answer(call, { id: this.nextId(), response: value, isDisposed: true });
  }

  error(call: NestCall, error: unknown, code?: number): void {
    this.answer(call, { id: this.nextId(), err: error, isDisposed: true }, code);
  }

  stream(call: NestCall): OutgoingStream {
    return new SerializedStream(this, this.nextId(), plainAnswering.stream(call));
  }

  /** Serializes a packet, and hands the outcome on in the order of a conversion. */
  serialize(packet: Packet, order: OrderedConversion, use: (outcome: Outcome) => void): void {
    order.run<unknown>(
      () => this.serializer.serialize(packet),
      (made) => {
        use(outcomeOf(packet, made));
      },
      (error) => {
        this.report(error);
        use({ isError: true, value: INTERNAL_SERVER_ERROR });
      },
    );
  }

  private answer(call: NestCall, packet: Packet, code?: number): void {
    this.serialize(packet, new OrderedConversion(), ({ isError, value }) => {
      if (isError) plainAnswering.error(call, value, code);
      else plainAnswering.value(call, value);
    });
  }

  private nextId(): string {
    this.lastId += 1;
    return String(this.lastId);
  }
}

/** Serializes the values of one stream, in their order. */
class SerializedStream implements OutgoingStream {
  private readonly order = new OrderedConversion();

  constructor(
    private readonly answering: SerializedAnswering,
    private readonly id: string,
    private readonly stream: OutgoingStream,
  ) {}

  write(value: unknown): boolean {
    let hasCredit = true;
    this.answering.serialize({ id: this.id, response: value, isDisposed: false }, this.order, (outcome) => {
      if (outcome.isError) this.stream.fail(outcome.value);
      else hasCredit = this.stream.write(outcome.value);
    });
    return hasCredit;
  }

  ready(): Promise<boolean> {
    return new Promise((resolve) => {
      this.inTurn(() => {
        resolve(this.stream.ready());
      });
    });
  }

  end(): void {
    this.inTurn(() => {
      this.stream.end();
    });
  }

  fail(error: unknown): void {
    this.answering.serialize({ id: this.id, err: error, isDisposed: true }, this.order, ({ value }) => {
      this.stream.fail(value);
    });
  }

  /** Runs a function after all values that were written before. */
  private inTurn(run: () => void): void {
    const ignore = (): void => undefined;
    this.order.run(() => undefined, run, ignore);
  }
}

function outcomeOf(packet: Packet, made: unknown): Outcome {
  if (!isEnvelope(made)) return { isError: 'err' in packet, value: made };
  return made.err === undefined
    ? { isError: false, value: made.response }
    : { isError: true, value: made.err };
}

/** Whether a serializer has returned Nest's envelope; if not, its result is sent in place of the envelope. */
function isEnvelope(made: unknown): made is Partial<Packet> {
  if (typeof made !== 'object' || made === null) return false;
  return ['response', 'err', 'isDisposed'].some((key) => Object.hasOwn(made, key));
}
