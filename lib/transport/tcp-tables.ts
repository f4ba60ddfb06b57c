import { Buffer } from 'node:buffer';
import { close, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { runInRootContext } from '../util/async-context.js';
import { startTimer } from '../util/timer.js';
import { latin1Slice } from './node-internals.js';

/** Linux's tables of TCP sockets. */
const PATHS = ['/proc/net/tcp', '/proc/net/tcp6'];
/** The column with the state, and that of sockets which wait until late packets have died, '06'. They are of no process. */
const STATE_COLUMN = 3;
const TIME_WAIT = [0x30, 0x36];
/** The column with the queues, as `tx:rx` in hexadecimal. */
const QUEUES_COLUMN = 4;
/** The column with the inode, which `fstat` tells for a file descriptor. */
const INODE_COLUMN = 9;
/** No row is as long; Linux gives a page of the table at a time, 4 KiB. */
const BUFFER_BYTES = 16 * 1024;
const BLANK = 0x20;
const LINE_END = 0x0a;

/** The least time between two looks at the tables, and what each read of them adds to it, in milliseconds. */
const LEAST_PAUSE_MS = 100;
const PAUSE_OF_READ_MS = 4;

const openFile = promisify(open);

/** A question for the queue of a socket. */
interface Question {
  readonly answer: Promise<number | undefined>;
  readonly tell: (queue: number | undefined) => void;
}

/**
 * Looks for sockets in the system's tables of them, which have a row for each TCP socket of the machine, open or just
 * closed.
 *
 * Why so carefully: a flood of connections leaves tens of thousands of rows for a minute. They are never in memory as a
 * whole, all who ask wait for the same look, and the longer the tables are, the longer it takes until the next one: a
 * hundredth of the event loop's time is for this.
 */
export class TcpTables {
  private questions = new Map<string, Question>();
  private isLooking = false;

  /**
   * @param paths the files of the tables. @default those of Linux
   * @param pause waits so many milliseconds. @default a timer
   */
  constructor(
    private readonly paths: readonly string[] = PATHS,
    private readonly pause: (ms: number) => Promise<void> = wait,
  ) {}

  /**
   * How many bytes the system holds that a peer has not acknowledged: so many as there are in the turn in which the Promise
   * resolves. Undefined where no table has the socket.
   * @param inode that of the socket
   */
  queueOf(inode: string): Promise<number | undefined> {
    let question = this.questions.get(inode);
    if (!question) {
      question = newQuestion();
      this.questions.set(inode, question);
    }
    if (!this.isLooking) {
      this.isLooking = true;
      runInRootContext(look, this);
    }
    return question.answer;
  }

  /** @internal Looks until nobody asks any more. */
  async look(): Promise<void> {
    // All who ask in this turn are in the first look.
    await Promise.resolve();
    while (this.questions.size > 0) {
      // Who asks from now on waits for the next look. Why: the row may have been read already.
      const { questions } = this;
      this.questions = new Map();
      let reads = 0;
      for (const path of this.paths) {
        // A system without a table tells nothing.
        if (questions.size > 0) reads += await this.search(path, questions).catch(() => 0);
      }
      for (const question of questions.values()) question.tell(undefined);
      await this.pause(Math.max(LEAST_PAUSE_MS, reads * PAUSE_OF_READ_MS));
    }
    this.isLooking = false;
  }

  /** Answers the questions whose sockets a table has. @returns how often it was read */
  private async search(path: string, questions: Map<string, Question>): Promise<number> {
    const file = await openFile(path, 'r');
    try {
      return await new Promise((resolve, reject) => {
        new TableSearch(file, questions, resolve, reject).read();
      });
    } finally {
      close(file);
    }
  }
}

/** One search in one table. */
class TableSearch {
  private readonly buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** How much of a row that has not come whole is at the beginning of the buffer. */
  private held = 0;
  private reads = 0;

  constructor(
    private readonly file: number,
    private readonly questions: Map<string, Question>,
    private readonly resolve: (reads: number) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** Reads on. Why by callbacks: Promises take twice the time, for thousands of reads. */
  read(): void {
    const { buffer, held } = this;
    this.reads += 1;
    read(this.file, buffer, held, buffer.length - held, null, this.onRead);
  }

  private readonly onRead = (error: Error | null, count: number): void => {
    if (error) this.reject(error);
    else if (count === 0) this.resolve(this.reads);
    else {
      this.take(this.held + count);
      if (this.questions.size === 0) this.resolve(this.reads);
      else this.read();
    }
  };

  private take(end: number): void {
    const { buffer } = this;
    let start = 0;
    for (;;) {
      const rowEnd = buffer.indexOf(LINE_END, start);
      // What is behind the end is of an earlier read.
      if (rowEnd === -1 || rowEnd >= end) break;
      readRow(buffer, start, rowEnd, this.questions);
      start = rowEnd + 1;
    }
    this.held = end - start;
    buffer.copyWithin(0, start, end);
  }
}

function readRow(bytes: Uint8Array, start: number, end: number, questions: Map<string, Question>): void {
  const state = columnAt(bytes, start, end, STATE_COLUMN);
  // Why first: most rows are of these.
  if (bytes[state] === TIME_WAIT[0] && bytes[state + 1] === TIME_WAIT[1]) return;
  const columns = latin1Slice(bytes, state, end).split(/ +/, INODE_COLUMN - STATE_COLUMN + 1);
  const inode = columns[INODE_COLUMN - STATE_COLUMN];
  const question = questions.get(inode);
  if (!question) return;
  questions.delete(inode);
  question.tell(Number.parseInt(columns[QUEUES_COLUMN - STATE_COLUMN], 16));
}

/** The place of a column of a row, the first of which is 0; the end of the row where it has fewer. */
function columnAt(bytes: Uint8Array, start: number, end: number, column: number): number {
  let place = start;
  for (let left = column; ; left -= 1) {
    while (place < end && bytes[place] === BLANK) place += 1;
    if (left === 0) return place;
    while (place < end && bytes[place] !== BLANK) place += 1;
  }
}

function newQuestion(): Question {
  let tell: Question['tell'] = () => undefined;
  const answer = new Promise<number | undefined>((resolve) => {
    tell = resolve;
  });
  return { answer, tell };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    startTimer(ms, resolve);
  });
}

function look(tables: TcpTables): void {
  void tables.look();
}
