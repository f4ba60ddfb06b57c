/**
 * `npm run sample:check`: the sample runs its conversation, stays up, answers by HTTP and to the reference's client,
 * and Ctrl-C stops it. What `npm start` shows is checked line by line, on ports that are free.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { SimpleConnectPolicy, ws } from 'nestjs-jstp/core';
import { reservePort } from '../support/reserved-port.js';

const root = path.resolve(import.meta.dirname, '../..');
const TIMEOUT_MS = 60_000;

const EXPECTED = [
  /mallory +is refused: Authentication failed/,
  /alice +is in the kitchen with: alice {2}\(chat 2\.0\.0\)/,
  /bob +enters, they are 2 now {2}\(chat 1\.0\.0\)/,
  /gateway +hears that the kitchen is open/,
  /chat +notices that alice is typing/,
  /chat +notices that alice is listening/,
  /alice +says nothing, and is told: Validation failed/,
  /alice +hears bob say "hello alice"/,
  /alice's connection is cut/,
  /alice +hears bob say "are you still there\?"/,
  /alice +hears bob say "I will wait"/,
  /reads the history, 4 messages streamed/,
  /POST \/rooms\/kitchen answers 201 .*hello from HTTP/,
  /chat +asks the gateway, for alice, how often the kitchen was read by HTTP: 1/,
  /"interface":"rooms","method":"say","code":0,.*"user":"alice"/,
  /Both services stay up/,
  /http:\/\/127\.0\.0\.1:\d+\/jstp-explorer/,
];

const [{ port: chatPort }, { port: httpPort }, { port: explorerPort }] = [
  await reservePort(),
  await reservePort(),
  await reservePort(),
];
const sample = spawn(process.execPath, [path.join(root, 'sample/01-chat/dist/main.js'), '--access-log'], {
  env: {
    ...process.env,
    CHAT_PORT: String(chatPort),
    HTTP_PORT: String(httpPort),
    EXPLORER_PORT: String(explorerPort),
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const deadline = setTimeout(() => {
  sample.kill('SIGKILL');
  fail(`the sample did not get through within ${TIMEOUT_MS / 1000} s`);
}, TIMEOUT_MS);
let printed = '';
sample.stdout.setEncoding('utf8').on('data', (text) => {
  process.stdout.write(text);
  printed += text;
});
const ended = once(sample, 'exit');

await Promise.race([until(() => printed.includes('Ctrl-C stops them.')), ended]);
for (const line of EXPECTED) if (!line.test(printed)) fail(`the sample did not print ${line}`);

const response = await fetch(`http://127.0.0.1:${httpPort}/rooms`);
const rooms = await response.json();
if (JSON.stringify(rooms) !== '["kitchen"]') fail(`GET /rooms answered ${JSON.stringify(rooms)}`);
const guestRooms = await askAsGuest();
if (JSON.stringify(guestRooms) !== '["kitchen"]')
  fail(`the reference client was answered ${JSON.stringify(guestRooms)}`);

await checkExplorer();
await checkCommandLine();

sample.kill('SIGINT');
const [code] = await ended;
clearTimeout(deadline);
if (code !== 0) fail(`Ctrl-C ended the sample with code ${code}`);
if (!printed.includes('Stopped.')) fail('the sample did not say that it stopped');
console.log('\nThe sample does what it says.');

/** The explorer's page is served, and the administrator it lets in sees the connections and no guest does. */
async function checkExplorer() {
  const page = await fetch(`http://127.0.0.1:${explorerPort}/jstp-explorer`);
  const html = await page.text();
  if (page.status !== 200 || !html.includes('explorer-settings'))
    fail(`the explorer answered ${page.status}: ${html}`);
  const origin = `http://127.0.0.1:${explorerPort}`;
  /** @param {SimpleConnectPolicy} [connectPolicy] */
  const connect = (connectPolicy) =>
    ws.connect(
      'chat',
      { connectPolicy, reconnector: () => undefined },
      { origin },
      `ws://127.0.0.1:${explorerPort}/jstp`,
    );
  const admin = await connect(new SimpleConnectPolicy('admin', 'teapot'));
  const { clients } = /** @type {import('nestjs-jstp/core').ServerSnapshot} */ (
    await admin.callMethod('jstp.administration', 'overview', [])
  );
  if (clients.connected < 1) fail(`the administrator was told of ${JSON.stringify(clients)}`);
  const guest = await connect();
  const [refusal] = await Promise.allSettled([guest.callMethod('jstp.administration', 'overview', [])]);
  if (refusal.status !== 'rejected' || refusal.reason.message !== 'Forbidden resource')
    fail(`a guest was answered ${JSON.stringify(refusal)}`);
  for (const connection of [admin, guest]) connection.close();
}

/** The command that the sample prints can be run as it stands, and shows what there is to call and to hear. */
async function checkCommandLine() {
  const command = path.join(root, 'dist/cli/main.js');
  const { stdout } = await promisify(execFile)(command, ['inspect', `jstp://127.0.0.1:${chatPort}/chat`]);
  for (const line of [
    /method {2}history\(room: string\): stream of .* {2}What was said/,
    /emits {3}people\(room: string, people/,
  ])
    if (!line.test(stdout)) fail(`inspect did not print ${line}: ${stdout}`);
}

/** A guest with the package that JSTP's users have, as `npx jstp-cli` would be one. */
async function askAsGuest() {
  console.warn = () => undefined;
  const jstp = createRequire(import.meta.url)('@metarhia/jstp');
  const connect = promisify(jstp.net.connect);
  const connection = await connect('chat@^2.0.0', null, chatPort, '127.0.0.1');
  const result = await promisify(connection.callMethod.bind(connection))('lobby', 'rooms', []);
  connection.close();
  return result;
}

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** @param {string} reason */
function fail(reason) {
  console.error(`sample:check failed: ${reason}`);
  process.exit(1);
}
