import { expect, test } from '@jest/globals';
import { net } from '../../../lib/core.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor } from '../../support/wait-for.js';
import { Bench } from './fixture.js';

const bench = new Bench();

// Type-checked: no casts here.
test('a proxy of the core is called and listened to without a cast', async () => {
  const { server, port } = await bench.serve();
  const { connection, proxies } = await net.connectAndInspect('app', null, ['calc'], port, LOOPBACK);
  bench.ends(() => connection.close());
  const { calc } = proxies;
  expect(await calc.add(1, 2)).toBe(3);
  const heard: string[] = [];
  const listener = (text: string, count: number): void => {
    heard.push(text.repeat(count));
  };
  calc.on('said', listener);
  server.broadcast('calc', 'said', 'ab', 2);
  await waitFor(() => heard.length > 0, 'the event');
  calc.off('said', listener);
  calc.emit('said', 'not heard', 1);
  expect(heard).toEqual(['abab']);
});
