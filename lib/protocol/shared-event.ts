import { integerText, stringifyPlainBytes } from '../mdsf/index.js';
import { plainText, textOf, type WrittenMessage } from './attached-message.js';
import { mapBytes } from './bytes-as-strings.js';
import { eventHead, eventTail, flat, type WriteLimits } from './format-message.js';
import { isLargeString, joinParts } from './message-parts.js';
import type { Metadata } from './message.js';

const BEGINNING = '{event:[';
/** The longest number. Why: a header with metadata must be small enough whatever number it gets. */
const LONGEST_ID = -Number.MAX_SAFE_INTEGER;
/**
 * From this length on, the messages of all connections share what is behind their numbers while they wait in journals. A
 * shorter one takes less by itself than what joins it to its number does.
 */
const SHARED_LENGTH = 128;
const ID_END = BEGINNING.length + String(LONGEST_ID).length;

/** Which bytes a peer takes: as such, and, if they are many, behind the text. */
export interface PeerTakesBytes {
  readonly bytes: boolean;
  readonly attachments: boolean;
}

/**
 * An event for many connections. Its arguments are written as text once: what each connection sends differs in the
 * number, and in metadata that observers add. Where there are bytes, these alone are written once more for each kind of peer:
 * those that take bytes within the text alone, and those that take none. So all get the same of a `toJSON` or a getter.
 */
export class SharedEvent {
  private tail: WrittenMessage | undefined;
  /** The arguments with all bytes as base64, for peers that take none behind the text. */
  private base64Tail: string | undefined;
  /** The arguments for peers that take no bytes. */
  private plainTail: string | undefined;
  /** What the tail has as bytes, in its order. */
  private readonly bytes: object[] = [];
  private rest: WrittenMessage | undefined;
  private base64Rest: WrittenMessage | undefined;
  private plainRest: WrittenMessage | undefined;
  private failure: { readonly error: unknown } | undefined;

  /**
   * @param metadata - plain data beside the arguments
   * @param limits - those of the server that sends it
   */
  constructor(
    readonly interfaceName: string,
    readonly name: string,
    readonly args: unknown[],
    readonly metadata: Metadata | undefined,
    private readonly limits: WriteLimits,
  ) {}

  /**
   * Writes the text now, so that what cannot be sent is told before anybody gets anything.
   * @throws {MdsfStringifyError} for arguments that cannot be sent
   * @throws {JstpError} ERR_JSTP_METADATA_TOO_LARGE
   */
  prepare(): void {
    this.restWith(this.metadata);
  }

  /**
   * The message of one connection.
   * @param metadata - what goes along to this connection
   * @param peer - what it takes
   * @throws as {@link prepare}
   */
  messageFor(id: number, metadata: Metadata | undefined, peer: PeerTakesBytes): WrittenMessage {
    const rest = this.restFor(peer, metadata);
    if (typeof rest !== 'string') return rest.withText(flat(BEGINNING + integerText(id) + rest.text));
    const isLarge: boolean = isLargeString(rest);
    if (isLarge) return joinParts(BEGINNING + integerText(id), rest, '');
    const head = flat(BEGINNING + integerText(id));
    return rest.length < SHARED_LENGTH ? flat(head + rest) : head + rest;
  }

  private restFor({ bytes, attachments }: PeerTakesBytes, metadata: Metadata | undefined): WrittenMessage {
    const written = this.restWith(metadata);
    if (!bytes && this.bytes.length > 0) return this.restWithoutBytes(metadata);
    return attachments || typeof written === 'string' ? written : this.restAsBase64(metadata);
  }

  /** What comes behind the number. */
  private restWith(metadata: Metadata | undefined): WrittenMessage {
    if (metadata !== this.metadata) return this.write(metadata, this.tailWithBytes);
    if (this.failure) throw this.failure.error;
    try {
      return (this.rest ??= this.write(metadata, this.tailWithBytes));
    } catch (error) {
      // Why kept: a value that cannot be written is not tried again for each connection.
      this.failure = { error };
      throw error;
    }
  }

  /** The same for peers that take bytes, but none behind the text. */
  private restAsBase64(metadata: Metadata | undefined): WrittenMessage {
    const tail = (this.base64Tail ??= textOf(this.tailWithBytes));
    if (metadata !== this.metadata) return this.write(metadata, tail);
    return (this.base64Rest ??= this.write(metadata, tail));
  }

  /** The same for peers that take no bytes. */
  private restWithoutBytes(metadata: Metadata | undefined): WrittenMessage {
    if (metadata !== this.metadata) return this.write(metadata, this.tailWithoutBytes);
    return (this.plainRest ??= this.write(metadata, this.tailWithoutBytes));
  }

  private get tailWithBytes(): WrittenMessage {
    return (this.tail ??= eventTail(this.args, this.limits.maxDepth, this.bytes));
  }

  private get tailWithoutBytes(): string {
    if (this.plainTail !== undefined) return this.plainTail;
    let next = 0;
    const pieces = mapBytes(plainText(this.tailWithBytes), () => [stringifyPlainBytes(this.bytes[next++])]);
    return (this.plainTail = pieces.join(''));
  }

  private write(metadata: Metadata | undefined, tail: WrittenMessage): WrittenMessage {
    const head = eventHead(LONGEST_ID, this.interfaceName, this.name, metadata, this.limits).slice(ID_END);
    return typeof tail === 'string' ? head + tail : tail.withText(head + tail.text);
  }
}
