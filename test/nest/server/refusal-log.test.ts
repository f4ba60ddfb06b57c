import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Controller, ForbiddenException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  JstpHandshake,
  type Connection,
  type JstpHandshakeData,
  type RefusedHandshake,
} from '../../../lib/index.js';
import { RefusalLog } from '../../../lib/nest/server/refusal-log.js';
import { waitFor } from '../../support/wait-for.js';
import { KeptLog, startService } from './fixture.js';

const REFUSED: RefusedHandshake = {
  kind: 'login',
  application: 'chat@^1.0.0',
  strategy: 'token',
  code: 11,
  reason: 'no',
};
const from = (remoteAddress: string | null): Connection => ({ remoteAddress }) as Connection;

class Lines {
  readonly warnings: string[] = [];
  readonly details: string[] = [];
  warn(line: string): void {
    this.warnings.push(line);
  }
  debug(line: string): void {
    this.details.push(line);
  }
}

describe('the log of refused handshakes', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('says the application, the strategy, the address and the reason', () => {
    const lines = new Lines();
    const log = new RefusalLog(lines);
    log.add(from('192.0.2.7'), REFUSED);
    log.add(from(null), { ...REFUSED, code: 1001 });
    log.stop();
    expect(lines.warnings).toEqual([
      "A handshake was refused with code 11: no (application 'chat@^1.0.0', strategy 'token', from 192.0.2.7)",
      "A handshake was refused with code 1001: no (application 'chat@^1.0.0', strategy 'token', from a local peer)",
    ]);
  });

  test('has ten lines of a kind in ten seconds, counts the others, and then begins anew', () => {
    const lines = new Lines();
    const log = new RefusalLog(lines);
    for (let n = 0; n < 25; n += 1) log.add(from('192.0.2.7'), REFUSED);
    log.add(from('192.0.2.7'), { ...REFUSED, kind: 'application', code: 10 });
    expect(lines.warnings).toHaveLength(11);
    expect(lines.warnings.at(-1)).toContain('code 10');
    jest.advanceTimersByTime(9_999);
    expect(lines.warnings).toHaveLength(11);
    jest.advanceTimersByTime(1);
    expect(lines.warnings.slice(11)).toEqual(['15 more handshakes were refused within 10 s (login)']);
    log.add(from('192.0.2.7'), REFUSED);
    expect(lines.warnings).toHaveLength(13);
    log.stop();
    expect(lines.warnings).toHaveLength(13);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('says at its end what it has counted', () => {
    const lines = new Lines();
    const log = new RefusalLog(lines);
    for (let n = 0; n < 12; n += 1) log.add(from('192.0.2.7'), REFUSED);
    log.stop();
    expect(lines.warnings.at(-1)).toBe('2 more handshakes were refused within 10 s (login)');
  });

  test('has resumes that are put off as details only', () => {
    const lines = new Lines();
    const log = new RefusalLog(lines);
    log.add(from('192.0.2.7'), { ...REFUSED, kind: 'later', code: undefined });
    log.stop();
    expect(lines.warnings).toEqual([]);
    expect(lines.details).toHaveLength(1);
    expect(lines.details[0]).toContain('was put off: no');
  });
});

describe('JstpServer logs once why a handshake was refused:', () => {
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const { strategy } = context.switchToRpc().getData<JstpHandshakeData>();
      if (strategy === 'throws') throw new ForbiddenException('not you');
      return strategy === 'nameless';
    }
  }

  @Controller()
  class Door {
    @JstpHandshake('handler')
    handler(@Payload() credentials: unknown): unknown {
      if (credentials === 'throw') throw new Error('the database is away');
      return credentials;
    }
  }

  async function reasonOf(
    options: object,
    app: string,
    strategy: string,
    credentials: unknown,
  ): Promise<string> {
    const log = new KeptLog();
    const service = await startService({ controllers: [Door], options, logger: log });
    const refusals = (): string[] => log.lines.map(String).filter((line) => line.startsWith('A handshake'));
    expect(await service.handshake(strategy, credentials, app)).toBeGreaterThan(0);
    await waitFor(() => refusals().length > 0, 'the line of the log');
    expect(refusals()).toHaveLength(1);
    const [line] = refusals();
    expect(line).toContain(`(application '${app}', strategy '${strategy}', from 127.0.0.1)`);
    return /code \d+: (.*) \(application/.exec(line)?.[1] ?? line;
  }

  const authPolicy = new Guard();
  test.each<[string, object, string, string, unknown, string]>([
    ['an unknown application', {}, 'game', 'x', 1, "there is no application 'game' (known: jstp)"],
    [
      'nobody for the strategy',
      {},
      'jstp',
      'badge',
      1,
      "no @JstpHandshake handler and no authPolicy decides on the strategy 'badge'",
    ],
    ['a guard’s no', { authPolicy }, 'jstp', 'badge', 1, 'the guard answered false'],
    ['a guard’s throw', { authPolicy }, 'jstp', 'throws', 1, 'the guard threw ForbiddenException: not you'],
    ['a guard that names nobody', { authPolicy }, 'jstp', 'nameless', 1, 'no user was named'],
    ['a handler’s no', {}, 'jstp', 'handler', false, 'the handshake handler answered false'],
    [
      'a handler’s throw',
      {},
      'jstp',
      'handler',
      'throw',
      'the handshake handler or what guards it threw Error: the database is away',
    ],
    ['an unknown session', {}, 'jstp', 'session', ['nobody', 0], 'the session is unknown'],
  ])('%s', async (_title, options, app, strategy, credentials, reason) => {
    expect(await reasonOf(options, app, strategy, credentials)).toBe(reason);
  });
});
