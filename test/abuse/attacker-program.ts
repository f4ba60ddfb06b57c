/*
 * One attacker in a process of its own, at the lowest priority. It attacks from "begin" to "stop", as often as it is told.
 */
import { setPriority } from 'node:os';
import { ATTACKERS } from './attackers/index.js';
import { Kit } from './attackers/kit.js';
import { endWithParent, say, type ToAttacker } from './conversation.js';

const LOWEST_PRIORITY = 19;

const index = Number(process.argv[2]);
const attacker = ATTACKERS[index];
let kit: Kit | undefined;

setPriority(LOWEST_PRIORITY);
endWithParent();
process.on('message', (message: ToAttacker) => {
  if (message.kind === 'begin') {
    kit = new Kit(message.target, index, message.seed, message.share);
    attacker.attack(kit);
  } else if (kit) {
    kit.stop();
    say({ kind: 'attacked', ...kit.counts });
  }
});
say({ kind: 'ready' });
