import type { Caller } from './caller.js';
import type { News } from './news.js';
import type { Tally } from './tally.js';

/**
 * What came of all calls and events, as lines of text.
 * @param executions how often each call ran, as it was counted in Redis
 */
export function report(
  callers: readonly Caller[],
  news: News,
  executions: ReadonlyMap<string, number>,
): string[] {
  const tallies = callers.map(({ tally }) => tally);
  const total = (numberOf: (tally: Tally) => number): number =>
    tallies.reduce((sum, tally) => sum + numberOf(tally), 0);
  const answered = tallies.flatMap((tally) => tally.answered);
  const lost = tallies.flatMap((tally) => tally.lost);
  const others = tallies.flatMap(({ otherFailures }) => otherFailures);
  const sent = [...news.sent.values()].reduce((sum, number) => sum + number, 0);
  const received = total(({ eventsReceived }) => eventsReceived);
  const twice = [...executions.values()].filter((times) => times > 1).length;
  const unrun = answered.filter((call) => !executions.has(call)).length;
  const lostButRun = lost.filter((call) => executions.has(call)).length;
  return [
    line(
      'calls',
      total(({ calls }) => calls),
    ),
    line('answered', answered.length, `${unrun} of them without having run`),
    line('failed with -1', lost.length, `${lostButRun} of them have run: the answer is lost, not the work`),
    line('failed otherwise', others.length, others.slice(0, 3).join('; ')),
    line('executions', executions.size, `${twice} of them more than once`),
    line(
      'sessions resumed',
      total(({ resumed }) => resumed),
    ),
    line(
      'sessions lost',
      total(({ sessionsLost }) => sessionsLost),
    ),
    line('events sent', sent),
    line(
      'received',
      received,
      `${total(({ eventsOutOfOrder }) => eventsOutOfOrder)} of them again or out of order`,
    ),
    line(
      'missed',
      sent - received,
      `in ${total(({ gaps }) => gaps)} gaps: sent to a user who was between two instances`,
    ),
  ];
}

function line(what: string, number: number, remark = ''): string {
  return `   ${what.padEnd(18)}${String(number).padStart(7)}   ${remark}`.trimEnd();
}
