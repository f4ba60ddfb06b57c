/** @import { Cell, Runner } from '../runner.js' */

const MESSAGES = 10_000;
const WARM_UPS = 3;

/**
 * A line is cut, calls are made, the line comes back: until the last of them is answered.
 * @param {Runner} runner
 */
export async function runResume(runner) {
  const cell = /** @type {Cell} */ ({
    name: 'resume',
    contenders: ['core', 'reference'],
    async measure({ contender, client, settings, port }, round) {
      const argument = { implementation: contender, resume: settings.resume, port, messages: MESSAGES };
      // The first ones in a process find no compiled code.
      if (round === 0) for (let n = 0; n < WARM_UPS; n++) await client.ask('resume', argument);
      return { ...(await client.ask('resume', argument)) };
    },
  });
  await runner.runCells('resume', [cell]);
}
