import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Injectable,
  UnauthorizedException,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import WebSocket from 'ws';
import { JstpExplorerModule } from '../../lib/explorer/index.js';
import { Closing } from '../support/closing.js';
import { LOOPBACK } from '../support/ports.js';
import { builtPage, get, settingsIn, startExplorer, type Answer } from './explorer-app.js';

/** Whom a guard asks. */
@Injectable()
class Staff {
  isStaff(token: unknown): boolean {
    return token === 'staff';
  }
}

@Injectable()
class StaffGuard implements CanActivate {
  constructor(private readonly staff: Staff) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, unknown> }>();
    if (this.staff.isStaff(headers['x-token'])) return true;
    throw new UnauthorizedException();
  }
}

const staff = { module: class StaffModule {}, providers: [Staff], exports: [Staff] };

/** How the explorer is served by one platform of Nest. */
export function describeExplorerOn(platform: string, adapter: () => AbstractHttpAdapter): void {
  const once = new Closing();
  const closing = new Closing();
  let page: URL;
  beforeAll(async () => {
    page = await builtPage(once);
  });
  afterEach(() => closing.run());
  afterAll(() => once.run());

  const start = (...[options, rest]: [Parameters<typeof JstpExplorerModule.forRoot>[0]?, object?]) =>
    startExplorer(closing, {
      module: JstpExplorerModule.forRoot(options),
      page,
      adapter: adapter(),
      ...rest,
    });
  /** The files that a page names. */
  const filesOf = ({ body }: Answer): string[] =>
    [...body.toString().matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name);

  describe(`the explorer on ${platform}`, () => {
    test('is a page with files that are named by their contents, and are kept for a year', async () => {
      const { port } = await start();
      const answer = await get(port, '/jstp-explorer/');
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; " +
          "form-action 'none'; frame-ancestors 'none'; connect-src 'self'",
      });
      const names = filesOf(answer);
      expect(names.map((name) => name.replace(/\.[\da-f]{16}\./, '.')).sort()).toEqual([
        'explorer.css',
        'explorer.js',
        'icon.svg',
      ]);
      for (const name of names) {
        const plain = await get(port, `/jstp-explorer/${name}`);
        const gzipped = await get(port, `/jstp-explorer/${name}`, { 'accept-encoding': 'br, gzip' });
        expect(plain).toMatchObject({ status: 200 });
        expect(plain.headers).toMatchObject({
          'cache-control': 'private, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
          vary: expect.stringMatching(/accept-encoding/i),
        });
        expect(plain.headers['content-encoding']).toBeUndefined();
        expect(gzipped.headers).toMatchObject({
          'content-encoding': 'gzip',
          'content-type': plain.headers['content-type'],
        });
        expect(gunzipSync(gzipped.body).equals(plain.body)).toBe(true);
      }
    });

    test('has a slash at the end of its path, to which a proxy may have added one before', async () => {
      const { port } = await start();
      const answer = await get(port, '/jstp-explorer?theme=dark');
      expect(answer.status).toBe(302);
      expect(answer.headers.location).toBe('./jstp-explorer/');
    });

    test('is found behind a global prefix and a version, and tells the listener relative to the page', async () => {
      const { port } = await start(
        { path: '/tools/jstp' },
        {
          prepare: (app: {
            setGlobalPrefix(prefix: string): void;
            enableVersioning(options: object): void;
          }) => {
            app.setGlobalPrefix('api');
            app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
          },
        },
      );
      const answer = await get(port, '/api/tools/jstp/');
      expect(answer.status).toBe(200);
      const { url } = settingsIn(answer);
      expect(url).toBe('../../../jstp');
      const whole = new URL(url ?? '', `ws://${LOOPBACK}:${port}/api/tools/jstp/`);
      const socket = new WebSocket(whole, 'metarhia-jstp');
      closing.add(() => socket.terminate());
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    });

    test('answers 404 for what is no file of the page, and gives nothing else away', async () => {
      const { port } = await start();
      for (const path of ['index.html', 'explorer.js', '../package.json', '..%2findex.html', '%00', 'a/b/c'])
        expect([path, (await get(port, `/jstp-explorer/${path}`)).status]).toEqual([path, 404]);
    });

    test('answers HEAD without a body', async () => {
      const { port } = await start();
      const answer = await get(port, '/jstp-explorer/', {}, 'HEAD');
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
    });

    test('asks guards for the page and for each file, and they inject what `imports` has', async () => {
      const { port } = await start({ guards: [StaffGuard], imports: [staff] });
      const token = { 'x-token': 'staff' };
      const [name] = filesOf(await get(port, '/jstp-explorer/', token));
      for (const path of ['', '/', `/${name}`]) {
        expect((await get(port, `/jstp-explorer${path}`)).status).toBe(401);
        expect((await get(port, `/jstp-explorer${path}`, token)).status).toBeLessThan(400);
      }
    });

    test('is off where its factory says so', async () => {
      const module = JstpExplorerModule.forRootAsync({ path: '/x', useFactory: () => ({ enabled: false }) });
      const { port } = await start({}, { module });
      expect((await get(port, '/x/')).status).toBe(404);
    });
  });
}
