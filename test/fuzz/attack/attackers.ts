/**
 * Who tries to shut the others out, each from one address, with what it may have: nothing, a key to read, a key to write
 * below a prefix. Each does as much as one process can, some ten thousand requests a second on a core of its own; it
 * runs with the lowest priority, so that what the others lose is lost to the service, and not to a client beside it.
 */
import { randomBytes } from 'node:crypto';
import { newApiKey, newKeyId, newSession } from '../../../src/access/api-key.js';
import { Flood, RESP, type Shot, type Target, type Tally } from './flood.js';

/** What attackers are given. */
export interface Loot {
  readonly readKey: string;
  /** Names must begin with `ATTACKED_PREFIX`. */
  readonly writeKey: string;
}

export const ATTACKED_PREFIX = 'attacked/';

/** As many as an address may have. */
const CONNECTIONS = 256;

/** In one write, as no client sends them but one that wants to be served before the others. */
const IN_A_ROW = 100;

/** Commands at once, of those that the Redis protocol is spoken with. */
const PIPELINE = 1_000;

/** As fits into the megabyte that a batch may have. */
const ITEMS = 1_000;
const PADDING = 'x'.repeat(200);

const MEGABYTE = 2 ** 20;

const random = (): string => randomBytes(9).toString('base64url');

function request(method: string, path: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, ...length, '', body].join('\r\n');
}

const withKey = (key: string): string[] => [`Authorization: Bearer ${key}`];

const one = (bytes: string): Shot => ({ bytes, answers: 1 });

const inTurn = (...shots: readonly (() => Shot | null)[]): (() => Shot | null) => {
  let turn = 0;
  return () => shots[turn++ % shots.length]?.() ?? null;
};

const batchOf = (name: (index: number) => string): string =>
  JSON.stringify({ increments: Array.from({ length: ITEMS }, (_, index) => ({ name: name(index), by: 1 })) });

/** A body of a megabyte that nobody has to read to the end. */
const NONSENSE = `{"increments":[${'{"name":1},'.repeat(9_000)}${' '.repeat(MEGABYTE - 110_000)}]}`;

type Attack = (target: Target, loot: Loot) => Flood[];

const flood =
  (shots: (loot: Loot) => () => Shot | null, connections = CONNECTIONS): Attack =>
  (target, loot) => [new Flood(target, connections, shots(loot))];

export const ATTACKERS: Readonly<Record<string, Attack>> = {
  'strangers without a key': flood(() => () => one(request('GET', '/v1/counters/served'))),
  'junk keys': flood(() => () => one(request('GET', '/v1/counters/served', withKey(newApiKey(newKeyId()))))),
  'sign-ins and sign-outs': flood(({ readKey }) =>
    inTurn(
      () => one(request('POST', '/v1/session', [], JSON.stringify({ key: newApiKey(newKeyId()) }))),
      () => one(request('DELETE', '/v1/session', [`Cookie: evercount_session=${newSession()}`])),
      () => one(request('POST', '/v1/session', [], JSON.stringify({ key: readKey }))),
    ),
  ),
  'probes and pages': flood(() =>
    inTurn(
      () => one(request('GET', '/readyz')),
      () => one(request('GET', '/openapi.json')),
      () => one(request('GET', '/')),
    ),
  ),
  'a read key that reads': flood(({ readKey }) =>
    inTurn(
      () => one(request('GET', '/v1/counters/served', withKey(readKey))),
      () => one(request('GET', `/v1/counters/${random()}`, withKey(readKey))),
      () => one(request('GET', '/v1/counters?limit=1000', withKey(readKey))),
    ),
  ),
  'a read key that watches and ranks': (target, { readKey }) => [
    new Flood(target, CONNECTIONS / 2, () =>
      one(request('GET', `/v1/stream?name=served&prefix=${random()}`, withKey(readKey))),
    ),
    new Flood(target, CONNECTIONS / 2, () => one(request('GET', `/v1/top?prefix=${random()}`, withKey(readKey)))),
  ],
  'a write key that makes names': flood(({ writeKey }) => () => {
    const name = encodeURIComponent(ATTACKED_PREFIX + random());
    return one(request('POST', `/v1/counters/${name}/increment`, [...withKey(writeKey), `Idempotency-Key: ${name}`]));
  }),
  'a write key that sends megabytes': flood(
    ({ writeKey }) =>
      inTurn(
        () => one(request('POST', '/v1/increments', withKey(writeKey), NONSENSE)),
        () =>
          one(
            request(
              'POST',
              '/v1/increments',
              withKey(writeKey),
              batchOf((index) => `${ATTACKED_PREFIX}${index}/${PADDING}`),
            ),
          ),
      ),
    16,
  ),
  'clients that are slow, or take nothing': (target) => [
    new Flood(target, CONNECTIONS / 2, () => ({
      bytes: 'POST /v1/increments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n',
      answers: Infinity,
    })),
    new Flood(target, CONNECTIONS / 2, () => ({ bytes: 'GET /livez HTTP/1.1\r\nX-Slow: ', answers: Infinity })),
  ],
  'pipelines of the Redis protocol': (target, { readKey }) => [
    new Flood(target, CONNECTIONS / 2, () => ({ bytes: 'GET served\r\n'.repeat(PIPELINE), answers: PIPELINE }), RESP),
    new Flood(
      target,
      CONNECTIONS / 2,
      () => ({ bytes: `AUTH ${readKey}\r\n${'GET nothing\r\n'.repeat(PIPELINE)}`, answers: PIPELINE + 1 }),
      RESP,
    ),
  ],
  // Last: its address gets no connection for a while.
  'strangers with many requests in a row': flood(() => () => ({
    bytes: request('GET', '/v1/counters/served').repeat(IN_A_ROW),
    answers: IN_A_ROW,
  })),
};

/** Begins to attack; goes on until the process ends. */
export function attack(name: string, target: Target, loot: Loot): readonly Tally[] {
  const begin = ATTACKERS[name];
  if (begin === undefined) throw new Error(`there is no attacker "${name}"`);
  const floods = begin(target, loot);
  for (const each of floods) each.begin();
  return floods.map(({ tally }) => tally);
}
