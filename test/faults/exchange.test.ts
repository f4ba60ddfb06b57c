import { describe, expect, test } from '@jest/globals';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { cutMemoryExchange } from './memory-exchange.js';
import { cutSocketExchange } from './socket-exchange.js';

describe('one exchange of calls and events both ways', () => {
  test('survives a cut at every byte of each direction, in memory', async () => {
    const { wrongs, cuts, bytes } = await cutMemoryExchange();
    expect(wrongs).toEqual([]);
    expect(cuts).toBe(bytes.toServer + bytes.toClient + 2);
  });

  test('survives a cut at every seventh byte of each direction, over TCP', async () => {
    const handles = countHandles();
    const { wrongs, cuts } = await cutSocketExchange('net', 7);
    expect(wrongs).toEqual([]);
    expect(cuts).toBeGreaterThan(80);
    await expectNoNewHandles(handles);
  });

  test.each(['tls', 'ws'] as const)(
    'survives a cut at some bytes of each direction, over %s',
    async (name) => {
      const { wrongs, cuts } = await cutSocketExchange(name, 61);
      expect(wrongs).toEqual([]);
      expect(cuts).toBeGreaterThan(15);
    },
  );

  test('without resume its answers are lost: a cut is seen', async () => {
    const { wrongs } = await cutMemoryExchange(20, ['stream', 'cancel']);
    expect(wrongs.join()).toContain('answersLost');
  });
});
