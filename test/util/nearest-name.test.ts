import { expect, test } from '@jest/globals';
import { nearestName } from '../../lib/util/nearest-name.js';

const NAMES = [
  'host',
  'port',
  'path',
  'heartbeatInterval',
  'minDelayMs',
  'maxDelayMs',
  'resumeTimeoutMs',
  'proxyProtocol',
];

test.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['Port', 'port'],
  ['heartbeatIntervall', 'heartbeatInterval'],
  ['min', 'minDelayMs'],
  ['timeout', 'resumeTimeoutMs'],
  ['maxDelayMsecs', 'maxDelayMs'],
  ['pth', 'path'],
])('the nearest to %s is %s', (given, nearest) => {
  expect(nearestName(given, NAMES)).toBe(nearest);
});

test('there is none where there are no names', () => {
  expect(nearestName('port', [])).toBeUndefined();
});

test.each(['ca', 'authPolicy', 'reconnect', 'url'])('%s is no slip of another name', (given) => {
  expect(nearestName(given, NAMES)).toBeUndefined();
});
