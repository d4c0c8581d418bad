/** What can happen to Postgres. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import type { TestPostgres } from '../support/servers.js';
import type { Deployment } from './deployment.js';
import { done, type Draw, seconds } from './fault.js';

/** Servers that were killed are ready again by then. */
const READY_TIMEOUT_MS = 30_000;

const postgresOf = ({ postgres }: Deployment): TestPostgres => {
  if (postgres === null) throw new Error('there is no Postgres that stands alone');
  return postgres;
};

async function postgresAnswers(postgres: TestPostgres): Promise<void> {
  await eventually(async () => {
    const client = new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 1_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } finally {
      await client.end().catch(() => undefined);
    }
  }, READY_TIMEOUT_MS);
}

/** SIGKILL to a server process of the service's; Postgres then ends all of them and recovers. */
async function killBackend(deployment: Deployment, lot: number): Promise<void> {
  const postgres = postgresOf(deployment);
  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'evercount' ORDER BY state = 'active' DESC, pid",
  );
  const victim = rows[Math.floor(lot * Math.min(rows.length, 6))];
  if (victim !== undefined) process.kill(victim.pid, 'SIGKILL');
  await client.end().catch(() => undefined);
  await postgresAnswers(postgres);
}

export const POSTGRES_FAULTS = {
  'backend killed': (random) => {
    const lot = random.next();
    return { target: 'postgres', detail: '', strike: done((deployment) => killBackend(deployment, lot)) };
  },
  'Postgres killed': (random) => {
    const downMs = random.pick([0, 0, 300, 2_000]);
    return {
      target: 'postgres',
      detail: `down for ${seconds(downMs)}`,
      strike: done(async (deployment) => {
        const postgres = postgresOf(deployment);
        await postgres.kill();
        await sleep(downMs);
        await postgres.restart();
      }),
    };
  },
  'Postgres ended at once': () => ({
    target: 'postgres',
    detail: 'shutdown -m immediate, and back',
    strike: done((deployment) => postgresOf(deployment).restartImmediately()),
  }),
  'Postgres frozen': (random) => {
    const lastsMs = random.whole(200, 3_000);
    return {
      target: 'postgres',
      detail: seconds(lastsMs),
      strike: done(async (deployment) => {
        const postgres = postgresOf(deployment);
        await postgres.freeze();
        await sleep(lastsMs);
        await postgres.thaw();
      }),
    };
  },
} as const satisfies Record<string, Draw>;
