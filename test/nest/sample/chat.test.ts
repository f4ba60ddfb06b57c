import { afterEach, expect, test } from '@jest/globals';
import { BadRequestException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { lastValueFrom } from 'rxjs';
import { JstpArgs, JstpClient, JstpModule, JstpServer, type Server } from '../../../lib/index.js';
import { LoginGuard } from '../../../sample/01-chat/chat/login.guard.js';
import { RoomsModule } from '../../../sample/01-chat/chat/rooms.module.js';
import type { Said } from '../../../sample/01-chat/chat/rooms.service.js';
import { Line } from '../../../sample/01-chat/line.js';
import { GatewayController } from '../../../sample/01-chat/gateway/gateway.controller.js';
import { Readers } from '../../../sample/01-chat/gateway/readers.js';
import { Closing } from '../../support/closing.js';
import { moduleOf, QUIET } from '../../support/nest-app.js';
import { LOOPBACK } from '../../support/ports.js';
import { waitFor, within } from '../../support/wait-for.js';
import { Bench } from '../client/fixture.js';

const bench = new Bench();
const closing = new Closing();
afterEach(() => closing.run());

test('the sample keeps members whose line is cut, and drops those who left', async () => {
  const options = { host: LOOPBACK, port: 0, authPolicy: LoginGuard };
  const imports = [RoomsModule, JstpModule.forRoot(options)];
  const app = await NestFactory.create(moduleOf({ imports }), QUIET);
  const server = app.get(JstpServer);
  app.connectMicroservice({ strategy: server });
  await within(app.startAllMicroservices(), 'the start');
  closing.add(() => app.close());
  const { port } = server.unwrap<Server>().address() as { port: number };
  const line = new Line(port);
  await line.mend();
  closing.add(() => line.cut());

  const connect = async (login: string, password: string, at: number) => {
    const client = new JstpClient({ app: 'chat@2.0.0', host: LOOPBACK, port: at, login, password });
    const said: unknown[] = [];
    const people: unknown[] = [];
    client.fromEvent<Said>('rooms', 'said').subscribe(({ text }) => said.push(text));
    client.fromEvent('rooms', 'people').subscribe((value) => people.push(value));
    await within(client.connect(), 'a client');
    closing.add(() => client.close());
    const call = (pattern: string, ...args: unknown[]): Promise<unknown> =>
      within(lastValueFrom(client.send<unknown, JstpArgs>(pattern, JstpArgs.of(...args))), pattern);
    return { client, said, people, call };
  };
  const alice = await connect('alice', 'wonderland', line.port);
  const bob = await connect('bob', 'builder', port);
  expect(await alice.call('rooms.join', 'kitchen')).toEqual(['alice']);
  line.cut();
  await waitFor(() => [...server.getClients()].length === 1, 'the cut');
  expect(await bob.call('rooms.join', 'kitchen')).toEqual(['alice', 'bob']);
  expect(await bob.call('rooms.say', 'kitchen', 'hello', 'id 1')).toMatchObject({
    text: 'hello',
    who: 'bob',
  });
  expect(await bob.call('rooms.say', 'kitchen', 'hello', 'id 1')).toMatchObject({ text: 'hello' });
  await line.mend();
  await waitFor(() => alice.said.length > 0, 'what was said meanwhile');
  expect([alice.said, alice.people.at(-1)]).toEqual([['hello'], ['kitchen', ['alice', 'bob']]]);
  await alice.client.close();
  await waitFor(() => bob.people.length === 2, 'the word of the end');
  expect(bob.people).toEqual([
    ['kitchen', ['alice', 'bob']],
    ['kitchen', ['bob']],
  ]);
});

test.each([undefined, '', 5])('the gateway of the sample refuses the text %j', (text) => {
  const gateway = new GatewayController(bench.client(1), new Readers());
  expect(() => gateway.say('kitchen', text)).toThrow(BadRequestException);
});
