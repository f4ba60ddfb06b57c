import { EventEmitter as NodeEmitter, on, once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { EventEmitter } from '../../lib/util/event-emitter.js';
import { within } from '../support/wait-for.js';

type Emitter = EventEmitter<Record<string, unknown[]>>;

/** The same program for Node's emitter and for ours. */
const PROGRAMS: readonly [
  title: string,
  program: (emitter: Emitter, note: (text: string) => void) => void,
][] = [
  [
    'calls listeners in the order of registration',
    (emitter, note) => {
      emitter.on('x', () => note('a')).addListener('x', () => note('b'));
      emitter.prependListener('x', () => note('first'));
      emitter.prependOnceListener('x', () => note('once, before all'));
      emitter.emit('x');
      emitter.emit('x');
    },
  ],
  [
    'hands over all arguments',
    (emitter, note) => {
      emitter.on('x', (...args) => note(JSON.stringify(args)));
      emitter.emit('x');
      emitter.emit('x', 1, 'two', [3], null);
    },
  ],
  [
    'answers whether somebody listens',
    (emitter, note) => {
      note(String(emitter.emit('x')));
      emitter.once('x', () => undefined);
      note(String(emitter.emit('x')));
      note(String(emitter.emit('x')));
    },
  ],
  [
    'removes once-listeners before it calls them',
    (emitter, note) => {
      emitter.once('x', () => {
        note(`count ${String(emitter.listenerCount('x'))}`);
        emitter.emit('x');
      });
      emitter.emit('x');
    },
  ],
  [
    'takes the newest of several registrations off',
    (emitter, note) => {
      const twice = (): void => note('twice');
      emitter
        .on('x', twice)
        .on('x', () => note('between'))
        .on('x', twice)
        .off('x', twice);
      emitter.emit('x');
      emitter.removeListener('x', twice);
      emitter.emit('x');
      emitter.off('x', twice).off('unknown', twice);
      note(String(emitter.listenerCount('x')));
    },
  ],
  [
    'takes once-listeners off by their own function',
    (emitter, note) => {
      const listener = (): void => note('never');
      emitter.once('x', listener).off('x', listener);
      emitter.emit('x');
      note(JSON.stringify(emitter.eventNames()));
    },
  ],
  [
    'goes through the list of the time of the emit',
    (emitter, note) => {
      const late = (): void => note('late');
      const removed = (): void => note('removed meanwhile');
      emitter.on('x', () => {
        emitter.on('x', late);
        emitter.off('x', removed);
      });
      emitter.on('x', removed);
      emitter.emit('x');
      note('again');
      emitter.emit('x');
    },
  ],
  [
    'throws an error that nobody listens for, itself',
    (emitter, note) => {
      const error = new RangeError('unheard');
      try {
        emitter.emit('error', error);
      } catch (thrown) {
        // Not the same object for Node's: Jest's errors are of another realm than Node's.
        note(String(String(thrown).includes('unheard')));
      }
      emitter.on('error', (heard) => note(String(heard)));
      note(String(emitter.emit('error', error)));
    },
  ],
  [
    'throws what a listener throws, and the later ones are not called',
    (emitter, note) => {
      emitter.on('x', () => {
        throw new Error('in a listener');
      });
      emitter.on('x', () => note('never'));
      try {
        emitter.emit('x');
      } catch (thrown) {
        note(String(thrown));
      }
    },
  ],
  [
    'knows its names, counts and listeners',
    (emitter, note) => {
      const listener = (): void => undefined;
      emitter.on('a', listener).on('a', listener).once('b', listener);
      note(JSON.stringify([emitter.eventNames(), emitter.listenerCount('a'), emitter.listenerCount('none')]));
      note(String(emitter.listeners('a').every((each) => each === listener)));
      note(String(emitter.listeners('none').length));
      emitter.removeAllListeners('a');
      note(JSON.stringify(emitter.eventNames()));
      emitter.removeAllListeners();
      note(JSON.stringify(emitter.eventNames()));
      note(String(emitter.setMaxListeners(5) === emitter));
    },
  ],
  [
    'gives listeners the emitter as this',
    (emitter, note) => {
      emitter.on('x', function (this: unknown) {
        note(String(this === emitter));
      });
      emitter.emit('x');
    },
  ],
  [
    'takes names that every object has',
    (emitter, note) => {
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        note(String(emitter.emit(name)));
        emitter.on(name, () => note(name));
        emitter.emit(name);
      }
    },
  ],
];

describe('the emitter does as Node’s does: it', () => {
  test.each(PROGRAMS)('%s', (_title, program) => {
    const expected: string[] = [];
    const actual: string[] = [];
    program(new NodeEmitter() as unknown as Emitter, (text) => expected.push(text));
    program(new EventEmitter(), (text) => actual.push(text));
    expect(actual).toEqual(expected);
    expect(expected.length).toBeGreaterThan(0);
  });
});

describe('Node’s helpers take it for an emitter', () => {
  test('events.once resolves with the arguments, and rejects on an error', async () => {
    const emitter: Emitter = new EventEmitter();
    const heard = once(emitter as unknown as NodeEmitter, 'x');
    emitter.emit('x', 1, 2);
    expect(await heard).toEqual([1, 2]);
    const failed = once(emitter as unknown as NodeEmitter, 'x');
    emitter.emit('error', new Error('instead'));
    await expect(failed).rejects.toThrow('instead');
    expect(emitter.eventNames()).toEqual([]);
  });

  test('events.on iterates', async () => {
    const emitter: Emitter = new EventEmitter();
    const heard: unknown[] = [];
    const reading = (async () => {
      for await (const args of on(emitter as unknown as NodeEmitter, 'x')) {
        heard.push(args);
        if (heard.length === 2) break;
      }
    })();
    emitter.emit('x', 'a');
    emitter.emit('x', 'b');
    await within(reading, 'two events');
    expect(heard).toEqual([['a'], ['b']]);
  });
});
