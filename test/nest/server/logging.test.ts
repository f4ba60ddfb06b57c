import { expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JstpClient } from '../../../lib/index.js';
import { bundleProgram, startProgram } from '../../support/bundled-program.js';
import { Closing } from '../../support/closing.js';
import { isNest12 } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { atEnd } from './fixture.js';

Logger.overrideLogger(false);

const SECRET = 'swordfish';

test('a call of another process is in the log by its user and its id, and its access without its secrets', async () => {
  const closing = new Closing();
  atEnd(() => closing.run());
  const program = await bundleProgram({ file: 'test/nest/server/logging-program.ts' }, closing);
  const child = startProgram(program, [], closing);
  let port = 0;
  const texts: string[] = [];
  child.on('message', (message) => {
    if (typeof message === 'number') port = message;
    else texts.push(message as string);
  });
  await waitFor(() => port > 0, 'the port');
  const client = new JstpClient({
    host: LOOPBACK,
    port,
    login: 'ann',
    password: SECRET,
    interceptors: [(call, next) => next({ ...call, metadata: { requestId: 'r-7' } })],
  });
  closing.add(() => client.close());
  expect(await within(client.call('work', 'do', SECRET), 'an answer')).toBe(SECRET);

  const linesWith = (part: string): unknown[] =>
    texts.filter((text) => text.includes(part)).map((text) => JSON.parse(text) as unknown);
  await waitFor(() => linesWith('JstpAccess').length > 0, 'the access log');
  // The logger of each message, by hooks that Nest 11 has not.
  const ofTheMessage = isNest12 ? { user: 'ann', requestId: 'r-7' } : {};
  expect(linesWith('"msg":"done"')).toMatchObject([ofTheMessage]);
  expect(linesWith('JstpAccess')).toMatchObject([
    {
      context: 'JstpAccess',
      type: 'call',
      application: 'jstp@1.0.0',
      interface: 'work',
      method: 'do',
      code: 0,
      remoteAddress: LOOPBACK,
      user: 'ann',
    },
  ]);
  expect(texts.join('')).not.toContain(SECRET);
});
