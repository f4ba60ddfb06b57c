import { parseArgs } from 'node:util';
import { Logger } from '@nestjs/common';
import { runShutdowns, type ShutdownReport } from './shutdowns.js';

const USAGE = `npm run test:shutdown -- [--times 50] [--protocol jstp,tcp]

A server gets SIGTERM under load, again and again, and the next one takes its place at the same port.
  jstp   this package: nothing may be lost
  tcp    Nest's own TCP transport, as a control: it does lose calls`;

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '50' },
    protocol: { type: 'string', default: 'jstp,tcp' },
    help: { type: 'boolean', default: false },
  },
});

function show(report: ShutdownReport): void {
  const { protocol, times, calls, streams, events, lost, exits, exitMs } = report;
  const sorted = exitMs.map(Math.round).sort((one, other) => one - other);
  console.log(
    [
      `${protocol}: ${times} times SIGTERM, ${calls} calls, ${streams} streams and ${events} events, ${(report.ms / 1000).toFixed(1)} s`,
      `  lost calls and streams ${report.lostCount}, lost events ${report.eventsLost}, ran twice ${report.ranTwice}, ran on after the shutdown ${report.ranLate}`,
      `  ${exits} of ${times + 1} processes ended by themselves, after ${sorted[Math.floor(sorted.length / 2)] ?? '-'} ms (median), ${sorted.at(-1) ?? '-'} ms (longest)`,
      ...[...lost].map(([text, count]) => `  ${count} x ${text}`),
    ].join('\n'),
  );
}

// What the clients of the control log at each end would hide the report.
Logger.overrideLogger(false);
if (values.help) console.log(USAGE);
else {
  const times = Number(values.times);
  const protocols = values.protocol.split(',').filter((name) => name === 'jstp' || name === 'tcp');
  if (!Number.isSafeInteger(times) || times < 1 || protocols.length === 0) throw new Error(USAGE);
  for (const protocol of protocols) {
    const report = await runShutdowns(protocol, times);
    show(report);
    const isWell =
      report.lostCount + report.eventsLost + report.ranTwice + report.ranLate === 0 &&
      report.exits === times + 1;
    if (protocol === 'jstp' && !isWell) process.exitCode = 1;
  }
}
