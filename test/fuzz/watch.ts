import { setImmediate as nextTurn } from 'node:timers/promises';
import { JstpError, MdsfSyntaxError, RemoteError } from '../../lib/core.js';
import { MdsfStringifyError } from '../../lib/mdsf/index.js';
import { ATTACHED_HEADER_BYTES, openAttached } from '../../lib/protocol/attached-message.js';
import { parseMessage } from '../../lib/protocol/parse-message.js';
import { DEFAULT_LIMITS } from '../../lib/protocol/limits.js';
import { nodeDecoder } from '../../lib/transport/node-decoder.js';
import { watchProcess, type ProcessWatch } from '../support/real-process.js';
import { isAttached } from './attached.js';
import { bytesOf, Finding } from './target.js';

/** What methods throw here. It must not reach a peer. */
export const SECRET = 'a secret of the house';
/** So many turns of the event loop are enough for whatever has to come. */
const MAX_TURNS = 400;
/** By so many bytes the heap may grow while the same state is kept. */
const ALLOWED_GROWTH = 48 * 2 ** 20;

/** Watches what must not happen during conversations, whatever is said in them. */
export class Watch {
  private readonly process: ProcessWatch = watchProcess();
  private readonly errors: unknown[] = [];
  private heapBefore: number | undefined;

  /** Notes an error that the package has told of. */
  readonly note = (error: unknown): void => {
    this.errors.push(error);
  };

  /** @throws {Finding} for an error of no declared class, and for what would have ended the process */
  check(): void {
    const { failures } = this.process;
    if (failures.length > 0) {
      const [first] = failures;
      (failures as unknown[]).length = 0;
      throw new Finding(`would have ended the process: ${String(first)}`, { cause: first });
    }
    for (const error of this.errors.splice(0)) {
      if (!isDeclared(error))
        throw new Finding(`told of an undeclared error: ${String(error)}`, { cause: error });
    }
  }

  /**
   * Checks that the heap has not grown since the first call.
   * @throws {Finding} where it has
   */
  async checkHeap(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      globalThis.gc?.();
    }
    const { heapUsed, external } = process.memoryUsage();
    const bytes = heapUsed + external;
    this.heapBefore ??= bytes;
    if (bytes > this.heapBefore + ALLOWED_GROWTH)
      throw new Finding(`the heap has grown from ${this.heapBefore} to ${bytes} bytes`);
  }

  stop(): void {
    this.process.stop();
  }
}

function isDeclared(error: unknown): boolean {
  if (error instanceof JstpError || error instanceof RemoteError) return true;
  if (error instanceof MdsfSyntaxError || error instanceof MdsfStringifyError) return true;
  if (!(error instanceof Error)) return typeof error === 'number';
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    error.message === SECRET || code === 'ECONNRESET' || code.startsWith('WS_ERR_') || code.startsWith('HPE_')
  );
}

/** Lets the event loop turn until a condition holds. @returns whether it does */
export async function until(condition: () => boolean, maxTurns = MAX_TURNS): Promise<boolean> {
  for (let turn = 0; turn < maxTurns; turn++) {
    if (condition()) return true;
    await nextTurn();
  }
  return condition();
}

/** Checks what this package has said: it can be read, by a peer that takes bytes only if it says so, and tells no secret. */
export function checkSaid(texts: readonly string[]): void {
  let takesBytes = false;
  let attachments = false;
  for (const text of texts) {
    const isHandshake = text.startsWith('{handshake:');
    takesBytes ||= isHandshake && text.includes('bytes:1');
    attachments ||= isHandshake && text.includes('attachments:1');
    if (text.includes(SECRET)) throw new Finding(`told a secret: ${text}`);
    try {
      const message = isAttached(text) ? openAttached(bytesOf(text)) : bytesOf(text);
      parseMessage(message, nodeDecoder, DEFAULT_LIMITS, undefined, { bytes: takesBytes, attachments });
    } catch (error) {
      throw new Finding(`said what it does not read: ${text}`, { cause: error });
    }
  }
}

/** What was said, without what differs from case to case. */
export function wordsOf(texts: readonly string[]): string {
  const words = texts.map((text) => {
    const message = text.startsWith('\u0001') ? text.slice(ATTACHED_HEADER_BYTES) : text;
    const kind = /^\{(\w+):/.exec(message)?.[1] ?? '';
    const outcome = /\](,\w+)/.exec(text)?.[1] ?? '';
    return kind + outcome + (/error:\[(-?\d+)/.exec(text)?.[1] ?? '');
  });
  // The same thing several times counts once.
  return words.filter((word, index) => word !== words[index - 1]).join(' ');
}
