import { textOf } from '../../lib/protocol/attached-message.js';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { Session } from '../../lib/session/session.js';
import { ENTRY_BYTES } from '../../lib/session/journal.js';

/** A message that goes out again ten times in vain is given up (lib/session/journal.ts). */
const MAX_FUTILE_REPLAYS = 10;
const MAX_COMMANDS = 200;
const RUNS_A_BATCH = 25;
/** Numbers as a young session has them, and such as do not fit into 32 bits. */
const STARTS = [0, 2 ** 31 - 5, 2 ** 32 - 3];

type Name = 'a' | 'b';
const peerOf = (name: Name): Name => (name === 'a' ? 'b' : 'a');

/** Something on its way; what has no number lies half a step behind the last one. */
interface Sent {
  readonly position: number;
  readonly text: string;
}

/** What a side is, in the simplest words: all it ever sent, and how much of it is known to have arrived. */
interface ModelSide {
  readonly sent: Sent[];
  /** What the other side has taken of it, by text. */
  readonly taken: Set<string>;
  last: number;
  acknowledged: number;
  /** The highest number that the other side has taken. */
  arrived: number;
  futileReplays: number;
  /** What is on its way to the other side. */
  line: Sent[];
}

interface Model {
  readonly sides: Readonly<Record<Name, ModelSide>>;
  isUp: boolean;
}

/** The real thing: the sessions of both sides. */
type Real = Record<Name, Session>;
type Step = fc.Command<Model, Real>;

function assertSame(what: string, real: unknown, expected: unknown): void {
  if (isDeepStrictEqual(real, expected)) return;
  throw new Error(`${what} is ${JSON.stringify(real)}, not ${JSON.stringify(expected)}`);
}

function held(side: ModelSide): Sent[] {
  return side.sent.filter(({ position }) => position > side.acknowledged);
}

function isHopeless(side: ModelSide): boolean {
  return side.futileReplays >= MAX_FUTILE_REPLAYS && side.arrived === side.acknowledged;
}

/** Everything that can be seen of the sessions is what the model says. */
function check(model: Model, real: Real): void {
  for (const name of ['a', 'b'] as const) {
    const side = model.sides[name];
    const { journal } = real[name];
    const expected = held(side);
    assertSame(
      'the journal',
      [...journal].map(({ id, message }) => ({ position: id, text: textOf(message) })),
      expected,
    );
    assertSame('its size', journal.size, expected.length);
    assertSame(
      'its bytes',
      journal.bytes,
      expected.reduce((sum, { text }) => sum + text.length + ENTRY_BYTES, 0),
    );
    assertSame('its last number', journal.lastId, side.last);
    assertSame('what is acknowledged', journal.acknowledged, side.acknowledged);
    assertSame('the count', real[peerOf(name)].receivedCount, side.arrived);
    assertSame("a resume with the peer's count", journal.covers(side.arrived), !isHopeless(side));
    assertSame('a resume below', journal.covers(side.acknowledged - 1), false);
    assertSame('a resume above', journal.covers(side.last + 1), false);
    assertSame('a resume between', journal.covers(side.last + 0.5), false);
  }
}

/** A command of one line: what it does to both, and its name for the report. */
function step(name: string, run: (model: Model, real: Real) => void, when?: (model: Model) => boolean): Step {
  return {
    check: (model) => when?.(model) ?? true,
    run(model, real) {
      run(model, real);
      check(model, real);
    },
    toString: () => name,
  };
}

let textCount = 0;

function send(name: Name, count: number, isNumbered: boolean): Step {
  return step(`${name} sends ${count} ${isNumbered ? 'messages' : 'answers'}`, ({ sides, isUp }, real) => {
    const side = sides[name];
    const { journal } = real[name];
    for (let n = 0; n < count; n++) {
      const text = `text ${textCount++}`;
      if (isNumbered) journal.append(text);
      else journal.appendUnnumbered(text);
      if (isNumbered) side.last += 1;
      const sent = { position: isNumbered ? side.last : side.last + 0.5, text };
      side.sent.push(sent);
      if (isUp) side.line.push(sent);
    }
  });
}

/** So many entries arrive: each once, in the order of their sending, whatever goes out again. */
function deliver(name: Name, count: number): Step {
  return step(`${count} of ${name} arrive`, ({ sides }, real) => {
    const side = sides[name];
    for (const { position, text } of side.line.splice(0, count)) {
      const isNumbered = Number.isInteger(position);
      if (side.taken.has(text) || (isNumbered && position <= side.arrived)) continue;
      assertSame('what arrives next', text, side.sent[side.taken.size].text);
      side.taken.add(text);
      if (!isNumbered) continue;
      assertSame('its number', position, side.arrived + 1);
      side.arrived = position;
      real[peerOf(name)].receivedCount = position;
    }
  });
}

/** The other side says how far it is, or was some time ago; or it lies. */
function acknowledge(name: Name, back: number): Step {
  return step(`${name} hears of ${back} fewer than have arrived`, ({ sides }, real) => {
    const side = sides[name];
    const count = back < 0 ? side.last - back : side.arrived - back;
    real[name].journal.acknowledge(count);
    noteAcknowledged(side, count);
  });
}

function noteAcknowledged(side: ModelSide, count: number): void {
  if (count <= side.acknowledged || count > side.last) return;
  side.acknowledged = count;
  side.futileReplays = 0;
}

const cut = step('cut', (model) => {
  model.isUp = false;
  for (const side of Object.values(model.sides)) side.line = [];
});

const resume = step(
  'resume',
  (model, real) => {
    model.isUp = true;
    for (const name of ['a', 'b'] as const) {
      const side = model.sides[name];
      const { journal } = real[name];
      const { receivedCount } = real[peerOf(name)];
      journal.acknowledge(receivedCount);
      noteAcknowledged(side, side.arrived);
      journal.noteReplay();
      if (held(side).length > 0) side.futileReplays += 1;
      side.line = [...journal].map(({ id, message }) => ({ position: id, text: textOf(message) }));
    }
  },
  ({ sides, isUp }) => !isUp && !Object.values(sides).some(isHopeless),
);

function store(name: Name, withId: boolean): Step {
  return step(`${name} is stored ${withId ? 'with' : 'without'} its id`, ({ sides }, real) => {
    const before = real[name];
    before.set('stored', Number(before.get('stored') ?? 0) + 1);
    const after = withId
      ? Session.fromString(before.toString())
      : Session.deserialize(before.id, before.serialize());
    assertSame('its state', [...after], [...before]);
    assertSame('its id', after.id, before.id);
    assertSame('its user', after.username, before.username);
    assertSame('its binding', after.binding, before.binding);
    real[name] = after;
    // Whoever loads it tries again.
    sides[name].futileReplays = 0;
  });
}

const names = fc.constantFrom<Name>('a', 'b');
const counts = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 400 }) },
);

const steps = fc.commands(
  [
    fc.tuple(names, counts).map(([name, count]) => send(name, count, true)),
    fc.tuple(names, counts).map(([name, count]) => send(name, count, false)),
    fc.tuple(names, counts).map(([name, count]) => deliver(name, count)),
    fc.tuple(names, fc.integer({ min: 0, max: 500 })).map(([name, count]) => deliver(name, count)),
    fc.tuple(names, fc.integer({ min: -2, max: 3 })).map(([name, back]) => acknowledge(name, back)),
    fc.tuple(names, fc.constant(0)).map(([name, back]) => acknowledge(name, back)),
    fc.constant(cut),
    fc.constant(resume),
    fc.constant(resume),
    fc.tuple(names, fc.boolean()).map(([name, withId]) => store(name, withId)),
  ],
  { maxCommands: MAX_COMMANDS, size: 'max' },
);

function newSide(start: number): ModelSide {
  return {
    sent: [],
    taken: new Set(),
    last: start,
    acknowledged: start,
    arrived: start,
    futileReplays: 0,
    line: [],
  };
}

function newSession(start: number): Session {
  const session = new Session(null, 'user');
  session.binding = { application: 'app', version: undefined, extensions: ['resume'] };
  session.receivedCount = start;
  session.journal.restore(start, start, []);
  return session;
}

/** What became of a model run. */
export interface ModelReport {
  readonly steps: number;
  /** The shortest list of commands that goes wrong; undefined: nothing does. */
  readonly failure: string | undefined;
}

/** Runs commands until so many steps are done, or one goes wrong. */
export function runModel({ steps: wanted, seed }: { steps: number; seed: number }): ModelReport {
  let done = 0;
  const property = fc.property(fc.constantFrom(...STARTS), steps, (start, commands) => {
    const setup = (): { model: Model; real: Real } => ({
      model: { sides: { a: newSide(start), b: newSide(start) }, isUp: true },
      real: { a: newSession(start), b: newSession(start) },
    });
    const counted = [...commands].map((command) => counting(command, () => (done += 1)));
    fc.modelRun(setup, counted);
  });
  for (let batch = 0; done < wanted; batch++) {
    const details = fc.check(property, { numRuns: RUNS_A_BATCH, seed: seed + batch });
    if (!details.failed) continue;
    const cause = (details.errorInstance as Error | null)?.message;
    return { steps: done, failure: `${cause ?? 'failed'}\n${fc.defaultReportMessage(details) ?? ''}` };
  }
  return { steps: done, failure: undefined };
}

function counting(command: Step, count: () => void): Step {
  return {
    check: (model) => command.check(model),
    run(model, real) {
      count();
      command.run(model, real);
    },
    toString: () => command.toString(),
  };
}
