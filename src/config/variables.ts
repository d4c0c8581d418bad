import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { MAX_BUCKETS } from '../domain/bucket.js';
import { zoneOf } from '../domain/zone.js';
import { type Address, HIGHEST_PORT } from './address.js';
import { databaseHosts, DatabaseHostsFault } from './database-hosts.js';
import { BEARER_TOKEN, httpUrl, isUrlOf, type Table, type ValuesOf, valuesOf, wholeNumber } from './reading.js';
import { addressMap, redisServers, RedisServersFault } from './redis-servers.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export const LOG_LEVEL = [z.enum(LOG_LEVELS), LOG_LEVELS.join(', ')] as const;

/** Where the service listens where nothing else is said. */
export const DEFAULT_PORT = 3_000;

/** Guard 1, commits 2, keys and sessions 1, fills 1, everything else 1. */
export const SMALLEST_POOL = 6;

const POSTGRES_PROTOCOLS = ['postgres:', 'postgresql:'];

/** One address, or several with commas between them, of one database. */
const databaseUrl = z.string().refine((text) => {
  const urls = databaseHostsOf(text);
  return (
    !(urls instanceof Error) && urls.every((url) => isUrlOf(url, POSTGRES_PROTOCOLS)) && unreadableOf(text) === null
  );
});

/** Read at each connect: what is missing would be found late. */
const TLS_FILES = ['sslrootcert', 'sslcert', 'sslkey'];

/** The parameter of a URL that names a file which cannot be read; null: none does. */
function unreadableOf(text: string): string | null {
  const parameters = new URLSearchParams(text.replace(/^[^?]*/, ''));
  return TLS_FILES.find((name) => parameters.getAll(name).some((path) => !isReadable(path))) ?? null;
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function databaseHostsOf(text: string): readonly string[] | DatabaseHostsFault {
  try {
    return databaseHosts(text);
  } catch (error) {
    if (error instanceof DatabaseHostsFault) return error;
    throw error;
  }
}

/** Says what is wrong about several hosts, where that is what is wrong. */
function takesForDatabase(text: string): string {
  const urls = databaseHostsOf(text);
  if (urls instanceof Error) return urls.message;
  const unreadable = unreadableOf(text);
  return unreadable === null ? 'a postgres:// URL' : `a readable file as ${unreadable}`;
}

/** The rest of it stands in variables of their own. */
const redisFault = (text: string): RedisServersFault | null => {
  try {
    redisServers(text, { password: null, addresses: new Map() });
    return null;
  } catch (error) {
    if (error instanceof RedisServersFault) return error;
    throw error;
  }
};

const redisUrl = z.string().refine((text) => redisFault(text) === null);

const takesForRedis = (text: string): string => redisFault(text)?.message ?? '';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const timeZone = z.string().transform((name, context) => {
  const zone = zoneOf(name);
  if (zone !== null) return zone;
  context.addIssue({ code: 'custom' });
  return z.NEVER;
});

const onOff = z.enum(['on', 'off']).transform((text) => text === 'on');

const pem = (kind: string) => z.string().regex(new RegExp(`-----BEGIN [A-Z ]*${kind}-----`));

const isProxy = (text: string): boolean => {
  const [address, bits, ...rest] = text.split('/');
  const version = isIP(address ?? '');
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

/** No star: it is allowed in a URL, and there is no host of any name. */
const HOST = /^(\[[\da-f:.]+\]|[^\s:@/?#[\]*]+?)\.?(:\d{1,5})?$/i;

/** A host as browsers write it, with its port if it has one; null for what is none. */
const hostOf = (text: string): string | null => {
  const [, name = '', port = ''] = HOST.exec(isIP(text) === 6 ? `[${text}]` : text) ?? [];
  return name !== '' && URL.canParse(`http://${name}`) ? `${new URL(`http://${name}`).hostname}${port}` : null;
};

const isHostAlone = (text: string): boolean => {
  const host = hostOf(text);
  return host !== null && !/:\d{1,5}$/.test(host.replace(/^\[.*\]/, ''));
};

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** What the service has at its root: below another path of one of these names it could not be told which is meant. */
const OWN_PATHS: ReadonlySet<string> = new Set(
  'assets badge dashboard docs embed livez metrics openapi.json problems readyz v1'.split(' '),
);

const isBasePath = (text: string): boolean => {
  const [, first = '', ...more] = text.replace(/\/$/, '').split('/');
  const parts = [first, ...more];
  return (
    text === '/' ||
    (text.startsWith('/') && !OWN_PATHS.has(first) && parts.every((part) => /^(?!\.+$)[\w.~-]+$/.test(part)))
  );
};

export const ALLOW_INSECURE = [z.enum(['0', '1']).transform((text) => text === '1'), '0 or 1'] as const;

/** 0 takes a free one. */
export const PORT = [wholeNumber(0, HIGHEST_PORT), `a port, 0 to ${HIGHEST_PORT}`] as const;

export const RESP_PORT = [z.union([z.literal('off').transform(() => null), PORT[0]]), `${PORT[1]}, or off`] as const;

export const ALLOWED_HOSTS = [
  list
    .refine((items) => items.every((item) => hostOf(item) !== null))
    .transform((items) => items.flatMap((item) => hostOf(item) ?? [])),
  'host names or addresses, each with a port or without, comma-separated',
] as const;

/** One row for each variable: what it must look like, and how to say so. */
const VARIABLES = {
  HOST: [z.string().min(1), 'a host name or address'],
  PORT,
  DATABASE_URL: [databaseUrl, takesForDatabase],
  REDIS_URL: [redisUrl, takesForRedis],
  JOBS_REDIS_URL: [redisUrl, takesForRedis],
  REDIS_SENTINEL_PASSWORD: [z.string().min(1), 'a password'],
  REDIS_ADDRESS_MAP: [
    z
      .string()
      .refine((text) => addressMap(text) !== null)
      .transform((text): ReadonlyMap<string, Address> => addressMap(text) ?? new Map()),
    'addresses that Sentinel or a cluster tells and where they lead, as in 10.0.0.5:6379=203.0.113.5:6379, comma-separated',
  ],
  MIGRATE_ON_START: [z.enum(['true', 'false']).transform((text) => text === 'true'), 'true or false'],
  MIGRATIONS_DATABASE_URL: [databaseUrl, takesForDatabase],
  DATABASE_POOLER: [z.enum(['transaction']), 'transaction'],
  DATABASE_POOL_SIZE: [wholeNumber(SMALLEST_POOL, 1000), `a whole number, ${SMALLEST_POOL} to 1000`],
  DATABASE_READS_PER_SECOND: [wholeNumber(1, 1_000_000), 'names read in a second, 1 to 1000000'],
  CACHE_TTL_MS: [wholeNumber(100, 86_400_000), 'milliseconds, 100 to 86400000 (a day)'],
  RECONCILE_INTERVAL_MS: [wholeNumber(100, 86_400_000), 'milliseconds, 100 to 86400000 (a day)'],
  IDEMPOTENCY_TTL_HOURS: [wholeNumber(1, 8760), 'hours, 1 to 8760 (a year)'],
  HISTORY_MINUTES_KEPT_HOURS: [wholeNumber(1, 8760), 'hours, 1 to 8760 (a year)'],
  HISTORY_HOURS_DAYS: [wholeNumber(1, 36_500), 'days, 1 to 36500 (a century)'],
  HISTORY_TZ: [timeZone, 'a time zone such as UTC or Europe/Berlin'],
  AUDIT_DAYS: [wholeNumber(1, 36_500), 'days, 1 to 36500 (a century)'],
  MAX_QUEUED_WRITES: [wholeNumber(1, 1_000_000), 'a whole number, 1 to 1000000'],
  WRITE_LANES: [wholeNumber(1, 64), 'a whole number, 1 to 64'],
  BUCKETS: [wholeNumber(1, MAX_BUCKETS), `a whole number, 1 to ${MAX_BUCKETS}`],
  WORKERS: [wholeNumber(1, 64), 'processes, 1 to 64'],
  AUTH: [z.enum(['off', 'required']), 'off or required'],
  ALLOW_INSECURE,
  ADMIN_KEY: [z.string().regex(BEARER_TOKEN), 'an API key: 16 to 255 letters, digits and . _ ~ + / = -'],
  RATE_LIMIT: [onOff, 'on or off'],
  RATE_LIMIT_PER_KEY: [wholeNumber(1, 1_000_000), 'requests a second, 1 to 1000000'],
  RATE_LIMIT_PER_ADDRESS: [wholeNumber(1, 1_000_000), 'requests a second, 1 to 1000000'],
  NAMES_PER_KEY: [wholeNumber(0, 1_000_000_000_000), 'a whole number, 0 to 1000000000000'],
  ALLOWED_HOSTS,
  BASE_PATH: [
    z
      .string()
      .refine(isBasePath)
      .transform((text) => text.replace(/\/$/, '')),
    'a path such as /counts, and none of this service',
  ],
  CORS_ORIGINS: [list.refine((items) => items.every(isOrigin)), 'origins such as https://example.org, comma-separated'],
  EMBED_ANCESTORS: [
    z.union([
      z.enum(['*', 'self', 'none']).transform((word) => [word]),
      list.refine((items) => items.length > 0 && items.every(isOrigin)),
    ]),
    '*, self, none, or origins such as https://example.org, comma-separated',
  ],
  WEBHOOK_ALLOW: [
    list
      .refine((items) => items.every((item) => isProxy(item) || isHostAlone(item)))
      // As URLs have them: others would be let pass here and allow nothing.
      .transform((items) => items.map((item) => (isProxy(item) ? item : (hostOf(item) ?? item)))),
    'host names, addresses or CIDR ranges, without ports, comma-separated',
  ],
  TRUSTED_PROXIES: [list.refine((items) => items.every(isProxy)), 'addresses or CIDR ranges, comma-separated'],
  MAX_CONNECTIONS: [wholeNumber(1, 1_000_000), 'connections, 1 to 1000000'],
  CONNECTIONS_PER_ADDRESS: [wholeNumber(1, 10_000), 'connections, 1 to 10000'],
  HEALTH_PORT: PORT,
  RESP_PORT,
  RESP_FLUSH: [z.enum(['refuse', 'delete']), 'refuse or delete'],
  RESP_TLS_CERT: [pem('CERTIFICATE'), 'a certificate in PEM, best by RESP_TLS_CERT_FILE'],
  RESP_TLS_KEY: [pem('PRIVATE KEY'), 'a private key in PEM, best by RESP_TLS_KEY_FILE'],
  LOG_LEVEL,
  OTEL_SDK_DISABLED: [
    z
      .string()
      .regex(/^(true|false)$/i)
      .transform((text) => text.toLowerCase() === 'true'),
    'true or false',
  ],
  OTEL_TRACES_EXPORTER: [z.enum(['otlp', 'console', 'none']), 'otlp, console or none'],
  OTEL_EXPORTER_OTLP_ENDPOINT: [httpUrl, 'an http:// or https:// URL'],
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: [httpUrl, 'an http:// or https:// URL'],
  OTEL_EXPORTER_OTLP_PROTOCOL: [z.enum(['http/protobuf']), 'http/protobuf, which collectors take on port 4318'],
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: [z.enum(['http/protobuf']), 'http/protobuf, which collectors take on port 4318'],
} as const satisfies Table;

type Variable = keyof typeof VARIABLES;

/** Every variable that the service reads, in any order; each may be given as `NAME_FILE` too. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

export type Values = ValuesOf<typeof VARIABLES>;

/** Values that may hold a secret are not repeated in a message or a log. */
const SECRET: ReadonlySet<string> = new Set<Variable>([
  'DATABASE_URL',
  'MIGRATIONS_DATABASE_URL',
  'REDIS_URL',
  'JOBS_REDIS_URL',
  'REDIS_SENTINEL_PASSWORD',
  'ADMIN_KEY',
  'RESP_TLS_CERT',
  'RESP_TLS_KEY',
]);

/** The variables that are set: see `valuesOf`. */
export function readValues(environment: NodeJS.ProcessEnv, faults: string[]): Values {
  return valuesOf(VARIABLES, SECRET, environment, faults);
}
