/** How the process ends. docs/guides/command-line.md has the table. */
export const EXIT = {
  done: 0,
  /** A fault of this program. */
  fault: 1,
  /** The command line is wrong, or a file that it names. */
  usage: 2,
  /** No connection could be made, or it was lost. */
  connection: 3,
  /** The server has refused the handshake. */
  refused: 4,
  /** The server, or its method, has answered with an error. */
  remote: 5,
  timeout: 6,
  /** 128 and the signal's number, as for every program. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
