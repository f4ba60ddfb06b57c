import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { plainText } from '../../lib/protocol/attached-message.js';
import { MdsfReader } from '../../lib/mdsf/index.js';
import { MessageSplitter } from '../../lib/protocol/splitter.js';
import { Wire } from '../../lib/connection/wire.js';
import { Arena } from '../security/arena.js';
import { Closing } from '../support/closing.js';
import { RawPeer } from '../support/raw-peer.js';
import { readCorpus } from './corpus.js';
import { fuzz, type FuzzReport } from './fuzzer.js';
import { Pipe } from './pipe.js';
import { bytesOf, type Input } from './target.js';
import { TARGETS } from './targets.js';

const NAMES = Object.keys(TARGETS);
/** Few: `npm run fuzz` is the long run. */
const MESSAGES = 500;
const closing = new Closing();

afterEach(async () => {
  jest.restoreAllMocks();
  await closing.run();
});

// It is work for the processor, which a busy machine does in more than Jest's time.
jest.setTimeout(180_000);

async function run(
  name: string,
  seed: number,
  messages: number,
  corpus = readCorpus(name),
): Promise<FuzzReport> {
  const target = TARGETS[name](true);
  try {
    return await fuzz(target, { seed, corpus, goesOn: (done) => done < messages });
  } finally {
    await target.close?.();
  }
}

describe.each(NAMES)('%s', (name) => {
  test('its corpus, and a short run of changes, find nothing', async () => {
    const corpus = readCorpus(name);
    const { found, inputs, messages } = await run(name, 1, MESSAGES);
    expect(found).toEqual([]);
    expect(inputs).toBeGreaterThan(corpus.length);
    expect(messages).toBeGreaterThanOrEqual(MESSAGES);
  });
});

test('the same seed and corpus give the same run', async () => {
  for (const name of ['message', 'framing', 'server']) {
    const [one, two, other] = [await run(name, 5, 500), await run(name, 5, 500), await run(name, 6, 500)];
    expect(two).toEqual(one);
    expect(other.fresh).not.toEqual(one.fresh);
  }
});

test('a WebSocket conversation of a corpus reaches the methods of the other side', async () => {
  for (const name of ['ws-server', 'ws-client']) {
    const outcomes: string[] = [];
    const target = TARGETS[name](true);
    closing.add(() => target.close?.());
    for (const input of readCorpus(name)) outcomes.push(await target.run(input));
    expect(outcomes.join()).toContain('callback,ok');
    expect(outcomes.join()).toContain('pong');
  }
});

describe('a run finds', () => {
  const after = async (name: string, input: Input): Promise<string> => {
    const { found } = await run(name, 1, 0, [input]);
    return String(found[0]?.error);
  };

  test('a reader that fails in an undeclared way', async () => {
    jest.spyOn(MdsfReader.prototype, 'readDocument').mockImplementation(() => {
      throw new TypeError('odd');
    });
    expect(await after('mdsf', ['1'])).toMatch('reading has thrown TypeError: odd');
  });

  test.each([
    ['from a Buffer and from plain bytes', 2],
    ['from bytes and from a string', 3],
  ])('a value that is not the same %s', async (ways, which) => {
    const { readDocument } = MdsfReader.prototype;
    let count = 0;
    jest.spyOn(MdsfReader.prototype, 'readDocument').mockImplementation(function (this: MdsfReader) {
      const value = readDocument.call(this);
      return ++count === which ? 'odd' : value;
    });
    expect(await after('mdsf', ["{a:'b'}"])).toMatch(`read differently ${ways}`);
  });

  test('a value that JSON.parse, the reference, a longer text or the writer has in another way', async () => {
    const { readDocument } = MdsfReader.prototype;
    for (const [value, words] of [
      [1, 'read differently by JSON.parse'],
      ["'a'", 'read differently by the reference'],
    ] as const) {
      jest.spyOn(MdsfReader.prototype, 'readDocument').mockImplementation(() => 'odd');
      expect(await after('mdsf', [String(value)])).toMatch(words);
      jest.restoreAllMocks();
    }
    for (const [from, words] of [
      [4, 'within an array'],
      [5, 'is written as'],
    ] as const) {
      let count = 0;
      jest.spyOn(MdsfReader.prototype, 'readDocument').mockImplementation(function (this: MdsfReader) {
        const value = readDocument.call(this);
        return ++count < from ? value : ['odd'];
      });
      expect(await after('mdsf', ["{a:'b'}"])).toMatch(words);
      jest.restoreAllMocks();
    }
  });

  test('a large value that is not written as a small one', async () => {
    const methods = Buffer.prototype as unknown as { latin1Slice(start: number, end: number): string };
    const { latin1Slice } = methods;
    jest.spyOn(methods, 'latin1Slice').mockImplementation(function (this: Buffer, start, end) {
      return latin1Slice.call(this, start, end).replace('null,null,1', 'null,null,2');
    });
    expect(await after('mdsf', ['1'])).toMatch('null,1], and where it is large, as [null,null');
  });

  test('a message that a splitter loses, and one that it delivers to a sink that has stopped', async () => {
    const { push } = MessageSplitter.prototype;
    jest.spyOn(MessageSplitter.prototype, 'push').mockImplementation(function (
      this: MessageSplitter,
      chunk,
      sink,
    ) {
      if (chunk.length !== 3) push.call(this, chunk, sink);
    });
    expect(await after('framing', ['{}\0', '{ping:[1]}\0'])).toMatch('cut as given');
    jest.restoreAllMocks();
    jest.spyOn(MessageSplitter.prototype, 'push').mockImplementation(function (
      this: MessageSplitter,
      chunk,
      sink,
    ) {
      push.call(this, chunk, (message) => sink(message) || sink(message));
    });
    expect(await after('framing', new Array<string>(20).fill('{}\0'))).toMatch(
      'delivered a message though the sink had stopped',
    );
  });

  test.each([
    ['server', "{handshake:[0,'app']}\0"],
    ['client', "{handshake:[0],ok:'session'}\0"],
  ])('a %s that does not answer', async (name, handshake) => {
    const { serve } = Wire.prototype;
    jest.spyOn(Wire.prototype, 'serve').mockImplementation(function (this: Wire, data) {
      if (!Buffer.from(data as Uint8Array).includes('{ping:[0]}')) serve.call(this, data);
    });
    expect(await after(name, [handshake])).toMatch('neither answers nor ends');
  });

  test('a secret that is told, and an error of no declared class', async () => {
    const conversation: Input = ["{handshake:[0,'app']}\0", "{call:[1,'mark'],run:[1]}\0"];
    const { write } = Wire.prototype;
    jest.spyOn(Wire.prototype, 'write').mockImplementation(function (this: Wire, text) {
      write.call(
        this,
        plainText(text).replace('{callback:[1],ok:[]}', "{callback:[1],error:[1,'a secret of the house']}"),
      );
    });
    expect(await after('server', conversation)).toMatch('told a secret');
    jest.restoreAllMocks();
    const { serve } = Wire.prototype;
    jest.spyOn(Wire.prototype, 'serve').mockImplementation(function (this: Wire, data) {
      if (Buffer.from(data as Uint8Array).includes('run')) this.fail(new TypeError('of no class'));
      else serve.call(this, data);
    });
    expect(await after('server', conversation)).toMatch(
      'told of an undeclared error: TypeError: of no class',
    );
  });
});

test('a pipe carries bytes both ways, and its ends', async () => {
  const [one, other] = Pipe.createPair();
  const heard: string[] = [];
  other.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  const ended = new Promise((resolve) => other.once('end', resolve));
  const closed = Promise.all([one, other].map((end) => new Promise((resolve) => end.once('close', resolve))));
  one.resume();
  one.write('a');
  one.end('b');
  await Promise.all([ended, closed]);
  expect(heard.join('')).toBe('ab');
});

test('over real sockets the corpus ends nothing, and another client is served all the time', async () => {
  const arena = await Arena.start(closing, {
    extensions: ['stream', 'cancel', 'bye'],
    limits: { maxMessageBytes: 65_536 },
  });
  for (const input of readCorpus('server')) {
    const peer = await RawPeer.connect(arena.port);
    closing.add(() => peer.destroy());
    for (const piece of input) peer.socket.write(bytesOf(piece));
    peer.socket.end('\0{ping:[0]}\0');
    await peer.end();
    await arena.expectServing();
  }
});
