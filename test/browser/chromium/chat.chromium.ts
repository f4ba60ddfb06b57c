import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { JstpClient } from '../../../lib/index.js';
import { Line } from '../../../sample/01-chat/line.js';
import { Closing } from '../../support/closing.js';
import { reservedPort } from '../../support/ports.js';
import { ChatPage } from './chat-page.js';
import { ChatServer } from './chat-server.js';
import { DESKTOP, launch, PHONE, takePictures } from './chromium.js';

const TEST_LIMIT_MS = 60_000;

const closing = new Closing();
let browser: Browser;
let server: ChatServer;
/** Alice's line to the server, which can be cut; Bob has his own. */
let line: Line;
let alice: ChatPage;
let bob: ChatPage;

beforeAll(async () => {
  browser = await launch();
}, TEST_LIMIT_MS);

afterAll(() => browser.close());

beforeEach(async () => {
  server = new ChatServer(await reservedPort(closing));
  closing.add(() => server.stop());
  await server.start();
  line = new Line(server.port);
  await line.mend();
  closing.add(() => line.cut());
  alice = await ChatPage.open(browser, line.port, DESKTOP);
  closing.add(() => alice.close());
  bob = await ChatPage.open(browser, server.port, PHONE);
  closing.add(() => bob.close());
}, TEST_LIMIT_MS);

afterEach(() => closing.run(), TEST_LIMIT_MS);

async function logInBoth(): Promise<void> {
  await alice.logIn('alice', 'wonderland');
  await alice.waitForStatus('online');
  await bob.logIn('bob', 'builder');
  await bob.waitForStatus('online');
}

/** What both pages show, which has to be the same. */
async function messagesOfBoth(count: number): Promise<string[]> {
  await alice.waitForMessages(count);
  await bob.waitForMessages(count);
  const messages = await alice.messages();
  expect(await bob.messages()).toEqual(messages);
  return messages;
}

/** Of what was said those that begin so, in their order. */
const by = (name: string, messages: string[]) => messages.filter((text) => text.startsWith(name));

describe('the chat in Chromium', () => {
  test(
    'shows what is wrong with a login, and lets in who has the password',
    async () => {
      await takePictures(bob.page, 'phone-login');
      await takePictures(alice.page, 'desktop-login');
      await bob.logIn('bob', 'guess');
      const error = bob.page.getByRole('alert').filter({ hasText: 'Wrong name or password.' });
      await error.waitFor();
      await takePictures(bob.page, 'phone-login-refused');
      await bob.logIn('bob', 'builder');
      await bob.waitForStatus('online');
      expect(bob.complaints).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'knows by its cookie who has logged in, from its own page, and until the user logs out',
    async () => {
      await bob.logIn('bob', 'builder');
      await bob.waitForStatus('online');
      const [cookie] = await bob.page.context().cookies();
      expect(cookie).toMatchObject({ name: 'login', httpOnly: true, sameSite: 'Strict' });
      const origin = `http://127.0.0.1:${server.port}`;
      const connectWith = async (token: string | undefined, from: string): Promise<unknown> => {
        const headers: Record<string, string> = token === undefined ? {} : { cookie: `login=${token}` };
        const client = new JstpClient({
          url: `ws://127.0.0.1:${server.port}/jstp`,
          app: 'chat@^2.0.0',
          connectOptions: { origin: from, headers },
        });
        closing.add(() => client.close());
        return client.connect().then(
          () => 'in',
          (error: unknown) => (error as { code: unknown }).code,
        );
      };
      const [name, expires, signature] = cookie.value.split('.');
      const forged = [Buffer.from('alice').toString('base64url'), expires, signature].join('.');
      const longer = [name, `${expires}0`, signature].join('.');
      expect([
        await connectWith(cookie.value, origin),
        await connectWith(cookie.value, 'http://evil.example'),
        await connectWith(undefined, origin),
        await connectWith(forged, origin),
        await connectWith(longer, origin),
      ]).toEqual(['in', 11, 11, 11, 11]);

      await bob.page.reload();
      await bob.waitForStatus('online');
      const leave = bob.page.getByRole('button', { name: 'Log out' });
      const loggedOut = bob.page.waitForResponse((response) => response.request().method() === 'DELETE');
      await leave.click();
      await loggedOut;
      await bob.page.reload();
      await bob.page.getByRole('button', { name: 'Log in' }).waitFor();
      expect(bob.complaints).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'carries what is said to both, and tells of messages in other rooms and of new rooms',
    async () => {
      await logInBoth();
      await alice.say('hello bob', 'how is the phone?');
      await bob.say('small, but I can read you');
      await alice.say('<b>not bold</b> & a very long word: ' + 'na'.repeat(60), 'two\nlines 😀');
      expect(await messagesOfBoth(5)).toHaveLength(5);
      expect((await alice.messages()).at(-2)).toContain('<b>not bold</b>');
      await takePictures(alice.page, 'desktop-talk');
      await takePictures(bob.page, 'phone-talk');

      await alice.page.getByLabel('Name of a new room').fill('garden');
      await alice.page.getByLabel('Name of a new room').press('Enter');
      await bob.page.getByRole('button', { name: 'garden' }).click();
      await alice.say('it is nice out here');
      await bob.waitForMessages(1);
      expect(await bob.messages()).toEqual(['it is nice out here']);
      await bob.page.getByRole('button', { name: 'kitchen' }).click();
      await alice.say('are you gone?');
      await bob.page.getByRole('button', { name: 'garden' }).getByLabel('1 unread').waitFor();
      await takePictures(bob.page, 'phone-unread');
      await takePictures(alice.page, 'desktop-room');
      expect([...alice.complaints, ...bob.complaints]).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'resumes the session after a cut: what both wrote meanwhile is there, in order and once',
    async () => {
      await logInBoth();
      await alice.say('alice 1');
      await bob.say('bob 1');
      await messagesOfBoth(2);
      line.cut();
      await alice.waitForStatus('reconnecting', 'offline');
      await alice.say('alice 2', 'alice 3', 'alice 4');
      await bob.say('bob 2', 'bob 3');
      expect(await alice.drafts()).toEqual(['alice 2', 'alice 3', 'alice 4']);
      await alice.waitForStatus('offline');
      await takePictures(alice.page, 'desktop-offline');
      await line.mend();
      await alice.page.getByRole('button', { name: 'Try now' }).click();
      await alice.waitForStatus('online');
      const messages = await messagesOfBoth(7);
      expect(messages).toEqual(['alice 1', 'bob 1', 'bob 2', 'bob 3', 'alice 2', 'alice 3', 'alice 4']);
      // The session came back: no password was sent again.
      expect(alice.handshakes).toHaveLength(2);
      expect(alice.handshakes[1]).toContain('session:');
      expect([...alice.complaints, ...bob.complaints]).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'goes on after a restart of the server: what was written meanwhile is there, in order and once',
    async () => {
      await logInBoth();
      await alice.say('alice 1');
      await bob.say('bob 1');
      await messagesOfBoth(2);
      expect(await server.stop()).toBe(0);
      await bob.waitForStatus('offline');
      await alice.waitForStatus('offline');
      await bob.say('bob 2', 'bob 3');
      await alice.say('alice 2', 'alice 3');
      await takePictures(bob.page, 'phone-offline');
      await server.start();
      const messages = await messagesOfBoth(6);
      expect(messages).toHaveLength(6);
      expect(messages.slice(0, 2)).toEqual(['alice 1', 'bob 1']);
      expect(by('alice', messages)).toEqual(['alice 1', 'alice 2', 'alice 3']);
      expect(by('bob', messages)).toEqual(['bob 1', 'bob 2', 'bob 3']);
      await alice.waitForStatus('online');
      await takePictures(bob.page, 'phone-back');
      await alice.say('all there?');
      expect(await messagesOfBoth(7)).toHaveLength(7);
      expect([...alice.complaints, ...bob.complaints]).toEqual([]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'loses and doubles nothing when the line is cut again and again in the middle of talking',
    async () => {
      await logInBoth();
      const texts = Array.from({ length: 40 }, (_, index) => `alice ${index}`);
      for (const [index, text] of texts.entries()) {
        await alice.say(text);
        if (index % 10 !== 5) continue;
        line.cut();
        await line.mend();
      }
      expect(await messagesOfBoth(texts.length)).toEqual(texts);
      expect(alice.handshakes.length).toBeGreaterThan(4);
    },
    TEST_LIMIT_MS,
  );

  test(
    'keeps what was written and not sent over a reload of the page',
    async () => {
      await logInBoth();
      await bob.say('before');
      await bob.waitForMessages(1);
      await server.stop();
      await bob.waitForStatus('reconnecting', 'offline');
      await bob.say('written in the dark');
      await server.start();
      await bob.page.goto(`http://127.0.0.1:${server.port}/`);
      await alice.waitForMessages(2);
      expect(await alice.messages()).toEqual(['before', 'written in the dark']);
    },
    TEST_LIMIT_MS,
  );
});
