/** @import { Target } from './types.js' */

/**
 * A line of the table: parts with what must be reached, and what is aimed at. No wish: it is measured only.
 * @param {Omit<Target, 'id' | 'part' | 'cell' | 'must' | 'aim'> & { name: string }} common
 * @param {readonly (readonly [part: string, cell: string, must?: number, aim?: number])[]} parts
 * @returns {Target[]}
 */
function line({ name, ...common }, parts) {
  return parts.map(([part, cell, must, aim]) => {
    const id = parts.length === 1 ? name : `${name}-${part.toLowerCase().replaceAll(' ', '-')}`;
    return { ...common, id, part, cell, must, aim };
  });
}

const NEST_AND_TCP = { of: 'nest', to: 'nest-tcp' };
const CORE_AND_REFERENCE = { of: 'core', to: 'reference' };
const CODEC = { of: 'jstp', to: 'json', value: 'nanoseconds', better: /** @type {const} */ ('lower') };
const CALLS = { value: 'perSecond', better: /** @type {const} */ ('higher') };
const LOWER = /** @type {const} */ ('lower');

/** The targets, line by line; ratios within a round. */
export const TARGETS = [
  ...line(
    { name: 'calls-nest-tcp', metric: "calls/s through Nest vs Nest's TCP", ...NEST_AND_TCP, ...CALLS },
    [
      ['64 in flight', 'calls-64', 2.2, 3],
      ['256 in flight', 'calls-256', 2.8, 4],
      ['50 connections', 'calls-50-connections', 3.5, 5.5],
    ],
  ),
  ...line(
    {
      name: 'calls-reference',
      metric: 'calls/s of the core vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      ...CALLS,
    },
    [
      ['64 in flight', 'calls-64', 1.8, 2.5],
      ['256 in flight', 'calls-256', 2, 3],
      ['50 connections', 'calls-50-connections', 1.7, 2.5],
    ],
  ),
  ...line(
    { name: 'calls-floor', metric: 'calls/s of the core vs the floor', of: 'core', to: 'floor', ...CALLS },
    [
      ['64 in flight', 'calls-64', 0.8, 1],
      ['256 in flight', 'calls-256', 0.8, 1],
    ],
  ),
  ...line(
    { name: 'cpu', metric: "CPU a call vs Nest's TCP", ...NEST_AND_TCP, value: 'cpuUs', better: LOWER },
    [
      ['64 in flight', 'calls-64', 0.35, 0.25],
      ['256 in flight', 'calls-256', 0.35, 0.2],
    ],
  ),
  ...line(
    {
      name: 'latency',
      metric: "one call at a time, p50 vs Nest's TCP",
      ...NEST_AND_TCP,
      value: 'p50Us',
      better: LOWER,
    },
    [['both on one core', 'one-at-a-time', 0.75, 0.6]],
  ),
  ...line({ name: 'events', metric: "events/s vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['16 B', 'events', 4, 6],
  ]),
  ...line({ name: 'payload-nest-tcp', metric: "payload vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['1 KiB', 'text-1k', 1.6, 2],
    ['64 KiB', 'text-64k', 1.6, 2.3],
    ['1 MiB', 'text-1m', 1.2, 1.6],
  ]),
  ...line({ name: 'bytes-nest-tcp', metric: "bytes vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['64 KiB', 'bytes-64k', 3, 10],
    ['1 MiB', 'bytes-1m', 3, 10],
  ]),
  ...line({ name: 'bytes-socket-io', metric: 'bytes vs Socket.IO', of: 'nest', to: 'socket-io', ...CALLS }, [
    ['64 KiB', 'bytes-64k', 1, 1.5],
    ['1 MiB', 'bytes-1m', 1, 1.5],
  ]),
  ...line(
    {
      name: 'bytes-ws-socket-io',
      metric: 'bytes over ws vs Socket.IO',
      of: 'nest-ws',
      to: 'socket-io',
      ...CALLS,
    },
    [
      ['64 KiB', 'bytes-64k', 1, 1.5],
      ['1 MiB', 'bytes-1m', 1, 1.5],
    ],
  ),
  ...line(
    {
      name: 'bytes-floor-socket-io',
      metric: 'raw bytes on a bare socket vs Socket.IO',
      of: 'floor-bytes',
      to: 'socket-io',
      ...CALLS,
    },
    [
      ['64 KiB', 'bytes-64k'],
      ['1 MiB', 'bytes-1m'],
    ],
  ),
  ...line(
    {
      name: 'payload-reference',
      metric: 'payload, the core vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      ...CALLS,
    },
    [
      ['1 KiB', 'text-1k', 4, 5],
      ['64 KiB', 'text-64k', 10, 16],
      ['1 MiB', 'text-1m', 25, 40],
    ],
  ),
  ...line({ name: 'parse', metric: 'parse MDSF vs JSON.parse of the same value (time)', ...CODEC }, [
    ['small call', 'parse-small', 0.85, 0.65],
    ['object', 'parse-object', 1.3, 1],
    ['rows', 'parse-rows', 1.5, 1.2],
    ['numbers', 'parse-numbers', 1.7, 1.3],
  ]),
  ...line({ name: 'parse-json', metric: 'parse JSON text vs JSON.parse (time)', ...CODEC }, [
    ['rows', 'parse-json', 1.1, 1],
  ]),
  ...line({ name: 'stringify', metric: 'stringify vs JSON.stringify (time)', ...CODEC }, [
    ['small call', 'stringify-small', 0.8, 0.6],
    ['object', 'stringify-object', 1.15, 1],
    ['rows', 'stringify-rows', 1.3, 1],
  ]),
  ...line({ name: 'string', metric: '1 MiB string vs JSON (time, without decoding)', ...CODEC }, [
    ['parse', 'parse-string', 0.2, 0.03],
    ['stringify', 'stringify-string', 0.2, 0.04],
  ]),
  ...line(
    {
      name: 'framing',
      metric: '8 MiB message vs 1 MiB (time)',
      of: '8 MiB',
      to: '1 MiB',
      value: 'nanoseconds',
      better: LOWER,
    },
    [['in 1 KiB chunks', 'framing', 10, 8]],
  ),
  ...line(
    {
      name: 'heap-socket',
      metric: 'heap of an idle connection vs a bare net.Socket',
      of: 'core',
      to: 'socket',
      value: 'heapBytes',
      better: LOWER,
    },
    [['the core', 'idle', 1.8, 1.5]],
  ),
  ...line(
    {
      name: 'heap-nest-tcp',
      metric: "heap of an idle connection vs Nest's TCP",
      ...NEST_AND_TCP,
      value: 'heapBytes',
      better: LOWER,
    },
    [['through Nest', 'idle', 0.85, 0.7]],
  ),
  ...line(
    {
      name: 'setup-socket',
      metric: "server CPU of a connection's set-up vs a bare socket",
      of: 'core',
      to: 'socket',
      value: 'setUpCpuUs',
      better: LOWER,
    },
    [['the core', 'idle', 1.5, 1.2]],
  ),
  ...line(
    {
      name: 'setup-reference',
      metric: "server CPU of a connection's set-up vs @metarhia/jstp",
      ...CORE_AND_REFERENCE,
      value: 'setUpCpuUs',
      better: LOWER,
    },
    [['the core', 'idle', 0.4, 0.27]],
  ),
  ...line(
    {
      name: 'resume-time',
      metric: 'resume with 10,000 buffered messages vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      value: 'timeMs',
      better: LOWER,
    },
    [['time', 'resume', 0.35, 0.17]],
  ),
  ...line(
    {
      name: 'resume-cpu',
      metric: 'resume with 10,000 buffered messages vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      value: 'cpuUs',
      better: LOWER,
    },
    [['client CPU', 'resume', 0.3, 0.12]],
  ),
];

/** @type {Readonly<Record<string, string>>} */
const LATER_NAMES = {
  socket: 'a bare socket',
  greeting: 'a bare socket that greets',
  reference: '@metarhia/jstp',
  'nest-tcp': "Nest's TCP",
};

/** What is measured beside, and nothing is wanted of. */
export const BESIDE = [
  ...line(
    {
      name: 'calls-nest-reference',
      metric: 'calls/s through Nest vs @metarhia/jstp',
      of: 'nest',
      to: 'reference',
      ...CALLS,
    },
    [
      ['64 in flight', 'calls-64'],
      ['256 in flight', 'calls-256'],
      ['50 connections', 'calls-50-connections'],
    ],
  ),
  ...line(
    {
      name: 'calls-nats',
      metric: "calls/s through Nest vs Nest's NATS",
      of: 'nest',
      to: 'nest-nats',
      ...CALLS,
    },
    [
      ['64 in flight', 'calls-64'],
      ['256 in flight', 'calls-256'],
    ],
  ),
  ...line(
    {
      name: 'calls-redis',
      metric: "calls/s through Nest vs Nest's Redis",
      of: 'nest',
      to: 'nest-redis',
      ...CALLS,
    },
    [
      ['64 in flight', 'calls-64'],
      ['256 in flight', 'calls-256'],
    ],
  ),
  ...line({ name: 'rows-nest-tcp', metric: "payload of rows vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['1 KiB', 'rows-1k'],
    ['64 KiB', 'rows-64k'],
    ['1 MiB', 'rows-1m'],
  ]),
  ...line(
    {
      name: 'rows-reference',
      metric: 'payload of rows, the core vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      ...CALLS,
    },
    [
      ['1 KiB', 'rows-1k'],
      ['64 KiB', 'rows-64k'],
      ['1 MiB', 'rows-1m'],
    ],
  ),
  ...line(
    {
      name: 'heap-greeting',
      metric: 'heap of an idle connection vs a bare socket that greets',
      of: 'core',
      to: 'greeting',
      value: 'heapBytes',
      better: LOWER,
    },
    [['the core', 'idle']],
  ),
  ...line(
    {
      name: 'setup-greeting',
      metric: "server CPU of a connection's set-up vs a bare socket that greets",
      of: 'core',
      to: 'greeting',
      value: 'setUpCpuUs',
      better: LOWER,
    },
    [['the core', 'idle']],
  ),
  ...line(
    {
      name: 'setup-greeting-socket',
      metric: 'the same of a bare socket that greets vs one that is only accepted',
      of: 'greeting',
      to: 'socket',
      value: 'setUpCpuUs',
      better: LOWER,
    },
    [['set-up', 'idle']],
  ),
  ...line(
    {
      name: 'setup-greeting-reference',
      metric: 'the same of a bare socket that greets vs @metarhia/jstp',
      of: 'greeting',
      to: 'reference',
      value: 'setUpCpuUs',
      better: LOWER,
    },
    [['set-up', 'idle']],
  ),
  ...[
    { of: 'core', to: 'socket' },
    { of: 'core', to: 'greeting' },
    { of: 'core', to: 'reference' },
    { of: 'nest', to: 'nest-tcp' },
  ].flatMap(({ of, to }) =>
    line(
      {
        name: `setup-later-${to}`,
        metric: `server CPU of a set-up, after the idle ones, vs ${LATER_NAMES[to]}`,
        of,
        to,
        value: 'laterSetUpCpuUs',
        better: LOWER,
      },
      [[of === 'nest' ? 'through Nest' : 'the core', 'idle']],
    ),
  ),
  ...line({ name: 'string-bytes', metric: '1 MiB string vs JSON (time, from bytes)', ...CODEC }, [
    ['parse', 'parse-string-bytes'],
  ]),
  ...line(
    {
      name: 'tls',
      metric: 'calls/s of the core vs the floor over tls',
      of: 'core-tls',
      to: 'floor-tls',
      ...CALLS,
    },
    [
      ['64 in flight', 'tls-64'],
      ['256 in flight', 'tls-256'],
    ],
  ),
  ...line(
    {
      name: 'ws',
      metric: 'calls/s of the core vs the floor over ws',
      of: 'core-ws',
      to: 'floor-ws',
      ...CALLS,
    },
    [
      ['64 in flight', 'ws-64'],
      ['256 in flight', 'ws-256'],
    ],
  ),
  ...line(
    {
      name: 'connections',
      metric: "calls/s through Nest vs Nest's TCP, 256 in flight over",
      ...NEST_AND_TCP,
      ...CALLS,
    },
    [1, 10, 100, 1000, 10_000].map((count) => [`${count} connections`, `connections-${count}`]),
  ),
  ...line(
    {
      name: 'handlers',
      metric: "calls/s through Nest vs Nest's TCP, 256 in flight to",
      ...NEST_AND_TCP,
      ...CALLS,
    },
    [10, 100, 1000, 10_000].map((count) => [`${count} handlers`, `handlers-${count}`]),
  ),
];
