import type { Admission } from '../access/admission.js';
import type { CountersService } from '../counters/counters.service.js';
import type { Command } from './command.js';
import { commandCommand } from './commands/command.js';
import { connectionCommands } from './commands/connection.js';
import { COUNTING } from './commands/counting.js';
import { KEYS } from './commands/keys.js';
import { type Instance, serverCommands } from './commands/server.js';
import { signInCommands } from './commands/sign-in.js';
import { VALUES } from './commands/values.js';

/** What commands stand on. */
export interface Ground {
  readonly admission: Admission;
  readonly counters: CountersService;
  readonly instance: Instance;
}

/** Every command there is, by its name in small letters. */
export function tableOf({ admission, instance }: Ground): ReadonlyMap<string, Command> {
  const commands: readonly Command[] = [
    ...signInCommands(admission),
    ...connectionCommands(instance.clients),
    ...COUNTING,
    ...VALUES,
    ...KEYS,
    ...serverCommands(instance),
    commandCommand(() => table),
  ];
  const table = new Map(commands.map((command) => [command.name, command]));
  return table;
}
