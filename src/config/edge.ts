import { z } from 'zod';
import { DAY_MS } from '../domain/time.js';
import { refuseFaults } from './config.js';
import { BEARER_TOKEN, isUrlOf, listeningHost, LOOPBACK, type Table, valuesOf, wholeNumber } from './reading.js';
import { ALLOW_INSECURE, ALLOWED_HOSTS, LOG_LEVEL, type LOG_LEVELS, PORT, RESP_PORT } from './variables.js';

/** What a place without a network is told: `npm run edge`, a program of its own. */
export interface EdgeSettings {
  /** The service it belongs to, without a slash at the end. */
  readonly upstream: string;
  /** An API key there, with the scope `increment`; null: none is asked for there. */
  readonly key: string | null;
  /** Everything that was counted and not delivered. */
  readonly file: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Of the Redis protocol; null: it is not spoken. 0 takes a free one. */
  readonly respPort: number | null;
  /** What callers here must bring; null: nothing. */
  readonly localKey: string | null;
  /** How long what was counted waits for more to go along, milliseconds. */
  readonly everyMs: number;
  /** How long what was delivered is kept, for the case that the service is restored to an older state. */
  readonly keptMs: number;
  /** Beside the names of this machine; empty with a key: any. */
  readonly allowedHosts: readonly string[];
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

const DEFAULT_PORT = 3_100;

/** Paths of calls are put behind it, and its key has a variable of its own. */
const upstream = z.string().refine((text) => {
  if (!isUrlOf(text, ['http:', 'https:'])) return false;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
});

/** What each variable must look like, and how to say so. */
const VARIABLES = {
  EDGE_UPSTREAM: [upstream, 'the URL of the service, such as https://counts.example.org, and nothing behind its path'],
  EDGE_KEY: [z.string().min(1), 'an API key of the service'],
  EDGE_FILE: [z.string().min(1), 'a path'],
  EDGE_LOCAL_KEY: [z.string().regex(BEARER_TOKEN), '16 to 255 letters, digits and . _ ~ + / = -'],
  EDGE_EVERY_MS: [wholeNumber(10, DAY_MS), 'milliseconds, 10 to 86400000 (a day)'],
  EDGE_KEPT_DAYS: [wholeNumber(0, 3_650), 'days, 0 to 3650'],
  HOST: [z.string().min(1), 'a host name or address'],
  PORT,
  RESP_PORT,
  ALLOWED_HOSTS,
  ALLOW_INSECURE,
  LOG_LEVEL,
} as const satisfies Table;

/** Every variable that an edge reads, in any order; each may be given as `NAME_FILE` too. */
export const EDGE_VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

const SECRET: ReadonlySet<string> = new Set(['EDGE_KEY', 'EDGE_LOCAL_KEY']);

/** @throws ConfigError with all faults */
export function edgeSettings(environment: NodeJS.ProcessEnv): EdgeSettings {
  const faults: string[] = [];
  const values = valuesOf(VARIABLES, SECRET, environment, faults);
  if (values.EDGE_UPSTREAM === undefined && faults.length === 0) {
    faults.push('EDGE_UPSTREAM: got nothing; takes the URL of the service, also as --upstream');
  }
  const host = listeningHost(values.HOST);
  const localKey = values.EDGE_LOCAL_KEY ?? null;
  if (!LOOPBACK.test(host) && localKey === null && values.ALLOW_INSECURE !== true) {
    faults.push(
      `EDGE_LOCAL_KEY: got nothing on HOST "${host}"; takes a key for callers, or ALLOW_INSECURE=1 beside it`,
    );
  }
  if (
    typeof values.RESP_PORT === 'number' &&
    values.RESP_PORT !== 0 &&
    values.RESP_PORT === (values.PORT ?? DEFAULT_PORT)
  ) {
    faults.push('RESP_PORT: got the port of PORT; takes another one');
  }
  refuseFaults(faults);
  return {
    upstream: (values.EDGE_UPSTREAM ?? '').replace(/\/+$/, ''),
    key: values.EDGE_KEY ?? null,
    file: values.EDGE_FILE ?? '.data/edge.db',
    host,
    port: values.PORT ?? DEFAULT_PORT,
    respPort: values.RESP_PORT ?? null,
    localKey,
    everyMs: values.EDGE_EVERY_MS ?? 5_000,
    keptMs: (values.EDGE_KEPT_DAYS ?? 30) * DAY_MS,
    allowedHosts: values.ALLOWED_HOSTS ?? [],
    logLevel: values.LOG_LEVEL ?? 'info',
  };
}
