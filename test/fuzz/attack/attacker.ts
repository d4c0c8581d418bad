/** One attacker, in a process of its own: `attacker.ts <name> <target and loot as JSON>`; ends with its standard input. */
import { constants, setPriority } from 'node:os';
import { attack, type Loot } from './attackers.js';
import type { Target } from './flood.js';

const [name = '', json = '{}'] = process.argv.slice(2);
const { target, loot } = JSON.parse(json) as { target: Target; loot: Loot };

setPriority(constants.priority.PRIORITY_LOW);
const tallies = attack(name, target, loot);
console.log('attacking');
process.stdin.resume();
process.stdin.once('end', () => {
  console.log(JSON.stringify(tallies));
  process.exit();
});
