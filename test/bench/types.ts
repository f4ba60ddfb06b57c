/** Whether our contenders negotiate the extension `resume`: as they do by default, always, never. */
export type ResumeChoice = 'default' | 'with' | 'without';

/** How a contender is set up, the same for its server and its clients. */
export interface Settings {
  /** How many handlers the server has; calls go to all of them in turn. */
  readonly handlers: number;
  readonly resume: ResumeChoice;
  /** Where the broker listens, for those that need one. */
  readonly brokerPort?: number | undefined;
  /**
   * Who counts, of this package alone. The core's client cannot. Or, through Nest, a server that can be administered; 'watched':
   * the client watches it, at intervals of a second. @default nobody does
   */
  readonly metrics?: 'server' | 'both' | 'administration' | 'watched' | undefined;
}

/** A contender's server, listening. */
export interface BenchServer {
  readonly port: number;
  /** How many events have been handled. */
  received(): number;
  close(): unknown;
}

/** Called once with a call's end: its error, or null and the result. */
export type Done = (error: unknown, result?: unknown) => void;

/** A contender's client, connected. */
export interface BenchClient {
  /** Calls the handler that returns its argument. */
  call(payload: unknown, done: Done): void;
  /** Sends an event, which the server counts. */
  event(payload: unknown): void;
  close(): unknown;
}

/** One way to make calls, with its server and its clients. */
export interface Contender {
  /** The program and the package without which it cannot run. */
  readonly broker?: BrokerProgram;
  startServer(settings: Settings): Promise<BenchServer>;
  connect(settings: Settings, port: number): Promise<BenchClient>;
}

/** A server that stands between a contender's two sides. */
export interface BrokerProgram {
  readonly command: string;
  /** The npm package that Nest loads to reach it. */
  readonly client: string;
  /** The command's arguments that make it listen on a port of 127.0.0.1. */
  args(port: number): string[];
}

/** A point in a process's life; the difference of two tells what happened between them. */
export interface Mark {
  /** Milliseconds, of this process's own clock. */
  readonly timeMs: number;
  /** Processor time so far, in microseconds. */
  readonly cpuUs: number;
  /** Calls or events done so far. */
  readonly count: number;
  readonly errors: number;
  /** The event loop's delay since the last mark, 99th percentile, in milliseconds. */
  readonly loopDelayP99Ms: number;
}

/** A process's memory after a garbage collection, in bytes. */
export interface Memory {
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly rssBytes: number;
}

/** What a client sends, over and over. */
export interface Load {
  readonly kind: 'calls' | 'events';
  readonly connections: number;
  /** Calls under way at once, on all connections together. For events: batches of 256 with a call behind each. */
  readonly inFlight: number;
  readonly payload: PayloadName;
}

export type PayloadName =
  | 'text-16'
  | 'text-1k'
  | 'text-64k'
  | 'text-1m'
  | 'bytes-64k'
  | 'bytes-1m'
  | 'rows-1k'
  | 'rows-64k'
  | 'rows-1m';

/** What one slice of a comparison within one process took, by the contender's name. */
export interface Slice {
  readonly cell: string;
  readonly round: number;
  readonly nanoseconds: Readonly<Record<string, number>>;
}

/** What a child process does when it is asked to. */
export interface Commands {
  startServer(argument: { contender: string; settings: Settings }): Promise<{ port: number }>;
  /** Opens connections until there are so many. */
  connect(argument: {
    contender: string;
    settings: Settings;
    port: number;
    connections: number;
  }): Promise<void>;
  disconnect(argument: object): Promise<void>;
  startLoad(argument: Load & { warmupMs: number }): Promise<void>;
  /** Ends the load and resolves when nothing is under way any more. */
  stopLoad(argument: object): Promise<void>;
  mark(argument: object): Mark;
  memory(argument: object): Memory;
  received(argument: object): number;
  /** The times of the load's calls since `forgetTimes`. */
  tail(argument: object): Partial<Tail>;
  forgetTimes(argument: object): void;
  /** Sends so many events, with no call between them; answers with the time of the first, by the machine's clock. */
  flood(argument: { count: number; payload: PayloadName }): Promise<number>;
  /** Waits until the handlers have had so many events in all; answers with that time, by the same clock. */
  untilReceived(argument: { count: number }): Promise<number>;
  /** Opens sessions, and cuts the transports of all. */
  prepareStorm(argument: StormArgument): Promise<void>;
  /** All sessions come back. */
  storm(argument: object): Promise<StormResult>;
  /** Calls at a steady pace, on the connections that there are, until `stopPace`. */
  startPace(argument: { intervalMs: number }): void;
  stopPace(argument: object): Promise<Tail>;
  /** Makes one call after the other for so long. */
  latency(argument: { durationMs: number; warmupMs: number; payload: PayloadName }): Promise<LatencyResult>;
  resume(argument: ResumeArgument): Promise<ResumeResult>;
  codec(argument: { sliceMs: number; rounds: number }): Promise<Slice[]>;
  framing(argument: { rounds: number }): Promise<Slice[]>;
}

/** What the parent asks of a child. */
export interface Request {
  readonly id: number;
  readonly command: keyof Commands;
  readonly argument: unknown;
}

/** What the child answers. */
export interface Response {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** How long calls take, in microseconds: half of them at most so long, 99 of a hundred, 999 of a thousand. */
export interface Tail {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

export interface LatencyResult extends Tail {
  readonly calls: number;
}

export interface StormResult {
  /** From the first dial to the last session that is back, in milliseconds. */
  readonly timeMs: number;
  /** The client's processor time in it, in microseconds. */
  readonly cpuUs: number;
}

export interface ResumeArgument {
  readonly implementation: string;
  readonly resume: ResumeChoice;
  readonly port: number;
  readonly messages: number;
}

export interface StormArgument {
  readonly implementation: string;
  readonly resume: ResumeChoice;
  readonly port: number;
  readonly sessions: number;
}

export interface ResumeResult {
  /** From the start of the reconnect to the last call's answer, in milliseconds. */
  readonly timeMs: number;
  /** The client's processor time in it, in microseconds. */
  readonly cpuUs: number;
}

/** What one contender did in one round of one cell. */
export interface Sample {
  readonly group: string;
  readonly cell: string;
  readonly contender: string;
  readonly round: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The options of the command line. */
export interface BenchOptions {
  readonly isQuick: boolean;
  readonly rounds: number;
  /** How long one measurement takes, in milliseconds. */
  readonly durationMs: number;
  readonly warmupMs: number;
  /** Idle connections to open. */
  readonly idleConnections: number;
  /** Sessions that come back at once. */
  readonly stormSessions: number;
  readonly only: readonly string[];
  readonly resume: ResumeChoice;
  /** Minutes of the long run; 0: none. */
  readonly soakMinutes: number;
  readonly output: string;
  /** Whether the ratios are kept as those of the version, in benchmarks/history/. */
  readonly isKept: boolean;
}

/** A ratio of the table: what is compared, and what is wanted. */
export interface Target {
  readonly id: string;
  /** The line of the table that it is part of. */
  readonly metric: string;
  /** Which part of that line. */
  readonly part: string;
  readonly cell: string;
  /** The name of the compared value in the samples. */
  readonly value: string;
  readonly of: string;
  /** Whose value it is divided by; undefined: by none, the value itself is shown. */
  readonly to?: string | undefined;
  readonly better: 'higher' | 'lower';
  /** Undefined: measured, and nothing is wanted. */
  readonly must?: number;
  readonly aim?: number;
}

/** The median of several numbers, and how far they are apart. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

export type Verdict = 'aim' | 'must' | 'short' | 'measured' | 'absent';

/** A target with what was measured. */
export interface Row extends Target {
  readonly ratio: Summary | undefined;
  readonly verdict: Verdict;
}

/** The machine that was measured on; no names, no paths. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly system: string;
  /** Whether client and server were pinned to cores. */
  readonly isPinned: boolean;
}

/** What is kept of a whole run, for each version, as JSON. */
export interface History extends Pick<Results, 'date' | 'version' | 'machine' | 'options' | 'absent'> {
  /** Of the rows that were measured, by their ids. */
  readonly ratios: Readonly<Record<string, Summary | undefined>>;
}

/** What a run leaves, as JSON. */
export interface Results {
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
  readonly options: Omit<BenchOptions, 'output' | 'isKept'>;
  readonly rows: readonly Row[];
  /** The contenders that could not run, and why. */
  readonly absent: Readonly<Record<string, string>>;
  readonly samples: readonly Sample[];
}
