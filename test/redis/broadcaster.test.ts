import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Application, SimpleConnectPolicy, type AuthPolicyFunction, type Server } from '../../lib/core.js';
import type { JstpServer } from '../../lib/index.js';
import { RedisBroadcaster, type BroadcastTarget } from '../../lib/redis/index.js';
import { createMemoryEntry, cutLine } from '../../lib/testing/index.js';
import { Closing } from '../support/closing.js';
import { countHandles, expectNoNewHandles } from '../support/open-handles.js';
import { turns } from '../support/quiet.js';
import { watchProcess, type ProcessWatch } from '../support/real-process.js';
import { waitFor, within } from '../support/wait-for.js';
import { PACKAGES, RedisServer, type PackageName } from './redis-server.js';

/** Both kinds of servers are taken: checked by tsc. */
export const TAKEN = (core: Server, nest: JstpServer): BroadcastTarget[] => [core, nest];

let closing: Closing;
let server: RedisServer;
let watch: ProcessWatch;
beforeEach(async () => {
  watch = watchProcess();
  closing = new Closing();
  server = await RedisServer.start(closing);
});
afterEach(async () => {
  await closing.run();
  watch.stop();
  expect(watch.failures).toEqual([]);
});

/** One of several servers: a core server with a broadcaster on a connection of its own. */
class Site {
  readonly errors: unknown[] = [];
  private readonly entry = createMemoryEntry();
  private port = 0;

  private constructor(
    readonly core: Server,
    readonly broadcaster: RedisBroadcaster,
    errors: unknown[],
  ) {
    this.errors = errors;
  }

  static async start(name: PackageName = 'redis'): Promise<Site> {
    const entry = createMemoryEntry();
    const authPolicy: AuthPolicyFunction = (_connection, _application, _strategy, credentials, callback) =>
      callback(null, (credentials as string[])[0]);
    const core = entry.createServer({ applications: [new Application('app', {})], authPolicy });
    await new Promise<void>((resolve) => core.listen(0, resolve));
    const { redis } = await server.connect(name);
    const errors: unknown[] = [];
    const options = { commandTimeoutMs: 300, onError: (error: unknown) => errors.push(error) };
    const broadcaster = new RedisBroadcaster(redis, options);
    const site = new Site(core, broadcaster, errors);
    Object.assign(site, { entry, port: (core.address() as { port: number }).port });
    closing.add(() => {
      broadcaster.close();
      core.closeConnections();
      core.close();
    });
    return site;
  }

  /** A client, and the events that it gets. */
  async client(login?: string): Promise<unknown[][]> {
    return (await this.connect(login)).events;
  }

  /** The same, and what cuts its line and brings it back. */
  async connect(login?: string): Promise<{ events: unknown[][]; cut(): void; comeBack(): Promise<unknown> }> {
    const events: unknown[][] = [];
    const policy = login === undefined ? {} : { connectPolicy: new SimpleConnectPolicy(login, 'password') };
    const options = { ...policy, reconnector: () => undefined };
    const connection = await within(this.entry.connect('app', options, this.port), 'a client');
    connection.on('event', (interfaceName, event, args) =>
      events.push([interfaceName, event, ...(args as unknown[])]),
    );
    closing.add(() => connection.close());
    return {
      events,
      cut: () => cutLine(connection),
      comeBack: () => within(this.entry.reconnect(connection, this.port), 'the resume'),
    };
  }
}

/** What was told by now has come: what each site tells after it has, which leaves no trace. */
async function allCame(sites: readonly Site[], clients: readonly unknown[][][]): Promise<void> {
  for (const { broadcaster } of sites) await broadcaster.broadcast('marks', 'mark');
  const isMark = ([interfaceName]: unknown[]): boolean => interfaceName === 'marks';
  await waitFor(
    () => clients.every((events) => events.filter(isMark).length === sites.length),
    'the marks of all sites',
  );
  for (const events of clients) events.splice(0, events.length, ...events.filter((event) => !isMark(event)));
}

describe.each(PACKAGES)('over %s', (name) => {
  test('an event reaches the clients of all servers, each once, as it is on the wire', async () => {
    const sites = [await Site.start(name), await Site.start(name)];
    const clients = [await sites[0].client(), await sites[0].client('ann'), await sites[1].client()];
    for (const { broadcaster, core } of sites) {
      await broadcaster.attach(core);
      await broadcaster.attach(core);
    }
    const args = [
      1,
      undefined,
      null,
      'x\u0000\u{1F600}',
      { nested: [NaN, -0] },
      new Date(0),
      Buffer.from('hi'),
    ];
    await sites[0].broadcaster.broadcast('chat', 'said', ...args);
    await sites[1].broadcaster.broadcast('chat', 'done');
    await waitFor(() => clients.every((events) => events.length > 1), 'the events');
    const local = await sites[0].client('local');
    sites[0].core.broadcast('chat', 'said', ...args);
    await waitFor(() => local.length > 0, 'the event of one server');
    await allCame(sites, [...clients, local]);
    const said = local.find(([, event]) => event === 'said');
    expect(said).toHaveLength(2 + args.length);
    for (const events of clients.slice(2)) expect(events).toEqual([said, ['chat', 'done']]);
    for (const events of clients.slice(0, 2)) expect(events).toEqual([said, ['chat', 'done'], said]);
  });

  test('an event for a user reaches the clients of that user alone, on all servers', async () => {
    const sites = [await Site.start(name), await Site.start(name)];
    const ann = [await sites[0].client('ann'), await sites[1].client('ann'), await sites[1].client('ann')];
    const others = [await sites[0].client('bob'), await sites[1].client(), await sites[1].client('Ann')];
    for (const { broadcaster, core } of sites) await broadcaster.attach(core);
    await sites[0].broadcaster.emitToUser('ann', 'chat', 'said', 'hello');
    await waitFor(() => ann.every((events) => events.length > 0), 'the events');
    await sites[0].broadcaster.emitToUser('', 'chat', 'said', 'nobody');
    await allCame(sites, [...ann, ...others]);
    for (const events of ann) expect(events).toEqual([['chat', 'said', 'hello']]);
    expect(others).toEqual([[], [], []]);
  });

  test('events reach the sessions that wait for their resume, those of a user too', async () => {
    const [here, there] = [await Site.start(name), await Site.start(name)];
    const [ann, bob] = [await there.connect('ann'), await there.connect('bob')];
    for (const { broadcaster, core } of [here, there]) await broadcaster.attach(core);
    for (const { cut } of [ann, bob]) cut();
    await waitFor(() => there.core.getClientsArray().length === 0, 'the end of the lines');
    const witness = await there.client('ann');
    await here.broadcaster.emitToUser('ann', 'chat', 'said', 'to ann');
    await here.broadcaster.broadcast('chat', 'said', 'to all');
    await waitFor(() => witness.length === 2, 'the events');
    await Promise.all([ann.comeBack(), bob.comeBack()]);
    await waitFor(() => ann.events.length >= 2 && bob.events.length >= 1, 'the missed events');
    expect(ann.events).toEqual(witness);
    expect(bob.events).toEqual([['chat', 'said', 'to all']]);
  });

  test('Redis that goes and comes back: told once, events come again', async () => {
    const [here, there] = [await Site.start(name), await Site.start(name)];
    const events = await there.client();
    await there.broadcaster.attach(there.core);
    await server.stop();
    const lost = here.broadcaster.broadcast('chat', 'said', 'lost');
    await expect(within(lost, 'a refusal')).rejects.toMatchObject({ code: 'ERR_JSTP_STORE_AWAY' });
    await waitFor(() => there.errors.length > 0, 'a word of the outage');
    await server.up();
    await waitFor(async () => {
      await here.broadcaster.broadcast('chat', 'said', 'back').catch(() => undefined);
      return events.some(([, , text]) => text === 'back');
    }, 'an event after the outage');
    expect(there.errors).toHaveLength(1);
    expect(there.errors[0]).toMatchObject({ code: 'ERR_JSTP_BROADCAST' });
  });

  test('nothing is left open after close, and nothing goes or comes', async () => {
    const site = await Site.start(name);
    const events = await site.client();
    const before = countHandles();
    const { redis, kill } = await server.connect(name);
    const broadcaster = new RedisBroadcaster(redis);
    const other = new RedisBroadcaster(redis);
    await broadcaster.attach(site.core);
    broadcaster.close();
    broadcaster.close();
    // Redis has sent it to who listens before it answers.
    await other.broadcast('chat', 'said');
    await turns();
    expect(events).toEqual([]);
    const closed = { code: 'ERR_JSTP_CLOSED' };
    await expect(broadcaster.broadcast('chat', 'said')).rejects.toMatchObject(closed);
    await expect(broadcaster.attach(site.core)).rejects.toMatchObject(closed);
    kill();
    await expectNoNewHandles(before);
  });
});

test('a server that is detached gets nothing; the others of the broadcaster do', async () => {
  const [first, second] = [await Site.start(), await Site.start()];
  const [events, others] = [await first.client(), await second.client()];
  const detach = await first.broadcaster.attach(first.core);
  await first.broadcaster.attach(second.core);
  detach();
  await second.broadcaster.broadcast('chat', 'said');
  await waitFor(() => others.length > 0, 'the event');
  expect(events).toEqual([]);
});

test('broadcasters with another prefix are apart', async () => {
  const site = await Site.start();
  const events = await site.client();
  await site.broadcaster.attach(site.core);
  const { redis } = await server.connect('redis');
  await new RedisBroadcaster(redis, { keyPrefix: 'other:' }).broadcast('chat', 'said', 'apart');
  await new RedisBroadcaster(redis).broadcast('chat', 'said', 'here');
  await waitFor(() => events.length > 0, 'the event');
  expect(events).toEqual([['chat', 'said', 'here']]);
});

test('what is no event on the channel is reported, and so is a client or a server that fails', async () => {
  const site = await Site.start();
  const events = await site.client();
  const broken = {
    username: null,
    emitRemoteEvent: () => {
      throw new Error('gone');
    },
  };
  const strange = {
    username: null,
    emitRemoteEvent: () => {
      throw 'no error';
    },
  };
  await site.broadcaster.attach({ getClients: () => [broken, strange] });
  await site.broadcaster.attach({
    getClients: () => {
      throw new Error('not listening');
    },
  });
  await site.broadcaster.attach(site.core);
  const { redis } = server.ioRedis();
  const BAD = [
    '',
    '{',
    'null',
    '[]',
    "{interfaceName:'a',event:1,args:[]}",
    "{interfaceName:'a',event:'b'}",
    "{interfaceName:'a',event:'b',args:[],username:null}",
  ];
  for (const text of BAD) await redis.publish('{jstp}:broadcast', text);
  await waitFor(() => site.errors.length === BAD.length, 'a report of each');
  expect(site.errors[0]).toMatchObject({
    code: 'ERR_JSTP_BROADCAST',
    message: expect.stringContaining('A message on {jstp}:broadcast cannot be read'),
  });
  await site.broadcaster.broadcast('chat', 'said', 'good');
  await waitFor(() => events.length > 0, 'the event');
  expect(events).toEqual([['chat', 'said', 'good']]);
  expect(site.errors.slice(BAD.length).map((error) => (error as Error).message)).toEqual([
    'An event cannot be delivered: gone',
    'An event cannot be delivered: no error',
    'An event cannot be delivered: not listening',
  ]);
});

test('without onError, a failure is a warning of the process', async () => {
  const warnings: unknown[] = [];
  const spy = jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(warning));
  closing.add(() => {
    spy.mockRestore();
  });
  const { redis } = await server.connect('redis');
  const broadcaster = new RedisBroadcaster(redis);
  closing.add(() => {
    broadcaster.close();
  });
  await broadcaster.attach({ getClients: () => [] });
  await server.ioRedis().redis.publish('{jstp}:broadcast', '{');
  await waitFor(() => warnings.length > 0, 'a warning');
  expect(warnings).toEqual([expect.objectContaining({ name: 'JstpError', code: 'ERR_JSTP_BROADCAST' })]);
});

test('what cannot be sent is refused, and nobody is not everybody', async () => {
  const site = await Site.start();
  const events = await site.client();
  await site.broadcaster.attach(site.core);
  const circle: unknown[] = [];
  circle.push(circle);
  await expect(site.broadcaster.broadcast('chat', 'said', circle)).rejects.toThrow();
  for (const nobody of [undefined, null, 1])
    await expect(site.broadcaster.emitToUser(nobody as never, 'chat', 'said')).rejects.toMatchObject({
      option: 'username',
    });
  await site.broadcaster.broadcast('chat', 'last');
  await waitFor(() => events.length > 0, 'the event');
  expect(events).toEqual([['chat', 'last']]);
});

test('wrong objects and options are refused by their names', async () => {
  const { redis } = await server.connect('redis');
  const make = (given: unknown, options?: object) => () => new RedisBroadcaster(given as never, options);
  expect(make({})).toThrow(/^redis must be a client of redis 5 or 6/);
  expect(make(redis, { keyPrefix: 5 })).toThrow(/^keyPrefix must be/);
  expect(make(redis, { commandTimeoutMs: 0 })).toThrow(/^commandTimeoutMs must be/);
  expect(make(redis, { onError: 5 })).toThrow(/^onError must be/);
  expect(make(redis, { leaseMs: 5000 })).toThrow(
    /^Unknown name "leaseMs" in options\b.* Known are keyPrefix, /,
  );
  await expect(new RedisBroadcaster(redis).attach({} as never)).rejects.toMatchObject({ option: 'server' });
});

test('a server whose attachment failed gets nothing, when Redis is back and another is attached', async () => {
  const [site, other] = [await Site.start(), await Site.start()];
  const [events, others] = [await site.client(), await other.client()];
  await server.stop();
  const attempt = site.broadcaster.attach(site.core);
  await expect(within(attempt, 'a refusal')).rejects.toMatchObject({ code: 'ERR_JSTP_STORE_AWAY' });
  await server.up();
  const attached = (): Promise<boolean> =>
    site.broadcaster.attach(other.core).then(
      () => true,
      () => false,
    );
  await waitFor(attached, 'an attachment');
  await waitFor(async () => {
    await site.broadcaster.broadcast('chat', 'said').catch(() => undefined);
    return others.length > 0;
  }, 'an event');
  expect(events).toEqual([]);
});

test('a broadcaster that cannot reach Redis says so, and attaches when it can', async () => {
  const site = await Site.start();
  await server.stop();
  const attempt = site.broadcaster.attach(site.core);
  await expect(within(attempt, 'a refusal')).rejects.toMatchObject({ code: 'ERR_JSTP_STORE_AWAY' });
  await server.up();
  let detach: (() => void) | undefined;
  while (!detach) detach = await site.broadcaster.attach(site.core).catch(() => undefined);
  const events = await site.client();
  await waitFor(async () => {
    await site.broadcaster.broadcast('chat', 'said').catch(() => undefined);
    return events.length > 0;
  }, 'an event');
  expect(events[0]).toEqual(['chat', 'said']);
});
