import { describe } from '@jest/globals';
import { describeApplications } from './applications.js';
import { describeClientSurface } from './client-surface.js';
import { describeErrors } from './errors.js';
import { describeEvents } from './events.js';
import { describeFilters } from './filters.js';
import { describeGuards } from './guards.js';
import { describeHooks } from './hooks.js';
import { describeInterceptors } from './interceptors.js';
import { describeLifecycle } from './lifecycle.js';
import { describeLoad } from './load.js';
import { describeMetadata } from './metadata.js';
import { describeParams } from './params.js';
import { describePatterns } from './patterns.js';
import { describePayloads } from './payloads.js';
import { describeReconnect } from './reconnect.js';
import { describeRequestScope } from './request-scope.js';
import { describeResults } from './results.js';
import { describeSerializers } from './serializers.js';
import { describeServerSurface } from './server-surface.js';
import { describeStreams } from './streams.js';
import type { TransportUnderTest } from './transport-under-test.js';

const GROUPS = [
  describePatterns,
  describePayloads,
  describeResults,
  describeStreams,
  describeErrors,
  describeFilters,
  describeGuards,
  describeInterceptors,
  describeParams,
  describeRequestScope,
  describeEvents,
  describeServerSurface,
  describeClientSurface,
  describeReconnect,
  describeLoad,
  describeSerializers,
  describeHooks,
  describeMetadata,
  describeApplications,
  describeLifecycle,
];

/** Everything that a user of Nest's TCP transport relies on, demanded of `transport`. */
export function describeTransportContract(transport: TransportUnderTest): void {
  describe(`${transport.name} as a transport of Nest`, () => {
    for (const describeGroup of GROUPS) describeGroup(transport);
  });
}
