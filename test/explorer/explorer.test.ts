import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { JstpExplorerModule, type JstpExplorerOptions } from '../../lib/explorer/index.js';
import { listenerUrl } from '../../lib/explorer/listener-url.js';
import { Application } from '../../lib/core.js';
import type { JstpServerOptions } from '../../lib/index.js';
import { Closing } from '../support/closing.js';
import { EXPLORER_LIMIT_BYTES } from '../tools/explorer-page.js';
import { builtPage, get, settingsIn, SHARED, startExplorer } from './explorer-app.js';

const once = new Closing();
const closing = new Closing();
let page: URL;
beforeAll(async () => {
  page = await builtPage(once);
});
afterEach(() => closing.run());
afterAll(() => once.run());

/** What an application logs while it starts. */
class Log {
  readonly lines: string[] = [];

  log(line: string): void {
    this.lines.push(line);
  }

  warn(line: string): void {
    this.lines.push(line);
  }

  error(line: unknown): void {
    this.lines.push(String(line));
  }
}

/** Runs something as in production. */
async function inProduction<T>(run: () => Promise<T>): Promise<T> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    return await run();
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

describe('the page', () => {
  test('has fewer than 150 KB, gzipped, in files that name nothing elsewhere', async () => {
    let bytes = 0;
    for (const name of await readdir(page)) {
      const content = await readFile(new URL(name, page));
      bytes += gzipSync(content).length;
      if (name.endsWith('.html'))
        expect(content.toString()).not.toMatch(/https?:|<script>|<style|style=| on\w+=/);
    }
    expect(bytes).toBeGreaterThan(500);
    expect(bytes).toBeLessThan(EXPLORER_LIMIT_BYTES);
  });

  test('is told which applications there are and how to log in, and no secret of the options', async () => {
    const { port } = await startExplorer(closing, {
      module: JstpExplorerModule.forRoot({ title: '</title><b>"&amp;"' }),
      page,
      server: {
        ...SHARED,
        reflection: true,
        administration: { guard: { canActivate: () => false } },
        authPolicy: Object.assign(async () => 'anna', { password: 'secret' }),
      },
    });
    const answer = await get(port, '/jstp-explorer/');
    expect(settingsIn(answer)).toEqual({
      url: '../jstp',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      title: '</title><b>"&amp;"',
      applications: [
        {
          name: 'jstp',
          version: '1.0.0',
          handshakes: expect.arrayContaining([
            { strategy: 'anonymous' },
            { strategy: 'login' },
            { strategy: '*' },
          ]),
        },
      ],
      reflection: true,
      administration: true,
    });
    expect(answer.body.toString()).not.toMatch(/<b>|secret/);
  });

  test('is told the application that nobody has named behind the others', async () => {
    const namesOf = async (server: JstpServerOptions): Promise<string[]> => {
      const { port } = await startExplorer(closing, { module: JstpExplorerModule.forRoot(), page, server });
      return settingsIn(await get(port, '/jstp-explorer/')).applications.map(({ name }) => name);
    };
    const others = [new Application('zoo', {}), new Application('chat', {})];
    // The controller names no application.
    expect(await namesOf({ ...SHARED, applications: others })).toEqual(['zoo', 'chat', 'jstp']);
    expect(await namesOf({ ...SHARED, application: 'own', applications: others })).toEqual([
      'zoo',
      'chat',
      'own',
    ]);
  });

  test('may connect to the listener alone, which has a port of its own or the URL that is given', async () => {
    const own = await startExplorer(closing, {
      module: JstpExplorerModule.forRoot(),
      page,
      server: { transport: 'ws', host: '127.0.0.1', port: 0, path: '/own' },
    });
    const answer = await get(own.port, '/jstp-explorer/');
    const { url } = settingsIn(answer);
    expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/own$/);
    expect(answer.headers['content-security-policy']).toMatch(
      new RegExp(`; connect-src ${new URL(url ?? '').origin}$`),
    );
    const given = await startExplorer(closing, {
      module: JstpExplorerModule.forRoot({ url: 'wss://chat.example.com/jstp?a=1' }),
      page,
      server: { transport: 'net', host: '127.0.0.1', port: 0 },
    });
    const other = await get(given.port, '/jstp-explorer/');
    expect(settingsIn(other).url).toBe('wss://chat.example.com/jstp?a=1');
    expect(other.headers['content-security-policy']).toMatch(/; connect-src wss:\/\/chat\.example\.com$/);
  });

  test('is off in production, where the log says so, unless it is enabled', async () => {
    const logger = new Log();
    const off = await inProduction(() =>
      startExplorer(closing, { module: JstpExplorerModule.forRoot(), page, logger }),
    );
    expect((await get(off.port, '/jstp-explorer/')).status).toBe(404);
    expect(logger.lines).toContainEqual(
      expect.stringContaining('The explorer is off, as NODE_ENV is production'),
    );
    const on = await inProduction(() =>
      startExplorer(closing, { module: JstpExplorerModule.forRoot({ enabled: true }), page }),
    );
    expect((await get(on.port, '/jstp-explorer/')).status).toBe(200);
  });

  test('needs a WebSocket listener: the error of the start says what to add', async () => {
    const start = startExplorer(closing, {
      module: JstpExplorerModule.forRoot(),
      page,
      server: { transport: 'net', host: '127.0.0.1', port: 0 },
    });
    await expect(start).rejects.toThrow(/url must be given, or a WebSocket listener.*server: 'http'/);
  });
});

test('options are checked, and the error names them', () => {
  const wrong: [options: object, name: RegExp][] = [
    [{ pth: '/x' }, /"pth".*did you mean "path"/],
    [{ path: 'x' }, /path must be/],
    [{ path: '/x/:id' }, /path must be/],
    [{ path: '//x' }, /path must be/],
    [{ enabled: 'yes' }, /enabled must be/],
    [{ guards: [class {}] }, /guards must be/],
    [{ url: 'https://example.com' }, /url must be/],
    [{ url: 'ws://user:password@example.com' }, /url must be/],
    [{ title: '' }, /title must be/],
  ];
  for (const [options, name] of wrong)
    expect(() => JstpExplorerModule.forRoot(options as JstpExplorerOptions)).toThrow(name);
});

describe('the URL of the listener', () => {
  const listening = (address: string, transport = 'ws') => ({
    places: [{ transport, path: '/jstp', shared: undefined }],
    address: { address, port: 4000 },
  });
  const of = (address: string, host: string | undefined): string | null =>
    listenerUrl(listening(address), { path: '/x/', host });

  test('has the host of the page where it listens at all addresses, and that of the machine where the page is there', () => {
    expect(of('0.0.0.0', 'example.com:8080')).toBe('ws://example.com:4000/jstp');
    expect(of('::', '[::1]:8080')).toBe('ws://[::1]:4000/jstp');
    expect(of('::1', 'localhost:8080')).toBe('ws://[::1]:4000/jstp');
    expect(of('127.0.0.1', 'example.com')).toBe('ws://example.com:4000/jstp');
    expect(of('192.0.2.1', 'example.com')).toBe('ws://192.0.2.1:4000/jstp');
  });

  test('has no host that would be more than a host in a header', () => {
    for (const host of ["a'; script-src *", 'a b', 'a/b', 'a@b', 'a,b', '', undefined])
      expect(of('::', host)).toBe('ws://localhost:4000/jstp');
  });

  test('is unknown before the server listens, and where it has no WebSockets', () => {
    const request = { path: '/x/', host: 'a' };
    expect(listenerUrl({ ...listening('::'), address: null }, request)).toBeNull();
    expect(listenerUrl(listening('::', 'net'), request)).toBeNull();
  });
});
