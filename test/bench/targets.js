import { FEATURES } from '../tools/browser-size.js';

/** @import { Target } from './types.js' */

/** What else pages import; `createClient` has a target. */
const BROWSER_FEATURES = Object.keys(FEATURES).filter((name) => name !== 'createClient');

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

const LOWER = /** @type {const} */ ('lower');
const NEST_AND_TCP = { of: 'nest', to: 'nest-tcp' };
const CORE_AND_REFERENCE = { of: 'core', to: 'reference' };
const CODEC = { of: 'jstp', to: 'json', value: 'nanoseconds', better: /** @type {const} */ ('lower') };
const P99 = { value: 'p99Us', better: LOWER };
const CALLS = { value: 'perSecond', better: /** @type {const} */ ('higher') };
/** What is on by default, beside the same without it. */
const DEFAULTS_COMPARED = /** @type {const} */ ([
  ['core-defaults', 'core-off', 'the core'],
  ['nest-defaults', 'nest-off', 'through Nest'],
]);
const ROOM_AND_EACH = { of: 'room', to: 'each', better: LOWER };
const ROOM_PARTS = /** @type {const} */ ([
  ['100 characters', 'room-100'],
  ['2,000 characters', 'room-2000'],
]);
const IMPORTED_ENTRIES = /** @type {const} */ ([
  ['nestjs-jstp', 'root'],
  ['nestjs-jstp/client', 'client'],
  ['nestjs-jstp/core', 'core'],
  ['nestjs-jstp/testing', 'testing'],
]);
const IMPORT_VALUES = /** @type {const} */ ([
  ['processor time', 'cpuMs'],
  ['memory', 'memoryMiB'],
]);

/** The targets, line by line; ratios within a round. */
export const TARGETS = [
  ...line(
    { name: 'calls-nest-tcp', metric: "calls/s through Nest vs Nest's TCP", ...NEST_AND_TCP, ...CALLS },
    [
      ['64 in flight', 'calls-64', 3.3, 5],
      ['256 in flight', 'calls-256', 3.5, 5],
      ['50 connections', 'calls-50-connections', 4.5, 5.5],
      ['1000 connections', 'connections-1000', 2.5, 3],
    ],
  ),
  ...line(
    {
      name: 'p99-core',
      metric: "p99 of the core's calls vs the floor's",
      of: 'core',
      to: 'floor',
      ...P99,
    },
    [
      ['64 in flight', 'calls-64', 2, 1.5],
      ['256 in flight', 'calls-256', 2, 1.5],
    ],
  ),
  ...line(
    { name: 'p99-nest', metric: "p99 of calls through Nest vs the floor's", of: 'nest', to: 'floor', ...P99 },
    [
      ['64 in flight', 'calls-64', 3, 2],
      ['256 in flight', 'calls-256', 3, 2],
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
      ['64 in flight', 'calls-64', 4, 5.5],
      ['256 in flight', 'calls-256', 4.5, 6],
      ['50 connections', 'calls-50-connections', 2.5, 3],
    ],
  ),
  ...line(
    { name: 'calls-floor', metric: 'calls/s of the core vs the floor', of: 'core', to: 'floor', ...CALLS },
    [
      ['64 in flight', 'calls-64', 1.2, 1.6],
      ['256 in flight', 'calls-256', 1.2, 1.6],
    ],
  ),
  ...line(
    { name: 'cpu', metric: "CPU a call vs Nest's TCP", ...NEST_AND_TCP, value: 'cpuUs', better: LOWER },
    [
      ['64 in flight', 'calls-64', 0.3, 0.22],
      ['256 in flight', 'calls-256', 0.3, 0.22],
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
    [['both on one core', 'one-at-a-time', 0.62, 0.5]],
  ),
  ...line({ name: 'events', metric: "events/s vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['batches with a call behind', 'events', 18, 25],
    ['a flood', 'events-flood', 8, 12],
  ]),
  ...line({ name: 'payload-nest-tcp', metric: "payload vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['1 KiB', 'text-1k', 2.2, 3.5],
    ['64 KiB', 'text-64k', 2, 3.5],
    ['1 MiB', 'text-1m', 2, 3],
  ]),
  ...line({ name: 'rows-nest-tcp', metric: "payload of rows vs Nest's TCP", ...NEST_AND_TCP, ...CALLS }, [
    ['1 KiB', 'rows-1k', 1.3, 2],
    ['64 KiB', 'rows-64k', 1.2, 1.6],
    ['1 MiB', 'rows-1m', 1.2, 1.6],
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
  // Of like kind: Socket.IO's process has no Nest in it, whose heap each full collection goes through.
  ...line(
    {
      name: 'bytes-core-socket-io',
      metric: 'bytes of the core vs Socket.IO',
      of: 'core',
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
      name: 'bytes-core-ws-socket-io',
      metric: 'bytes of the core over ws vs Socket.IO',
      of: 'core-ws',
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
      ['1 KiB', 'text-1k', 25, 50],
      ['64 KiB', 'text-64k', 12, 20],
      ['1 MiB', 'text-1m', 40, 60],
    ],
  ),
  ...line({ name: 'parse', metric: 'parse MDSF vs JSON.parse of the same value (time)', ...CODEC }, [
    ['small call', 'parse-small', 0.65, 0.5],
    ['object', 'parse-object', 1, 0.8],
    ['rows', 'parse-rows', 1.1, 0.95],
    ['numbers', 'parse-numbers', 1.3, 1],
  ]),
  ...line({ name: 'parse-json', metric: 'parse JSON text vs JSON.parse (time)', ...CODEC }, [
    ['rows', 'parse-json', 1, 0.9],
  ]),
  ...line({ name: 'stringify', metric: 'stringify vs JSON.stringify (time)', ...CODEC }, [
    ['small call', 'stringify-small', 0.6, 0.5],
    ['object', 'stringify-object', 1, 0.85],
    ['rows', 'stringify-rows', 1.1, 1],
  ]),
  ...line({ name: 'string', metric: '1 MiB string vs JSON (time, without decoding)', ...CODEC }, [
    ['parse', 'parse-string', 0.2, 0.03],
    ['stringify', 'stringify-string', 0.05, 0.03],
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
    [['the core', 'idle', 1.85, 1.5]],
  ),
  ...line(
    {
      name: 'heap-nest-tcp',
      metric: "heap of an idle connection vs Nest's TCP",
      ...NEST_AND_TCP,
      value: 'heapBytes',
      better: LOWER,
    },
    [['through Nest', 'idle', 0.7, 0.6]],
  ),
  ...line(
    {
      name: 'setup-later-socket',
      metric: 'server CPU of a set-up, code compiled, vs a bare socket',
      of: 'core',
      to: 'socket',
      value: 'laterSetUpCpuUs',
      better: LOWER,
    },
    [['the core', 'idle', 1.8, 1.4]],
  ),
  ...line(
    {
      name: 'setup-later-reference',
      metric: 'server CPU of a set-up, code compiled, vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      value: 'laterSetUpCpuUs',
      better: LOWER,
    },
    [['the core', 'idle', 0.45, 0.35]],
  ),
  ...line(
    {
      name: 'resume-time',
      metric: 'resume with 10,000 buffered messages vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      value: 'timeMs',
      better: LOWER,
    },
    [['time', 'resume', 0.25, 0.15]],
  ),
  ...line(
    {
      name: 'resume-cpu',
      metric: 'resume with 10,000 buffered messages vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      value: 'cpuUs',
      better: LOWER,
    },
    [['client CPU', 'resume', 0.33, 0.2]],
  ),
  ...DEFAULTS_COMPARED.flatMap(([of, to, part]) => [
    ...line(
      {
        name: `defaults-calls-${to}`,
        metric: 'calls/s with the defaults vs all limits and heartbeats off',
        of,
        to,
        ...CALLS,
      },
      [[part, 'defaults', 0.97, 1]],
    ),
    ...line(
      {
        name: `defaults-cpu-${to}`,
        metric: 'CPU a call with the defaults vs all limits and heartbeats off',
        of,
        to,
        value: 'cpuUs',
        better: LOWER,
      },
      [[part, 'defaults', 1.03, 1]],
    ),
  ]),
  ...IMPORTED_ENTRIES.flatMap(([of, name]) =>
    IMPORT_VALUES.map(([part, value]) => ({
      id: `import-${name}-${part.replaceAll(' ', '-')}`,
      metric: `import of ${of} vs @nestjs/microservices`,
      part,
      cell: 'import',
      value,
      of,
      to: '@nestjs/microservices',
      better: LOWER,
      must: 1.3,
      aim: 1.15,
    })),
  ),
  ...line(
    {
      name: 'browser-client',
      metric: 'createClient of nestjs-jstp/browser',
      of: 'createClient',
      value: 'gzippedBytes',
      better: LOWER,
    },
    [['gzipped, bytes', 'browser', 20_000, 18_000]],
  ),
];

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
  ...line(
    {
      name: 'setup-later-greeting',
      metric: 'server CPU of a set-up, code compiled, vs a bare socket that greets',
      of: 'core',
      to: 'greeting',
      value: 'laterSetUpCpuUs',
      better: LOWER,
    },
    [['the core', 'idle']],
  ),
  ...line(
    {
      name: 'setup-later-nest-tcp',
      metric: "server CPU of a set-up, code compiled, vs Nest's TCP",
      ...NEST_AND_TCP,
      value: 'laterSetUpCpuUs',
      better: LOWER,
    },
    [['through Nest', 'idle']],
  ),
  ...[
    ['socket', 'a bare socket'],
    ['reference', '@metarhia/jstp'],
  ].flatMap(([to, name]) => [
    ...line(
      {
        name: `setup-first-${to}`,
        metric: `server CPU of the first 1,000 set-ups vs ${name}`,
        of: 'core',
        to,
        value: 'firstSetUpCpuUs',
        better: LOWER,
      },
      [['the core', 'idle']],
    ),
    ...line(
      {
        name: `setup-${to}`,
        metric: `server CPU of the set-ups after them vs ${name}`,
        of: 'core',
        to,
        value: 'setUpCpuUs',
        better: LOWER,
      },
      [['the core', 'idle']],
    ),
  ]),
  ...[
    ['time', 'time until all are back', 'timeMs'],
    ['cpu', 'server CPU', 'serverCpuUs'],
    ['p99', 'p99 of the calls of others meanwhile', 'p99Us'],
  ].flatMap(([name, part, value]) =>
    line(
      {
        name: `storm-${name}`,
        metric: 'all sessions come back at once, vs @metarhia/jstp',
        ...CORE_AND_REFERENCE,
        value,
        better: LOWER,
      },
      [[part, 'storm']],
    ),
  ),
  ...line(
    {
      name: 'room-cpu',
      metric: 'CPU of an event to a room vs to each member by itself',
      ...ROOM_AND_EACH,
      value: 'cpuUs',
    },
    ROOM_PARTS,
  ),
  ...line(
    {
      name: 'room-heap',
      metric: 'heap of an event that waits in the journals of a room vs to each by itself',
      ...ROOM_AND_EACH,
      value: 'heldBytes',
    },
    ROOM_PARTS,
  ),
  ...line(
    {
      name: 'room-member',
      metric: 'an event to a room, server CPU a member, µs',
      of: 'room',
      value: 'cpuUs',
      better: LOWER,
    },
    ROOM_PARTS,
  ),
  ...BROWSER_FEATURES.map((of) => ({
    id: `browser-${of.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`,
    metric: 'size for a page that imports, gzipped, bytes',
    part: of,
    cell: 'browser',
    value: 'gzippedBytes',
    of,
    better: LOWER,
  })),
  ...line(
    {
      name: 'flood-floor',
      metric: 'events/s in a flood, the core vs the floor',
      of: 'core',
      to: 'floor',
      ...CALLS,
    },
    [['16 B', 'events-flood']],
  ),
  ...line(
    {
      name: 'flood-reference',
      metric: 'events/s in a flood, the core vs @metarhia/jstp',
      ...CORE_AND_REFERENCE,
      ...CALLS,
    },
    [['16 B', 'events-flood']],
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
    [1, 10, 100, 10_000].map((count) => [`${count} connections`, `connections-${count}`]),
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
