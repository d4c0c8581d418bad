import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ReconcileReport } from '../counters/upkeep/reconciler.js';
import type { RehydrateReport } from '../counters/upkeep/rehydrator.js';
import { configOf, serverFault } from './deployment.js';
import { CommandFailed, EXIT } from './exit-codes.js';
import { connectRedis } from './redis-session.js';
import type { ServiceCalls } from './service-calls.js';
import { type ServiceOptions, type Session, withJson, withService } from './session.js';
import { driftTable } from './drift-table.js';

/** How often a job is looked at. */
const POLL_MS = 200;

/** A job is taken up within moments, and a large cache is compared at tens of thousands of entries a second. */
const JOB_PATIENCE_MS = 600_000;

interface CacheState {
  readonly postgres: string;
  readonly redis: string;
  readonly server?: { readonly address: string; readonly role: string | null; readonly foundBy: string };
  readonly units?: {
    readonly serving: number;
    readonly unverified: number;
    readonly blind: number;
    readonly waiting: number;
  };
  readonly epoch: string | null;
  readonly permission: boolean;
  readonly sentinel: boolean | null;
  readonly entries: number | null;
  readonly queue: {
    readonly state: string;
    readonly jobs?: Readonly<Record<string, number>>;
    readonly schedules?: readonly { readonly kind: string; readonly everyMs: number; readonly nextAt: string | null }[];
  };
  readonly lastReconcile: { readonly finishedAt: string; readonly report: ReconcileReport } | null;
  readonly lastRehydrate: { readonly finishedAt: string; readonly report: RehydrateReport } | null;
}

interface Job<Report> {
  readonly id: string;
  readonly state: string;
  readonly result: Report | null;
}

interface Options extends ServiceOptions {
  readonly json?: boolean;
}

interface FlushOptions extends Options {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

interface RehydrateOptions extends Options {
  readonly all?: boolean;
}

/** `cache` and `reconcile`: looks after the cache of a running service. */
export function addCache(program: Command, session: Session): void {
  const cache = program.command('cache').description('look at the cache, empty it, fill it');

  withJson(withService(cache.command('status')))
    .description('how the cache, its queue and its jobs stand')
    .action((options: Options) => status(session, options));

  withJson(withService(cache.command('flush')))
    .description("remove this service's own entries, and nothing else; they come back by reading")
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only tell how many there are')
    .action((options: FlushOptions) => flush(session, options));

  withJson(cache.command('flushall'))
    .description('FLUSHALL: empty the Redis itself, with whatever else is in it, to see that no count is lost')
    .option('--yes', 'do not ask')
    .action((options: Omit<FlushOptions, 'dryRun'>) => flushAll(session, options));

  withJson(withService(cache.command('rehydrate')))
    .description('fill the cache with what was written last, and wait until it is done')
    .option('--all', 'with every counter there is; the cache has to have room for them')
    .action(async (options: RehydrateOptions) => {
      const { all = false } = options;
      const report = await runJob<RehydrateReport>(await session.calls(options), 'rehydrate', all ? '?all=true' : '');
      if (options.json === true) session.terminal.printJson(report);
      else {
        const { filled, names, durationMs } = report;
        const which = all ? '' : ' that were written last';
        session.terminal.print(`filled ${filled} of ${names} counters${which}, in ${durationMs} ms`);
      }
    });

  withJson(withService(program.command('reconcile')))
    .description('have the service compare its cache with the truth and repair it; 2: there was drift')
    .action(async (options: Options) => {
      const report = await runJob<ReconcileReport>(await session.calls(options), 'reconcile');
      tellReconciled(session, report, options);
      if (report.behind + report.wrong > 0) session.exitCode = EXIT.different;
      else if (!report.complete) session.exitCode = EXIT.failed;
    });
}

async function status(session: Session, options: Options): Promise<void> {
  const { terminal } = session;
  const state = await (await session.calls(options)).expect<CacheState>('GET', '/v1/admin/cache');
  if (options.json === true) {
    terminal.printJson(state);
    return;
  }
  const { lastReconcile, lastRehydrate, queue } = state;
  const jobs = Object.entries(queue.jobs ?? {}).filter(([, count]) => count > 0);
  terminal.printPairs([
    ['Postgres', state.postgres],
    ['Redis', state.redis],
    ['server of Redis', serverOf(state)],
    ['served from the cache', servedOf(state)],
    ['epoch', state.epoch],
    ['entries, about', state.entries],
    ['flushed just now', state.sentinel === null ? null : state.sentinel ? 'no' : 'yes'],
    ['queue', queue.state],
    ['jobs', jobs.map(([kind, count]) => `${count} ${kind}`).join(', ') || 'none'],
    ...(queue.schedules ?? []).map(
      ({ kind, everyMs, nextAt }) => [`next ${kind}`, `${nextAt ?? '-'}, every ${everyMs / 1000} s`] as const,
    ),
    [
      'last reconcile',
      lastReconcile === null
        ? null
        : `${lastReconcile.finishedAt}, ${lastReconcile.report.behind} behind, ${lastReconcile.report.wrong} wrong`,
    ],
    [
      'last rehydrate',
      lastRehydrate === null ? null : `${lastRehydrate.finishedAt}, ${lastRehydrate.report.filled} filled`,
    ],
  ]);
}

async function flush(session: Session, options: FlushOptions): Promise<void> {
  const { terminal } = session;
  const calls = await session.calls(options);
  const { entries } = await calls.expect<CacheState>('GET', '/v1/admin/cache');
  if (options.dryRun === true) {
    if (options.json === true) terminal.printJson({ dryRun: true, entries });
    else terminal.note(`would remove about ${entries ?? 'an unknown number of'} entries`);
    return;
  }
  await session.consent(
    `Remove about ${entries ?? 'an unknown number of'} entries? Reads come from Postgres until they are back.`,
    options.yes,
  );
  const removed = await calls.flush();
  if (options.json === true) terminal.printJson({ removed });
  else terminal.print(`removed ${removed} entries`);
}

/** Asks Redis itself, by the environment of the service, or that of an `npm start` in the same folder. */
async function flushAll(session: Session, { yes, json }: Omit<FlushOptions, 'dryRun'>): Promise<void> {
  const { servers } = (await configOf(session)).cache;
  const client = await connectRedis(servers);
  try {
    const keys = await client.dbsize();
    await session.consent(`Flush all of this Redis? There are ${keys} keys in this database of it alone.`, yes);
    await client.flushall();
    if (json === true) session.terminal.printJson({ keys });
    else session.terminal.print(`flushed: ${keys} keys are gone, and no count is: read one`);
  } catch (error) {
    throw serverFault('Redis', error);
  } finally {
    client.disconnect();
  }
}

async function runJob<Report>(calls: ServiceCalls, kind: 'rehydrate' | 'reconcile', query = ''): Promise<Report> {
  const { job } = await calls.expect<{ job: { id: string } }>('POST', `/v1/admin/cache/${kind}${query}`);
  const deadlineMs = performance.now() + JOB_PATIENCE_MS;
  for (;;) {
    const path = `/v1/admin/jobs/${encodeURIComponent(job.id)}`;
    const { job: seen } = await calls.expect<{ job: Job<Report> }>('GET', path);
    if (seen.result !== null) return seen.result;
    if (seen.state === 'failed') {
      throw new CommandFailed(EXIT.failed, `the job ${job.id} failed`, 'the log of the service says why');
    }
    if (performance.now() > deadlineMs) {
      throw new CommandFailed(EXIT.unavailable, `the job ${job.id} is not done after 10 minutes`);
    }
    await sleep(POLL_MS);
  }
}

function tellReconciled({ terminal }: Session, report: ReconcileReport, { json }: Options): void {
  if (json === true) {
    terminal.printJson(report);
    return;
  }
  const { compared, behind, wrong, repaired, complete, durationMs } = report;
  terminal.print(
    `compared ${compared} entries in ${durationMs} ms: ${behind} behind, ${wrong} wrong, ${repaired} repaired`,
  );
  if (report.drift.length > 0) driftTable(terminal, report.drift);
  if (!complete) terminal.note('not every entry was looked at: the cache could not be served meanwhile');
}

function servedOf({ permission, units }: CacheState): string {
  if (permission) return 'yes';
  const all = units === undefined ? 0 : Object.values(units).reduce((sum, count) => sum + count, 0);
  if (units === undefined || units.serving === 0) return 'no, from Postgres';
  return `${units.serving} of ${all} units; ${units.blind} are blind, ${units.waiting} wait`;
}

function serverOf({ server }: CacheState): string | null {
  if (server === undefined) return null;
  const led =
    server.foundBy === 'sentinel' ? ', found by Sentinel' : server.foundBy === 'cluster' ? ', of a cluster' : '';
  return `${server.address}, ${server.role ?? 'does not answer'}${led}`;
}
