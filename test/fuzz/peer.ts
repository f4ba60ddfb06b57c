import type { Framing } from './framing.js';
import type { Pipe } from './pipe.js';
import { bytesOf, Finding } from './target.js';
import { checkSaid, until, wordsOf } from './watch.js';

/** With the number 0, which is not counted: it is answered whatever was said before. */
const PING = '{ping:[0]}';
const PONG = '{pong:[0]}';
const SETTLING_TURNS = 3;

/** The hostile side of a conversation: it says any bytes, and keeps what it hears. */
export class Peer {
  heard = '';
  private said = '';
  /** Whether the other side has closed the pipe. */
  isOver = false;

  constructor(
    readonly pipe: Pipe,
    private readonly framing: Framing,
  ) {
    pipe.on('data', (chunk: Buffer) => (this.heard += chunk.toString('latin1')));
    pipe.on('error', () => undefined);
    pipe.on('close', () => (this.isOver = true));
  }

  say(bytes: string): void {
    this.said += bytes;
    if (!this.isOver && this.pipe.writable) this.pipe.write(bytesOf(bytes));
  }

  /**
   * Checks that the other side still answers behind all that was said, or has ended; then ends.
   * @param meanwhile called in each turn
   * @returns what was heard, in a few words
   * @throws {Finding}
   */
  async conclude(meanwhile: () => void): Promise<string> {
    const { framing, pipe } = this;
    const isOver = (): boolean => {
      meanwhile();
      return this.isOver;
    };
    const pongs = (): number => this.heard.split(PONG).length;
    await until(isOver, SETTLING_TURNS);
    const before = pongs();
    const isHeard = framing.isBetweenMessages(this.said);
    const isAnswered = (): boolean => pongs() > before;
    // Why two: the first one may be the end of what was begun before.
    this.say(framing.wrap(PING) + framing.wrap(PING));
    await until(() => isOver() || isAnswered());
    if (isHeard && !this.isOver && !isAnswered()) throw new Finding('neither answers nor ends');
    pipe.end();
    if (!(await until(isOver))) throw new Finding('does not end');
    const texts = framing.unwrap(this.heard);
    checkSaid(texts);
    return `${wordsOf(texts)}${isAnswered() ? '' : ', ended'}`;
  }
}
