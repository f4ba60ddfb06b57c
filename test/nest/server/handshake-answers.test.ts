import { describe, expect, test } from '@jest/globals';
import { Controller, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { EMPTY, of, throwError } from 'rxjs';
import {
  JstpHandshake,
  type AuthPolicyFunction,
  type JstpContext,
  type JstpServerOptions,
} from '../../../lib/index.js';
import { startService } from './fixture.js';

/** Does what a row of a table says, as a guard, a policy or a handler. */
type Answer = (context: JstpContext) => unknown;
type Row = readonly [
  title: string,
  answer: Answer,
  codes: readonly [login: number, token: number, other: number],
];

const named = (value: unknown): Answer => {
  return (context) => {
    context.setUsername('ann');
    return value;
  };
};
const value = (answer: unknown): Answer => {
  return () => answer;
};
const failing = (error: unknown): Answer => {
  return () => {
    throw error;
  };
};

/** What is no yes of anybody, whether a name was set or not. */
const NO: readonly Row[] = [null, false, 0, 1, '', {}, [], ['ann']].flatMap((answer): Row[] => [
  [JSON.stringify(answer), value(answer), [11, 11, 11]],
  [`a Promise of ${JSON.stringify(answer)}`, value(Promise.resolve(answer)), [11, 11, 11]],
  [`an Observable of ${JSON.stringify(answer)}`, value(of(answer)), [11, 11, 11]],
  [`${JSON.stringify(answer)} after a name was set`, named(answer), [11, 11, 11]],
]);

const FAILURES: readonly Row[] = [
  ['a throw of an Error', failing(new Error('no')), [11, 11, 11]],
  ['a throw of undefined', failing(undefined), [11, 11, 11]],
  ['a throw of null', failing(null), [11, 11, 11]],
  ['a rejection with undefined', async () => Promise.reject(undefined), [11, 11, 11]],
  ['an Observable that fails with undefined', () => throwError(() => undefined), [11, 11, 11]],
];

/** How each strategy ends: login, a strategy of one's own, and those that need no name. */
async function outcomes(
  options: JstpServerOptions,
  controllers: (new () => unknown)[] = [],
): Promise<number[]> {
  const service = await startService({
    controllers,
    options: { ...options, authorizeResume: true },
    // What is thrown is logged, and is not of interest here.
    logger: { log: () => undefined, error: () => undefined, warn: () => undefined },
  });
  const codes = [
    await service.handshake('login', ['anna', 'secret']),
    await service.handshake('token', 'x'),
    await service.handshake('anonymous', []),
  ];
  const owner = service.open();
  owner.write("{handshake:[0,'jstp'],owner:'x'}");
  const [answer] = await owner.frames(1);
  const id = /ok:'([^']+)'/.exec(answer)?.[1];
  expect(id).toBeDefined();
  return [...codes, await service.handshake('session', [id, 0])];
}

const expected = ([login, token, other]: Row[2]): number[] => [login, token, other, other];

describe('a guard lets in by true alone', () => {
  class Guard implements CanActivate {
    constructor(private readonly answer: Answer) {}

    canActivate(context: ExecutionContext): boolean {
      const jstp = context.switchToRpc().getContext<JstpContext>();
      if (jstp.getHandshake()?.strategy === 'owner') {
        jstp.setUsername('owner');
        return true;
      }
      return this.answer(jstp) as boolean;
    }
  }

  test.each<Row>([
    ['true', value(true), [0, 11, 0]],
    ['a Promise of true', value(Promise.resolve(true)), [0, 11, 0]],
    ['an Observable of true', value(of(true)), [0, 11, 0]],
    ['true after a name was set', named(true), [0, 0, 0]],
    ['an Observable of nothing', value(EMPTY), [11, 11, 11]],
    ['undefined', value(undefined), [11, 11, 11]],
    ['undefined after a name was set', named(undefined), [11, 11, 11]],
    ['a name', value('ann'), [11, 11, 11]],
    ["'true'", value('true'), [11, 11, 11]],
    ...NO,
    ...FAILURES,
  ])('%s', async (_title, answer, codes) => {
    expect(await outcomes({ authPolicy: new Guard(answer) })).toEqual(expected(codes));
  });

  test.each([['ann\nroot'], ['x'.repeat(257)], ['\0']])(
    'and not a login whose own name %j is no name',
    async (name) => {
      const service = await startService({ options: { authPolicy: new Guard(value(true)) } });
      const codes = await Promise.all([
        service.handshake('login', [name, 'secret']),
        service.handshake('login', ['anna', 'secret']),
      ]);
      expect(codes).toEqual([11, 0]);
    },
  );
});

describe('a function in authPolicy lets in by a name, and by true who needs none', () => {
  test.each<Row>([
    ['a Promise of a name', value(Promise.resolve('ann')), [0, 0, 0]],
    ['a Promise of true', value(Promise.resolve(true)), [11, 11, 0]],
    ...[null, false, 0, 1, '', {}, []].map((answer): Row => [
      `a Promise of ${JSON.stringify(answer)}`,
      value(Promise.resolve(answer)),
      [11, 11, 11],
    ]),
    ...FAILURES.slice(0, 4),
  ])('%s', async (_title, answer, [login, token, resume]) => {
    const authPolicy: AuthPolicyFunction = async (_connection, _app, strategy) => {
      if (strategy === 'owner') return 'owner';
      return answer({} as JstpContext);
    };
    // Anonymous clients are let in unasked, as in JSTP.
    expect(await outcomes({ authPolicy })).toEqual([login, token, 0, resume]);
    const asked = { authenticate: authPolicy, decidesAnonymous: true };
    expect(await outcomes({ authPolicy: asked })).toEqual([login, token, resume, resume]);
  });
});

describe('a @JstpHandshake handler lets in by a name, and by true who needs none', () => {
  test.each<Row>([
    ['a name', value('ann'), [0, 0, 0]],
    ['a Promise of a name', value(Promise.resolve('ann')), [0, 0, 0]],
    ['an Observable of a name, and of more', value(of('ann', false)), [0, 0, 0]],
    ['a name over the one that was set', named('beth'), [0, 0, 0]],
    ['true', value(true), [11, 11, 0]],
    ['true after a name was set', named(true), [0, 0, 0]],
    ['nothing after a name was set', named(undefined), [0, 0, 0]],
    ['nothing', value(undefined), [11, 11, 11]],
    ['an Observable of nothing', value(EMPTY), [11, 11, 11]],
    ['a name with a line feed', value('ann\nroot'), [11, 11, 11]],
    ['a name of 257 characters', value('x'.repeat(257)), [11, 11, 11]],
    ...NO,
    ...FAILURES,
  ])('%s', async (_title, answer, codes) => {
    @Controller()
    class Door {
      @JstpHandshake()
      any(@Ctx() context: JstpContext): unknown {
        return answer(context);
      }

      @JstpHandshake('owner')
      owner(): string {
        return 'owner';
      }
    }
    expect(await outcomes({}, [Door])).toEqual(expected(codes));
  });
});
