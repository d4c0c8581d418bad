import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from './config.js';
import { LOG_LEVELS } from './variables.js';

/** What a place without a network is told: `evercount edge`, a program of its own. */
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
  /** Of the Redis protocol; 0 takes a free one, null: it is not spoken. */
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

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const DAY_MS = 24 * 60 * 60 * 1_000;

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .refine((n) => n >= min && n <= max);

/** What each variable must look like, and how to say so. */
const VARIABLES = {
  EDGE_UPSTREAM: [
    z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)),
    'the URL of the service, such as https://counts.example.org',
  ],
  EDGE_KEY: [z.string().min(1), 'an API key of the service'],
  EDGE_FILE: [z.string().min(1), 'a path'],
  EDGE_LOCAL_KEY: [z.string().regex(/^[\w.~+/=-]{16,255}$/), '16 to 255 letters, digits and . _ ~ + / = -'],
  EDGE_EVERY_MS: [whole(10, DAY_MS), 'milliseconds, 10 to 86400000 (a day)'],
  EDGE_KEPT_DAYS: [whole(0, 3_650), 'days, 0 to 3650'],
  HOST: [z.string().min(1), 'a host name or address'],
  PORT: [whole(0, 65_535), 'a port, 0 to 65535'],
  RESP_PORT: [z.union([z.literal('off').transform(() => null), whole(0, 65_535)]), 'a port, 0 to 65535, or off'],
  ALLOWED_HOSTS: [
    z.string().transform((text) => text.split(',').map((host) => host.trim().toLowerCase())),
    'host names or addresses, comma-separated',
  ],
  ALLOW_INSECURE: [z.enum(['0', '1']).transform((text) => text === '1'), '0 or 1'],
  LOG_LEVEL: [z.enum(LOG_LEVELS), LOG_LEVELS.join(', ')],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

type Values = { [V in keyof typeof VARIABLES]?: z.output<(typeof VARIABLES)[V][0]> };

/** Every variable that an edge reads, in any order; each may be given as `NAME_FILE` too. */
export const EDGE_VARIABLE_NAMES: readonly string[] = Object.keys(VARIABLES);

const SECRET: ReadonlySet<string> = new Set(['EDGE_KEY', 'EDGE_LOCAL_KEY']);

/** @throws ConfigError with all faults */
export function edgeSettings(environment: NodeJS.ProcessEnv): EdgeSettings {
  const faults: string[] = [];
  const values: Values = {};
  for (const [name, [schema, takes]] of Object.entries(VARIABLES)) {
    const text = textOf(name, environment, faults);
    if (text === undefined) continue;
    const parsed = schema.safeParse(text);
    if (parsed.success) Object.assign(values, { [name]: parsed.data });
    else
      faults.push(
        `${name}: got ${SECRET.has(name) ? 'a value that is not shown' : JSON.stringify(text)}; takes ${takes}`,
      );
  }
  if (values.EDGE_UPSTREAM === undefined && faults.length === 0) {
    faults.push('EDGE_UPSTREAM: got nothing; takes the URL of the service, also as --upstream');
  }
  const host = values.HOST ?? '127.0.0.1';
  const localKey = values.EDGE_LOCAL_KEY ?? null;
  if (!LOOPBACK.test(host) && localKey === null && values.ALLOW_INSECURE !== true) {
    faults.push(
      `EDGE_LOCAL_KEY: got nothing on HOST "${host}"; takes a key for callers, or ALLOW_INSECURE=1 beside it`,
    );
  }
  if (faults.length > 0) {
    throw new ConfigError(
      `The configuration has ${faults.length} fault(s):\n${faults.map((f) => `  ${f}`).join('\n')}`,
    );
  }
  return {
    upstream: (values.EDGE_UPSTREAM ?? '').replace(/\/+$/, ''),
    key: values.EDGE_KEY ?? null,
    file: values.EDGE_FILE ?? '.data/edge.db',
    host,
    port: values.PORT ?? 3_100,
    respPort: values.RESP_PORT ?? null,
    localKey,
    everyMs: values.EDGE_EVERY_MS ?? 5_000,
    keptMs: (values.EDGE_KEPT_DAYS ?? 30) * DAY_MS,
    allowedHosts: values.ALLOWED_HOSTS ?? [],
    logLevel: values.LOG_LEVEL ?? 'info',
  };
}

function textOf(name: string, environment: NodeJS.ProcessEnv, faults: string[]): string | undefined {
  const [direct, path] = [environment[name] || undefined, environment[`${name}_FILE`] || undefined];
  if (path === undefined || name === 'EDGE_FILE') return direct;
  if (direct !== undefined) {
    faults.push(`${name}_FILE: got a path although ${name} is set too; takes one of the two`);
    return undefined;
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
