/**
 * A primary and a standby that streams from it, for tests of what is replicated and of failovers. Both begin as copies of
 * one cluster that was shut down in order, so no program is needed but Postgres itself. Always by programs of this
 * machine: from inside a container the other one is not on 127.0.0.1.
 */
import { appendFile, chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findPostgres, type PostgresPrograms } from '../../src/embedded/postgres-programs.js';
import type { Cluster } from '../../src/embedded/postgres-server.js';
import { eventually } from './eventually.js';
import type { FakeClock } from './fake-clock.js';
import { newCluster, type PostgresOptions, startPostgresOn, type TestPostgres } from './servers.js';

/** As the primary knows the standby: what `synchronous_standby_names` lists. */
const STANDBY_NAME = 'standby';

export interface StandbyOptions extends PostgresOptions {
  /** Whether commits of the primary wait for the standby. */
  readonly synchronous: boolean;
  /** The standby's own. */
  readonly clock?: FakeClock;
  /** In which both speak, where their catalogs are there: such as `de`. */
  readonly language?: string;
}

export interface TestStandby extends TestPostgres {
  /** Makes it a primary that waits for nobody; the one before must be dead, or is a second primary from here on. */
  promote(): Promise<void>;
  /** From here on it gets nothing more from the primary. */
  cutOff(): Promise<void>;
}

export interface PrimaryWithStandby {
  readonly primary: TestPostgres;
  readonly standby: TestStandby;
  /** From here on commits wait for the standby, or do not. */
  waitForStandby(whether: boolean): Promise<void>;
  /** Settles once the standby has replayed all that is committed by now. */
  caughtUp(): Promise<void>;
  /** Ends both. */
  stop(): Promise<void>;
}

/**
 * Starts both; settles once the standby streams. Their `settings` are the same, so what is to differ, or to change while
 * they run, is for the test to set by ALTER SYSTEM.
 */
export async function startPrimaryWithStandby({
  synchronous,
  clock,
  language,
  settings = [],
}: StandbyOptions): Promise<PrimaryWithStandby> {
  const programs = language === undefined ? findPostgres(null) : speaking(language, findPostgres(null));
  const clusters = [
    await newCluster(programs),
    await newCluster(clock === undefined ? programs : await clock.around(programs)),
  ] as const;
  // A standby that was away for a while still finds what it missed.
  const inLanguage = language === undefined ? [] : ['lc_messages=C.UTF-8'];
  const all = ['wal_keep_size=256MB', ...inLanguage, ...settings];
  const primary = await startPostgresOn(clusters[0], all);
  await follow(clusters[1], primary);
  const standby = await startPostgresOn(clusters[1], all);
  await eventually(() => ask(primary, `SELECT FROM pg_stat_replication WHERE state = 'streaming'`));

  const waitForStandby = async (whether: boolean): Promise<void> => {
    // Not by the command line, which would win over every later change.
    await run(primary, `ALTER SYSTEM SET synchronous_standby_names = '${whether ? STANDBY_NAME : ''}'`);
    await run(primary, 'SELECT pg_reload_conf()');
    await eventually(() =>
      ask(primary, `SELECT WHERE current_setting('synchronous_standby_names') = '${whether ? STANDBY_NAME : ''}'`),
    );
    if (whether) await eventually(() => ask(primary, `SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`));
  };
  if (synchronous) await waitForStandby(true);

  return {
    primary,
    standby: {
      ...standby,
      promote: () => run(standby, 'SELECT pg_promote()'),
      cutOff: async () => {
        await run(standby, `ALTER SYSTEM SET primary_conninfo = ''`);
        await run(standby, 'SELECT pg_reload_conf()');
        await eventually(() => ask(primary, 'SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_replication)'));
      },
    },
    waitForStandby,
    caughtUp: async () => {
      const at = await valueOf(primary, 'SELECT pg_current_wal_flush_lsn()::text');
      await eventually(() => ask(standby, `SELECT WHERE pg_last_wal_replay_lsn() >= '${at}'`));
    },
    stop: async () => {
      await Promise.all([primary.stop(), standby.stop()]);
    },
  };
}

/** Both servers in one URL, the standby first: a service goes to whichever is the primary. */
export function bothHosts({ primary, standby }: PrimaryWithStandby): string {
  const both = primary.url.replace(/@.*?\//, `@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/`);
  return `${both}${both.includes('?') ? '&' : '?'}target_session_attrs=read-write`;
}

/** Gettext goes by LANGUAGE wherever the locale is not plain C: so no locale of that language need be generated. */
function speaking(language: string, programs: PostgresPrograms): PostgresPrograms {
  const { postgres } = programs;
  if (postgres.kind !== 'binary') return programs;
  return { ...programs, postgres: { ...postgres, environment: { ...postgres.environment, LANGUAGE: language } } };
}

/** Makes the server of a cluster a standby of that primary when it starts. */
async function follow({ directory, user }: Cluster, primary: TestPostgres): Promise<void> {
  const url = new URL(primary.url);
  const address = `host=127.0.0.1 port=${primary.port} user=${url.username} password=${url.password}`;
  await appendFile(
    join(directory, 'postgresql.auto.conf'),
    `primary_conninfo = '${address} application_name=${STANDBY_NAME}'\n`,
  );
  const signal = join(directory, 'standby.signal');
  await writeFile(signal, '');
  if (user !== null) await chown(signal, user.uid, user.gid);
}

async function ask(server: TestPostgres, text: string): Promise<boolean> {
  return (await query(server, text)).length > 0;
}

async function run(server: TestPostgres, text: string): Promise<void> {
  await query(server, text);
}

async function valueOf(server: TestPostgres, text: string): Promise<string> {
  const [row] = await query(server, text);
  return String(Object.values(row ?? {})[0]);
}

async function query({ url }: TestPostgres, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
