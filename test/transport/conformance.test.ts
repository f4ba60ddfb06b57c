import { describe } from '@jest/globals';
import { describeBacklog } from './conformance/backlog.js';
import { describeHeld } from './conformance/held.js';
import { describeLife } from './conformance/life.js';
import { describeResume } from './conformance/resume.js';
import { describeTalk } from './conformance/talk.js';
import { CONTENDERS } from './contender.js';
import { Ring } from './ring.js';

/** What every transport must do. */
describe.each(CONTENDERS)('$name as a transport', (contender) => {
  const ring = new Ring(contender);
  describeTalk(ring);
  describeResume(ring);
  describeLife(ring);
  describeHeld(ring);
  describeBacklog(ring);
});
