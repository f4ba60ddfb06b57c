import { parseCall } from '../call-expression.js';
import type { Invocation } from '../command.js';
import { LISTEN_HEARTBEAT } from '../defaults.js';
import { CliError } from '../cli-error.js';
import { hangUp, serverOf } from '../dial.js';
import { parseDuration } from '../duration.js';
import { EventSink, type ReceivedEvent } from '../event-sink.js';
import { EXIT } from '../exit-codes.js';
import { shortText } from '../format-value.js';
import { countOption, flagOption, textOption, textOptions } from '../options.js';
import type { Output } from '../output.js';
import { reportReconnects } from '../report-reconnects.js';

const MAX_NAME_LENGTH = 256;

/** Runs `nestjs-jstp listen`. */
export async function runListen(invocation: Invocation): Promise<void> {
  const { positionals, values, output, signal } = invocation;
  const count = countOption(values, 'count', 1) ?? Infinity;
  const calls = textOptions(values, 'call').map(parseCall);
  const matches = matcherOf(positionals.slice(1));
  const heartbeatMs = parseDuration(textOption(values, 'heartbeat') ?? LISTEN_HEARTBEAT, 'heartbeat');
  const server = await serverOf(invocation, positionals[0]);
  let finish = (): void => undefined;
  let fail = (_error: unknown): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    [finish, fail] = [resolve, reject];
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  ended.catch(() => undefined);
  let printed = 0;
  const sink = new EventSink(async (event) => {
    if (printed >= count || !matches(event)) return;
    printed += 1;
    await printEvent(event, output);
    if (printed >= count) finish();
  });
  const comesBack = !flagOption(values, 'no-reconnect');
  const connection = await server.dial({ application: sink, comesBack, heartbeatMs });
  if (comesBack) reportReconnects(connection, output);
  else connection.once('close', () => fail(new CliError(EXIT.connection, 'The connection was lost')));
  try {
    for (const call of calls)
      await connection.callMethod(call.interfaceName, call.name, call.args, { signal });
    await ended;
  } finally {
    await hangUp(connection);
  }
}

/** Prints an event, with the time on a terminal. */
export function printEvent({ interfaceName, eventName, args }: ReceivedEvent, output: Output): Promise<void> {
  return output.either(
    () => {
      const name = output.style.strong(`${shownName(interfaceName)}.${shownName(eventName)}`);
      return `${name} ${args.map((arg) => output.formatted(arg)).join(', ')}`.trimEnd();
    },
    { interface: interfaceName, event: eventName, args },
  );
}

function shownName(name: string): string {
  return /^[\w$-]+$/.test(name) ? name.slice(0, MAX_NAME_LENGTH) : shortText(name, MAX_NAME_LENGTH);
}

function matcherOf(patterns: readonly string[]): (event: ReceivedEvent) => boolean {
  const tests = patterns.map((pattern) => {
    const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    // The event's name is left out, or follows.
    return new RegExp(`^${source.join('.*')}(\\..*)?$`, 's');
  });
  if (tests.length === 0) return () => true;
  return ({ interfaceName, eventName }) => tests.some((test) => test.test(`${interfaceName}.${eventName}`));
}
