import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';

/** Exit code for a faulty configuration: EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/** Where the service listens and whom it trusts. */
export class HttpSettings {
  host!: string;
  /** 0 takes a free port. */
  port!: number;
  corsOrigins!: readonly string[];
  trustedProxies!: readonly string[];
}

/** The truth. */
export class DatabaseSettings {
  /** A `postgres://` URL. */
  url!: string;
  /** The same database, for the role that migrates. */
  migrationsUrl!: string;
  migrateOnStart!: boolean;
  /** Connections of this instance to Postgres, the guard's own included. */
  poolSize!: number;
}

/** The copy. */
export class CacheSettings {
  /** A `redis://` or `rediss://` URL. */
  url!: string;
  /** T: the longest life of an entry, milliseconds. */
  ttlMs!: number;
}

/** The jobs and their queue. */
export class JobsSettings {
  /** BullMQ's Redis. */
  redisUrl!: string;
  reconcileIntervalMs!: number;
}

/** The commit pipeline. */
export class WriteSettings {
  /** Writes waiting for a commit; one more is refused. */
  maxQueued!: number;
  idempotencyTtlHours!: number;
}

export class AccessSettings {
  auth!: 'off' | 'required';
  adminKey!: string | null;
  rateLimit!: boolean;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export class LogSettings {
  level!: (typeof LOG_LEVELS)[number];
}

/** Everything the environment says, in slices: each class is given its own and no more. */
export interface Config {
  readonly http: HttpSettings;
  readonly database: DatabaseSettings;
  readonly cache: CacheSettings;
  readonly jobs: JobsSettings;
  readonly writes: WriteSettings;
  readonly access: AccessSettings;
  readonly log: LogSettings;
}

/** The environment does not describe a service that can run; the message names every fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Guard 1, commits 2, fills 1, everything else 1. */
const SMALLEST_POOL = 5;

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((n) => n >= min && n <= max);

const urlOf = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol));

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const onOff = z.enum(['on', 'off']).transform((text) => text === 'on');

const isProxy = (text: string): boolean => {
  const [address, bits, ...rest] = text.split('/');
  const version = isIP(address ?? '');
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** One row for each variable: what it must look like, and how to say so. */
const VARIABLES = {
  HOST: [z.string().min(1), 'a host name or address'],
  PORT: [wholeNumber(0, 65535), 'a port, 0 to 65535'],
  DATABASE_URL: [urlOf('postgres:', 'postgresql:'), 'a postgres:// URL'],
  REDIS_URL: [urlOf('redis:', 'rediss:'), 'a redis:// or rediss:// URL'],
  JOBS_REDIS_URL: [urlOf('redis:', 'rediss:'), 'a redis:// or rediss:// URL'],
  MIGRATE_ON_START: [z.enum(['true', 'false']).transform((text) => text === 'true'), 'true or false'],
  MIGRATIONS_DATABASE_URL: [urlOf('postgres:', 'postgresql:'), 'a postgres:// URL'],
  DATABASE_POOL_SIZE: [wholeNumber(SMALLEST_POOL, 1000), `a whole number, ${SMALLEST_POOL} to 1000`],
  CACHE_TTL_MS: [wholeNumber(100, 86_400_000), 'milliseconds, 100 to 86400000 (a day)'],
  RECONCILE_INTERVAL_MS: [wholeNumber(100, 86_400_000), 'milliseconds, 100 to 86400000 (a day)'],
  IDEMPOTENCY_TTL_HOURS: [wholeNumber(1, 8760), 'hours, 1 to 8760 (a year)'],
  MAX_QUEUED_WRITES: [wholeNumber(1, 1_000_000), 'a whole number, 1 to 1000000'],
  AUTH: [z.enum(['off', 'required']), 'off or required'],
  ALLOW_INSECURE: [z.enum(['0', '1']).transform((text) => text === '1'), '0 or 1'],
  ADMIN_KEY: [z.string().min(1), 'an API key'],
  RATE_LIMIT: [onOff, 'on or off'],
  CORS_ORIGINS: [list.refine((items) => items.every(isOrigin)), 'origins such as https://example.org, comma-separated'],
  TRUSTED_PROXIES: [list.refine((items) => items.every(isProxy)), 'addresses or CIDR ranges, comma-separated'],
  LOG_LEVEL: [z.enum(LOG_LEVELS), LOG_LEVELS.join(', ')],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type Variable = keyof typeof VARIABLES;
type Values = { [V in Variable]?: z.output<(typeof VARIABLES)[V][0]> };

/** Values that may hold a secret are not repeated in a message or a log. */
const SECRET: ReadonlySet<string> = new Set<Variable>([
  'DATABASE_URL',
  'MIGRATIONS_DATABASE_URL',
  'REDIS_URL',
  'JOBS_REDIS_URL',
  'ADMIN_KEY',
]);

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

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

  const host = values.HOST ?? '127.0.0.1';
  const loopback = LOOPBACK.test(host);
  const auth = values.AUTH ?? (loopback ? 'off' : 'required');

  if (!('DATABASE_URL' in values) !== !('REDIS_URL' in values)) {
    const missing = 'REDIS_URL' in values ? 'DATABASE_URL' : 'REDIS_URL';
    faults.push(`${missing}: got nothing; takes a URL, since the other one of DATABASE_URL and REDIS_URL is set`);
  }
  // Neither keys nor limits exist yet, and a promise that nobody keeps is worse than none.
  if (auth === 'required') {
    const got = 'AUTH' in values ? '"required"' : `nothing, which on HOST "${host}" means required`;
    faults.push(`AUTH: got ${got}; takes off, with ALLOW_INSECURE=1 beside it, until there are API keys`);
  } else if (!loopback && !(values.ALLOW_INSECURE ?? false)) {
    faults.push(`AUTH: got "off" on HOST "${host}"; takes ALLOW_INSECURE=1 beside it`);
  }
  if (values.RATE_LIMIT ?? false) faults.push('RATE_LIMIT: got "on"; takes off, until there are limits');
  if (faults.length > 0) {
    throw new ConfigError(
      `The configuration has ${faults.length} fault(s):\n${faults.map((f) => `  ${f}`).join('\n')}`,
    );
  }

  const { databaseUrl, redisUrl } =
    values.DATABASE_URL !== undefined && values.REDIS_URL !== undefined
      ? { databaseUrl: values.DATABASE_URL, redisUrl: values.REDIS_URL }
      : await startEmbedded();

  return {
    http: {
      host,
      port: values.PORT ?? 3000,
      corsOrigins: values.CORS_ORIGINS ?? [],
      trustedProxies: values.TRUSTED_PROXIES ?? [],
    },
    database: {
      url: databaseUrl,
      migrationsUrl: values.MIGRATIONS_DATABASE_URL ?? databaseUrl,
      migrateOnStart: values.MIGRATE_ON_START ?? true,
      poolSize: values.DATABASE_POOL_SIZE ?? 10,
    },
    cache: { url: redisUrl, ttlMs: values.CACHE_TTL_MS ?? 300_000 },
    jobs: {
      redisUrl: values.JOBS_REDIS_URL ?? redisUrl,
      reconcileIntervalMs: values.RECONCILE_INTERVAL_MS ?? 60_000,
    },
    writes: {
      maxQueued: values.MAX_QUEUED_WRITES ?? 10_000,
      idempotencyTtlHours: values.IDEMPOTENCY_TTL_HOURS ?? 24,
    },
    access: {
      auth,
      adminKey: values.ADMIN_KEY ?? null,
      rateLimit: values.RATE_LIMIT ?? auth === 'required',
    },
    log: { level: values.LOG_LEVEL ?? 'info' },
  };
}

function readValues(environment: NodeJS.ProcessEnv, faults: string[]): Values {
  const values: Record<string, unknown> = {};
  for (const [name, [schema, takes]] of Object.entries(VARIABLES)) {
    const text = textOf(name, environment, faults);
    if (text === undefined) continue;
    const parsed = schema.safeParse(text);
    // Present, though faulty: otherwise its absence would be reported as a second fault.
    values[name] = parsed.data;
    if (!parsed.success) faults.push(`${name}: got ${shown(name, text)}; takes ${takes}`);
  }
  return values;
}

function textOf(name: string, environment: NodeJS.ProcessEnv, faults: string[]): string | undefined {
  const direct = environment[name] || undefined;
  const path = environment[`${name}_FILE`] || undefined;
  if (path === undefined) return direct;
  if (direct !== undefined) {
    faults.push(`${name}_FILE: got a path although ${name} is set too; takes one of the two`);
    return direct;
  }
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    faults.push(
      `${name}_FILE: got "${path}", which cannot be read (${(error as Error).message}); takes a readable file`,
    );
    return undefined;
  }
}

function shown(name: string, text: string): string {
  return SECRET.has(name) ? 'a value that is not shown' : JSON.stringify(text);
}
