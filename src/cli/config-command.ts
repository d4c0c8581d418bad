import type { Command } from 'commander';
import { placeOf } from '../config/address.js';
import { loadConfig, type TraceSettings } from '../config/config.js';
import { databaseHosts } from '../config/database-hosts.js';
import { type RedisServers, shownServers } from '../config/redis-servers.js';
import { DATA_DIR, runningServers } from '../embedded/running-servers.js';
import { type Session, withJson } from './session.js';
import type { Cell } from './terminal.js';

/** Stands for what `npm start` would bring up. */
const EMBEDDED = 'postgres://embedded.invalid/';
const EMBEDDED_REDIS = 'redis://embedded.invalid';

const EMBEDDED_PLACE = 'embedded, under ./.data';

/** `config`: what the environment says, before a service is started on it. */
export function addConfig(program: Command, session: Session): void {
  const config = program.command('config').description('look at the configuration');

  withJson(config.command('check'))
    .description('say what the environment means to the service; 78: every fault in it')
    .action(async (options: { json?: boolean }) => {
      const settings = await settingsOf(session.environment);
      if (options.json === true) session.terminal.printJson(Object.fromEntries(settings));
      else session.terminal.printPairs(settings);
    });
}

/** Every variable with what it comes to; nothing that may hold a secret. */
async function settingsOf(environment: NodeJS.ProcessEnv): Promise<(readonly [string, Cell])[]> {
  const running = await runningServers(DATA_DIR);
  const settings = await loadConfig(environment, () =>
    Promise.resolve(running ?? { databaseUrl: EMBEDDED, redisUrl: EMBEDDED_REDIS }),
  );
  const { http, resp, database, cache, jobs, writes, history, audit, access, webhooks, log } = settings;
  return [
    ['HOST', http.host],
    ['PORT', http.port],
    ['DATABASE_URL', shownUrl(database.url)],
    ['REDIS_URL', serversOf(cache.servers)],
    ['JOBS_REDIS_URL', serversOf(jobs.servers)],
    ['REDIS_SENTINEL_PASSWORD', cache.servers.sentinel?.password == null ? null : 'a value that is not shown'],
    ['REDIS_ADDRESS_MAP', mapOf(cache.servers)],
    ['MIGRATE_ON_START', database.migrateOnStart],
    ['MIGRATIONS_DATABASE_URL', shownUrl(database.migrationsUrl)],
    ['DATABASE_POOLER', database.pooler],
    ['DATABASE_POOL_SIZE', database.poolSize],
    ['DATABASE_READS_PER_SECOND', database.readsPerSecond],
    ['BUCKETS', database.buckets],
    ['CACHE_TTL_MS', cache.ttlMs],
    ['RECONCILE_INTERVAL_MS', jobs.reconcileIntervalMs],
    ['IDEMPOTENCY_TTL_HOURS', writes.idempotencyTtlHours],
    ['MAX_QUEUED_WRITES', writes.maxQueued],
    ['WRITE_LANES', writes.lanes],
    ['WORKERS', settings.process.workers],
    ['HISTORY_MINUTES_KEPT_HOURS', history.minutesKeptHours],
    ['HISTORY_HOURS_DAYS', history.hoursKeptDays],
    ['HISTORY_TZ', history.zone.name],
    ['AUDIT_DAYS', audit.days],
    ['AUTH', access.auth],
    ['ADMIN_KEY', access.adminKey === null ? null : 'a value that is not shown'],
    ['RATE_LIMIT', access.rateLimit ? 'on' : 'off'],
    ['RATE_LIMIT_PER_KEY', access.perKeyPerSecond],
    ['RATE_LIMIT_PER_ADDRESS', access.perAddressPerSecond],
    ['NAMES_PER_KEY', access.namesPerKey],
    ['ALLOWED_HOSTS', http.allowedHosts.join(', ') || null],
    ['BASE_PATH', http.basePath || '/'],
    ['CORS_ORIGINS', http.corsOrigins.join(', ') || null],
    ['EMBED_ANCESTORS', http.embedAncestors.join(', ')],
    ['TRUSTED_PROXIES', http.trustedProxies.join(', ') || null],
    ['MAX_CONNECTIONS', http.maxConnections],
    ['CONNECTIONS_PER_ADDRESS', http.connectionsPerAddress],
    ['HEALTH_PORT', http.healthPort],
    ['RESP_PORT', resp.port ?? 'off'],
    ['RESP_FLUSH', resp.flush],
    ['RESP_TLS_CERT', resp.tls === null ? null : 'a certificate that is not shown'],
    ['RESP_TLS_KEY', resp.tls === null ? null : 'a value that is not shown'],
    ['WEBHOOK_ALLOW', webhooks.allowed.join(', ') || null],
    ['LOG_LEVEL', log.level],
    ...traceVariables(settings.traces),
  ];
}

function traceVariables({ exporter, url }: TraceSettings): (readonly [string, Cell])[] {
  const protocol = exporter === null ? null : 'http/protobuf';
  return [
    ['OTEL_SDK_DISABLED', exporter === null ? null : false],
    ['OTEL_TRACES_EXPORTER', exporter ?? 'none'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', url === null ? null : shownUrl(url)],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', url === null ? null : shownUrl(url)],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', protocol],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', protocol],
  ];
}

/** A URL without its password. */
function shownUrl(url: string): string {
  if (url === EMBEDDED) return EMBEDDED_PLACE;
  // Several hosts of one database are no URL to WHATWG.
  const hosts = /^postgres/.test(url) ? databaseHosts(url).map((one) => new URL(one)) : [new URL(url)];
  const [{ protocol, username, pathname } = new URL(url)] = hosts;
  const places = hosts.map(({ host }) => host).join();
  return `${protocol}//${username === '' ? '' : `${username}@`}${places}${pathname === '/' ? '' : pathname}`;
}

function serversOf(servers: RedisServers): string {
  return servers.url === EMBEDDED_REDIS ? EMBEDDED_PLACE : shownServers(servers);
}

function mapOf({ sentinel, cluster }: RedisServers): string | null {
  const pairs = [...(sentinel?.addresses ?? cluster?.addresses ?? [])].map(
    ([told, reached]) => `${told}=${placeOf(reached)}`,
  );
  return pairs.length === 0 ? null : pairs.join(', ');
}
