import { expect, test } from '@jest/globals';
import { timeAccountOf } from '../../lib/connection/time-accounts.js';

test('connections of one address, or of one /64 of IPv6, share their time, and others have their own', () => {
  const account = timeAccountOf('192.0.2.1');
  account.used = 7;
  expect(timeAccountOf('192.0.2.1')).toBe(account);
  expect(timeAccountOf('::ffff:192.0.2.1')).toBe(account);
  expect(timeAccountOf('192.0.2.2')).not.toBe(account);
  expect(timeAccountOf('2001:db8::1')).toBe(timeAccountOf('2001:db8::2'));
  expect(timeAccountOf('2001:db8::1')).not.toBe(timeAccountOf('2001:db8:0:1::1'));
  expect(timeAccountOf(undefined)).toBe(timeAccountOf(undefined));
});

test('a limited number of addresses is remembered', () => {
  const account = timeAccountOf('192.0.2.3');
  for (let n = 0; n < 20_000; n++) timeAccountOf(`10.0.${String(n >> 8)}.${String(n & 255)}`);
  expect(timeAccountOf('192.0.2.3')).not.toBe(account);
});

test('an address that is asked for is remembered, however many others come', () => {
  const account = timeAccountOf('192.0.2.4');
  for (let n = 0; n < 40_000; n++) {
    timeAccountOf(`10.1.${String(n >> 8)}.${String(n & 255)}`);
    if (n % 1000 === 0) expect(timeAccountOf('192.0.2.4')).toBe(account);
  }
});
