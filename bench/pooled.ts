/** The service behind PgBouncer that gives sessions away after each transaction, beside itself without. */
import { findPgbouncer, startPgbouncer } from '../test/support/pgbouncer.js';
import type { SeparateService } from './arena.js';
import { type Entrant, type Field, loadSubject } from './entrants.js';
import { itemsOf, type Workload } from './load/workload.js';
import { inPostgres } from './postgres.js';
import { HOT, keyed, MANY, of } from './workloads.js';

/** What the service says that its role must bring there. */
const OF_THE_ROLE = {
  statement_timeout: '1400',
  lock_timeout: '1200',
  idle_in_transaction_session_timeout: '1000',
  jit: 'off',
};

const POOLED = 'pooled';

/** None where there is no PgBouncer. */
export function pooled(field: Field): Entrant[] {
  const program = findPgbouncer();
  if (program === null) return [];
  const behind = async (): Promise<SeparateService> => {
    const databaseUrl = await field.arena.databaseOf(POOLED);
    const port = await field.arena.poolerPort(async () => {
      await inPostgres(databaseUrl, async (client) => {
        for (const [name, value] of Object.entries(OF_THE_ROLE)) {
          await client.query(`ALTER ROLE CURRENT_USER IN DATABASE ${POOLED} SET ${name} = '${value}'`);
        }
      });
      return startPgbouncer(program, databaseUrl, 'transaction');
    });
    const environment = { DATABASE_POOLER: 'transaction', MIGRATIONS_DATABASE_URL: databaseUrl };
    return field.arena.separateService(POOLED, { environment, postgresPort: port });
  };
  const workloads: [string, Workload][] = [
    ['one hot counter', of('increment', HOT)],
    ['10,000 counters', of('increment', MANY)],
    ['10,000 counters, a key each', keyed(of('increment', MANY))],
  ];
  return workloads.flatMap(([label, workload]) => {
    const base = `direct: ${label}`;
    const entrant = (key: string, text: string, start: () => Promise<SeparateService>): Entrant => ({
      key,
      label: text,
      base,
      items: itemsOf(workload),
      prepare: start,
      run: (connections, seconds) =>
        loadSubject(field, async () => (await start()).subject, workload, connections, seconds),
    });
    return [
      entrant(base, label, () => field.arena.separateService('direct')),
      entrant(`pooled: ${label}`, `${label}, by PgBouncer`, behind),
    ];
  });
}
