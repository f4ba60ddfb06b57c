import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { bundleForBrowser } from '../tools/browser-bundle.js';
import { CLIENT_LIMIT_BYTES, FEATURES } from '../tools/browser-size.js';

type Bundle = Awaited<ReturnType<typeof bundleForBrowser>>;

/** How far the guide to browsers may be from what is measured. */
const TOLERANCE = 0.03;

let all: Bundle;

beforeAll(async () => {
  all = await bundleForBrowser("export * from './lib/browser.js';");
});

describe("the browser's bundle", () => {
  test('has nothing of Node, and no package', () => {
    expect(all.imports.filter((name) => isBuiltin(name) || name.startsWith('node:'))).toEqual([]);
    expect(all.files.filter((file) => !file.startsWith('lib/'))).toEqual([]);
    // It is asked whether the platform has a Buffer: `const { Buffer: b } = globalThis`.
    expect(/\b(require|Buffer)\b(?!:)/.exec(all.text)?.[0]).toBeUndefined();
  });

  test('has nothing of the server, and no transport of Node', () => {
    const rooms = new Set(all.files.map((file) => file.split('/')[1]));
    expect([...rooms].sort()).toEqual([
      'application',
      'connection',
      'mdsf',
      'page',
      'protocol',
      'session',
      'transport',
      'util',
    ]);
    const transports = all.files.filter((file) => file.startsWith('lib/transport/'));
    expect(transports.sort()).toEqual([
      'lib/transport/browser/browser-dialer.ts',
      'lib/transport/browser/browser-transport.ts',
      'lib/transport/browser/browser-websocket.ts',
      'lib/transport/browser/browser.ts',
      'lib/transport/send-room.ts',
      'lib/transport/websocket/subprotocol.ts',
    ]);
  });

  test('shrinks to what is used', async () => {
    const parse = await bundleForBrowser("export { parse } from './lib/browser.js';");
    expect(parse.files.filter((file) => !/^lib\/(mdsf|util)\//.test(file))).toEqual([]);
    expect(parse.minified).toBeLessThan(all.minified / 3);
    const code = await bundleForBrowser("export { ERR_AUTH_FAILED } from './lib/browser.js';");
    expect(code.minified).toBeLessThan(1000);
  });

  test('has a client for pages that stays within its limit', async () => {
    const { gzipped, files } = await bundleForBrowser(FEATURES.createClient);
    expect(gzipped).toBeLessThan(CLIENT_LIMIT_BYTES);
    // A page serves functions, and none of the core's applications.
    expect(files).toContain('lib/application/exposed-methods.ts');
    // What a page cannot use is handed in by those who can.
    const strangers = [
      'lib/connection/metrics/',
      'lib/connection/observing/observe.ts',
      'lib/connection/observing/operations.ts',
      'lib/connection/reconnect/automatic-comeback.ts',
      'lib/connection/reconnect/backoff.ts',
      'lib/connection/handshake/simple-connect-policy.ts',
      'lib/connection/connect.ts',
      'lib/session/session.ts',
      'lib/session/session-text.ts',
      'lib/util/network-of.ts',
    ];
    expect(files.filter((file) => strangers.some((stranger) => file.startsWith(stranger)))).toEqual([]);
  });

  test('does nothing when it is loaded and not used', async () => {
    const nothing = await bundleForBrowser("import './lib/browser.js';");
    expect(nothing.text.trim()).toBe('');
  });

  test('is as large as the guide to browsers says', () => {
    const told = /(\d+) KB minified, (\d+) KB gzipped/.exec(readFileSync('docs/guides/browser.md', 'utf8'));
    const [, minified, gzipped] = told ?? [];
    // A KB is 1000 bytes, and the guide rounds to whole ones.
    for (const [said, measured] of [
      [minified, all.minified],
      [gzipped, all.gzipped],
    ] as const) {
      const difference = Math.abs(Number(said) - measured / 1000);
      expect([said, measured, difference <= 0.5 + (measured / 1000) * TOLERANCE]).toEqual([
        said,
        measured,
        true,
      ]);
    }
  });
});
