import { type Command, InvalidArgumentError } from 'commander';
import { AuditLog } from '../store/audit-log.js';
import { withClient } from '../store/clients.js';
import { poolOf } from '../store/connections.js';
import { divisionOf } from '../store/division.js';
import { PURGE_ALL, type PurgePlace, Tombstones } from '../store/tombstones.js';
import { configOf, serverFault } from './deployment.js';
import { theOperator } from './operator.js';
import { type Session, withJson } from './session.js';

/** It looks at every row of a table that may be large, and nobody waits for that. */
const LONGEST_MS = 600_000;
const PATIENCE = { statement_timeout: LONGEST_MS, query_timeout: LONGEST_MS, connectionTimeoutMillis: 10_000 };

interface Options {
  readonly deletedBefore: Date;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const ABOUT = `
A deleted counter leaves its name and its version behind, so that a counter of that name goes on with higher versions.
Before any of that is removed, all names that are not there are lifted above the highest version among it: none comes
again. Safe while the service runs, as soon as every instance of it knows of this (none is older than this command).`;

/** `purge`: the names of counters that were deleted long ago. Asks Postgres itself. */
export function addPurge(program: Command, session: Session): void {
  withJson(program.command('purge'))
    .description('remove what is kept of counters that were deleted long ago; asks first')
    .requiredOption(
      '--deleted-before <time>',
      'those deleted before it, such as 2026-01-31; at least an hour ago',
      instant,
    )
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only tell how many there are')
    .addHelpText('after', ABOUT)
    .action((options: Options) => purge(session, options));
}

/** @throws InvalidArgumentError for what is no time of ISO 8601 */
function instant(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('It takes a date or a time such as 2026-01-31 or 2026-01-31T12:00:00Z.');
  }
  return time;
}

async function purge(session: Session, { deletedBefore, yes, dryRun, json }: Options): Promise<void> {
  const { terminal } = session;
  const { database } = await configOf(session);
  const pool = poolOf(database.url, 1, PATIENCE);
  try {
    const buckets = await withClient(pool, (client) => divisionOf(client, database.buckets));
    const tombstones = new Tombstones(pool, buckets);
    const found = await tombstones.find(deletedBefore.getTime());
    if (dryRun === true || found.count === 0) {
      if (json === true) terminal.printJson({ found: found.count, removed: 0 });
      else terminal.print(`${found.count} deleted counters could be purged`);
      return;
    }
    await session.consent(`Purge ${found.count} deleted counters?`, yes);
    const audit = new AuditLog(pool);
    const before = { found: found.count, deletedBefore: deletedBefore.toISOString() };
    const by = theOperator();
    const deed = await audit.begin({ action: 'counters.purge', by, subject: null, before, after: null });
    await tombstones.raiseFloor(found.highest);
    const progress = terminal.progress('purging');
    let removed = 0;
    try {
      for (let place: PurgePlace | null = PURGE_ALL; place !== null;) {
        const chunk = await tombstones.removeChunk(deletedBefore.getTime(), place);
        removed += chunk.count;
        place = chunk.next;
        progress.update(removed, found.count);
      }
    } finally {
      progress.stop();
    }
    await audit.finish(deed, { removed });
    if (json === true) terminal.printJson({ found: found.count, removed });
    else terminal.print(`purged ${removed} deleted counters`);
  } catch (error) {
    throw serverFault('Postgres', error);
  } finally {
    await pool.end();
  }
}
