import { type RedisServers, redisServers } from './redis-servers.js';
import { UTC, type Zone } from '../domain/zone.js';
import type { ProcessSettings } from './processes.js';
import { listeningHost, LOOPBACK } from './reading.js';
import { respTls } from './resp-tls.js';
import { DEFAULT_PORT, type LOG_LEVELS, readValues, SMALLEST_POOL, type Values } from './variables.js';

/** Batches of increments at once where nothing else is said, however many buckets there are: more wait for the same disk. */
const MOST_LANES = 4;

/** Exit code for a faulty configuration: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/** Where the service listens and whom it trusts. */
export class HttpSettings {
  host!: string;
  /** 0 takes a free port. */
  port!: number;
  /** Beside the names of this machine; empty where any will do, with keys. In small letters, some with a port. */
  allowedHosts!: readonly string[];
  corsOrigins!: readonly string[];
  /** Whose pages may show an embedded counter in a frame: `*`, `self` or `none` alone, or origins. */
  embedAncestors!: readonly string[];
  /** Where a proxy mounts the service, without a slash at the end; '' at the root. */
  basePath!: string;
  trustedProxies!: readonly string[];
  /** Of probes and metrics alone; 0 takes a free one, null none. */
  healthPort!: number | null;
  /** Connections that may be open; further ones are closed at once. */
  maxConnections!: number;
  /** Connections that one address may have open. */
  connectionsPerAddress!: number;
  /** Addresses and CIDR ranges by which many callers come: they may have any number, and keep them. */
  trustedNetworks!: readonly string[];
}

/** The Redis protocol as a way in. */
export class RespSettings {
  host!: string;
  /** 0 takes a free one; null: it is not spoken. */
  port!: number | null;
  /** Whether somebody asked for this port: where nobody did, the service goes on without. */
  isPortAsked!: boolean;
  /** Connections that may be open; further ones are closed at once. */
  maxConnections!: number;
  /** What FLUSHALL and FLUSHDB do: they are refused, or they delete counters. */
  flush!: 'refuse' | 'delete';
  /** In PEM; null: in the clear. */
  tls!: { readonly cert: string; readonly key: string } | null;
}

/** The truth. */
export class DatabaseSettings {
  /** A `postgres://` URL. */
  url!: string;
  /** The same database, for the role that migrates. */
  migrationsUrl!: string;
  migrateOnStart!: boolean;
  /** A pooler that `url` leads to, which gives sessions away after each transaction. */
  pooler!: 'transaction' | null;
  /** Connections of this instance to Postgres, the guard's own included. */
  poolSize!: number;
  /** Of these, how many commit increments. */
  lanes!: number;
  /** How the truth is to be divided, where the database is yet to be created; null: as it is, and not at all in a new one. */
  buckets!: number | null;
  /** Names that this instance reads from Postgres in a second, at most; past it they wait, and then are refused. */
  readsPerSecond!: number;
}

/** The copy. */
export class CacheSettings {
  servers!: RedisServers;
  /** T: the longest life of an entry, milliseconds. */
  ttlMs!: number;
  /** Whether the service brought up its Redis itself. */
  isEmbedded?: boolean;
}

/** The jobs and their queue. */
export class JobsSettings {
  /** BullMQ's. */
  servers!: RedisServers;
  reconcileIntervalMs!: number;
}

/** The commit pipeline. */
export class WriteSettings {
  /** Writes waiting for a commit; one more is refused. */
  maxQueued!: number;
  idempotencyTtlHours!: number;
  /** How many batches of increments are committed at once, at most; a connection each. */
  lanes!: number;
}

/** How long changes over time are kept; those of days for ever. */
export class HistorySettings {
  minutesKeptHours!: number;
  /** With their quarters, of which the days of any zone are made. */
  hoursKeptDays!: number;
  /** Where the days begin that are kept for ever. */
  zone!: Zone;
}

/** Who did what. */
export class AuditSettings {
  /** How long it can be found out. */
  days!: number;
}

/** Who may call, and how often. */
export class AccessSettings {
  auth!: 'off' | 'required';
  /** A key that may do everything, beside those in the database. */
  adminKey!: string | null;
  rateLimit!: boolean;
  /** Requests by one key, or from one address, on average; ten seconds' worth at once. */
  perKeyPerSecond!: number;
  perAddressPerSecond!: number;
  /** Names that one key may bring into being, where the key itself says nothing. */
  namesPerKey!: number;
}

/** Spans of OpenTelemetry. */
export class TraceSettings {
  /** Null: none are wanted. */
  exporter!: 'otlp' | 'console' | null;
  /** Where spans are sent; null: where the library's own default is. */
  url!: string | null;
}

/** Where messages of watches may go. */
export class WebhookSettings {
  /** Beside public addresses: host names, addresses and CIDR ranges. */
  allowed!: readonly string[];
}

export class LogSettings {
  level!: (typeof LOG_LEVELS)[number];
  /** Texts that are never written, whoever brings them. */
  hidden!: readonly string[];
}

/** Everything the environment says, in slices: each class is given its own and no more. */
export interface Config {
  readonly process: ProcessSettings;
  readonly http: HttpSettings;
  readonly resp: RespSettings;
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings;
  readonly jobs: JobsSettings;
  readonly writes: WriteSettings;
  readonly history: HistorySettings;
  readonly audit: AuditSettings;
  readonly access: AccessSettings;
  readonly traces: TraceSettings;
  readonly webhooks: WebhookSettings;
  readonly log: LogSettings;
}

/** The environment does not describe a service that can run; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError with all faults, where there are any */
export function refuseFaults(faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new ConfigError(`The configuration has ${faults.length} fault(s):\n${faults.map((f) => `  ${f}`).join('\n')}`);
}

/** Beside that of Redis, which may run on the same machine. */
const EMBEDDED_RESP_PORT = 6380;

/** Of this machine alone, and so of whoever runs it. */
const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1'];

/** Where servers of our own were brought up. */
export interface EmbeddedUrls {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/**
 * Reads the whole configuration from an environment. A variable may be given as `NAME_FILE`, a path to read it from;
 * an empty variable counts as absent.
 *
 * @param startEmbedded brings up servers of our own; called only where no URL is given and nothing is at fault
 * @throws ConfigError naming every variable at fault, what it got and what it takes
 */
export async function loadConfig(
  environment: NodeJS.ProcessEnv,
  startEmbedded: () => Promise<EmbeddedUrls>,
): Promise<Config> {
  const faults: string[] = [];
  const values = readValues(environment, faults);

  const host = listeningHost(values.HOST);
  const loopback = LOOPBACK.test(host);
  const auth = values.AUTH ?? (loopback ? 'off' : 'required');

  if (!('DATABASE_URL' in values) !== !('REDIS_URL' in values)) {
    const missing = 'REDIS_URL' in values ? 'DATABASE_URL' : 'REDIS_URL';
    faults.push(`${missing}: got nothing; takes a URL, since the other one of DATABASE_URL and REDIS_URL is set`);
  }
  faults.push(...samePorts(values));
  const tls = respTls(values, faults);
  if ('MIGRATIONS_DATABASE_URL' in values && !('DATABASE_URL' in values) && !('REDIS_URL' in values)) {
    faults.push('DATABASE_URL: got nothing; takes a URL, since MIGRATIONS_DATABASE_URL is set');
  }
  if (auth === 'off' && !loopback && !(values.ALLOW_INSECURE ?? false)) {
    faults.push(`AUTH: got "off" on HOST "${host}"; takes ALLOW_INSECURE=1 beside it`);
  }
  if ('DATABASE_POOLER' in values && !('MIGRATIONS_DATABASE_URL' in values) && (values.MIGRATE_ON_START ?? true)) {
    faults.push(
      'MIGRATIONS_DATABASE_URL: got nothing; takes a URL that leads to Postgres directly, since DATABASE_POOLER is set',
    );
  }
  refuseFaults(faults);

  const isEmbedded = values.DATABASE_URL === undefined || values.REDIS_URL === undefined;
  const { databaseUrl, redisUrl } =
    values.DATABASE_URL !== undefined && values.REDIS_URL !== undefined
      ? { databaseUrl: values.DATABASE_URL, redisUrl: values.REDIS_URL }
      : await startEmbedded();
  const poolSize = values.DATABASE_POOL_SIZE ?? 10;
  const maxConnections = values.MAX_CONNECTIONS ?? 10_000;
  // Beside them there must be one connection for each other purpose.
  const lanes = Math.min(values.WRITE_LANES ?? Math.min(values.BUCKETS ?? 1, MOST_LANES), poolSize - SMALLEST_POOL + 1);
  const workers = values.WORKERS ?? 1;
  const extras = { password: values.REDIS_SENTINEL_PASSWORD ?? null, addresses: values.REDIS_ADDRESS_MAP ?? new Map() };

  return {
    process: { workers, role: workers > 1 ? 'committer' : 'alone' },
    http: {
      host,
      port: values.PORT ?? DEFAULT_PORT,
      allowedHosts: values.ALLOWED_HOSTS ?? [],
      basePath: values.BASE_PATH ?? '',
      corsOrigins: values.CORS_ORIGINS ?? [],
      embedAncestors: values.EMBED_ANCESTORS ?? ['*'],
      trustedProxies: values.TRUSTED_PROXIES ?? [],
      healthPort: values.HEALTH_PORT ?? null,
      maxConnections,
      connectionsPerAddress: values.CONNECTIONS_PER_ADDRESS ?? 256,
      trustedNetworks: [...LOOPBACK_NETWORKS, ...(values.TRUSTED_PROXIES ?? [])],
    },
    resp: {
      host,
      port: values.RESP_PORT === undefined && isEmbedded ? EMBEDDED_RESP_PORT : (values.RESP_PORT ?? null),
      isPortAsked: values.RESP_PORT !== undefined,
      maxConnections,
      flush: values.RESP_FLUSH ?? 'refuse',
      tls,
    },
    database: {
      url: databaseUrl,
      migrationsUrl: values.MIGRATIONS_DATABASE_URL ?? databaseUrl,
      migrateOnStart: values.MIGRATE_ON_START ?? true,
      pooler: values.DATABASE_POOLER ?? null,
      poolSize,
      lanes,
      buckets: values.BUCKETS ?? null,
      readsPerSecond: values.DATABASE_READS_PER_SECOND ?? 20_000,
    },
    cache: { servers: redisServers(redisUrl, extras), ttlMs: values.CACHE_TTL_MS ?? 300_000, isEmbedded },
    jobs: {
      servers: redisServers(values.JOBS_REDIS_URL ?? redisUrl, extras),
      reconcileIntervalMs: values.RECONCILE_INTERVAL_MS ?? 60_000,
    },
    writes: {
      maxQueued: values.MAX_QUEUED_WRITES ?? 10_000,
      idempotencyTtlHours: values.IDEMPOTENCY_TTL_HOURS ?? 24,
      lanes,
    },
    history: {
      minutesKeptHours: values.HISTORY_MINUTES_KEPT_HOURS ?? 24,
      hoursKeptDays: values.HISTORY_HOURS_DAYS ?? 400,
      zone: values.HISTORY_TZ ?? UTC,
    },
    audit: { days: values.AUDIT_DAYS ?? 90 },
    access: {
      auth,
      adminKey: values.ADMIN_KEY ?? null,
      rateLimit: values.RATE_LIMIT ?? auth === 'required',
      perKeyPerSecond: values.RATE_LIMIT_PER_KEY ?? 5_000,
      perAddressPerSecond: values.RATE_LIMIT_PER_ADDRESS ?? 10_000,
      namesPerKey: values.NAMES_PER_KEY ?? 1_000_000,
    },
    traces: traceSettings(values),
    webhooks: { allowed: values.WEBHOOK_ALLOW ?? [] },
    log: {
      level: values.LOG_LEVEL ?? 'info',
      hidden: [values.ADMIN_KEY, values.REDIS_SENTINEL_PASSWORD].filter((secret) => secret !== undefined),
    },
  };
}

/** Ports that are asked for twice, but 0: that takes a free one each time. */
function samePorts(values: Values): string[] {
  const ports = [
    ['PORT', values.PORT ?? DEFAULT_PORT],
    ['HEALTH_PORT', values.HEALTH_PORT ?? 0],
    ['RESP_PORT', values.RESP_PORT ?? 0],
  ] as const;
  return ports.flatMap(([name, port], index) => {
    const [first] = ports.slice(0, index).find(([, other]) => port !== 0 && other === port) ?? [];
    return first === undefined ? [] : [`${name}: got the port of ${first}; takes another one`];
  });
}

/** As OpenTelemetry's specification says, but that nothing is sent where nobody says where to. */
function traceSettings(values: Values): TraceSettings {
  const common = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  const url =
    values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
    (common === undefined ? null : `${common.replace(/\/$/, '')}/v1/traces`);
  const asked = values.OTEL_TRACES_EXPORTER ?? (url === null ? 'none' : 'otlp');
  return { exporter: values.OTEL_SDK_DISABLED === true || asked === 'none' ? null : asked, url };
}
