import type { Admission } from '../access/admission.js';
import type { ActionLog } from '../access/action-log.js';
import type { CountersService } from '../counters/counters.service.js';
import type { Names } from '../counters/reads/names.js';
import type { Command } from './command.js';
import { commandCommand } from './commands/introspection.js';
import { connectionCommands } from './commands/connection.js';
import { COUNTING } from './commands/counting.js';
import { expiryCommands } from './commands/expiries.js';
import { INCREX } from './commands/increx.js';
import { KEYS } from './commands/keys.js';
import { nameCommands } from './commands/names.js';
import { ONCE } from './commands/once.js';
import { type Instance, serverCommands } from './commands/server.js';
import { SETTING } from './commands/setting.js';
import { signInCommands } from './commands/sign-in.js';
import { transactionCommands } from './commands/transactions.js';
import { VALUES } from './commands/values.js';
import { execute } from './execution.js';

/** What commands stand on. */
export interface Ground {
  readonly admission: Admission;
  readonly counters: CountersService;
  readonly actionLog: ActionLog;
  readonly names: Names;
  readonly instance: Instance;
  /** Milliseconds since 1970, by the database's clock: the latest that it can be. */
  readonly nowMs: () => number;
  readonly flush: 'refuse' | 'delete';
}

/** Every command there is, by its name in small letters. */
export function tableOf({
  admission,
  counters,
  actionLog,
  names,
  instance,
  nowMs,
  flush,
}: Ground): ReadonlyMap<string, Command> {
  const commands: readonly Command[] = [
    ...signInCommands(admission),
    ...connectionCommands(instance.clients),
    ...COUNTING,
    INCREX,
    ...VALUES,
    ...SETTING,
    ...KEYS,
    ...expiryCommands(nowMs),
    ...nameCommands(names, counters, flush),
    ...transactionCommands((client, orders) => execute(client, orders, { counters, actionLog })),
    ONCE,
    ...serverCommands(instance),
    commandCommand(() => table),
  ];
  const table = new Map(commands.map((command) => [command.name, command]));
  return table;
}
