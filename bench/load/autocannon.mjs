/**
 * Where there is no wrk: the requests of load/workload.ts by autocannon, in a process of its own. Called with a URL,
 * connections, seconds, and what generatorArguments() gives; load/workload.lua makes the same requests. Prints one
 * line of JSON.
 */
import { randomUUID } from 'node:crypto';
import autocannon from 'autocannon';

const [url, connections, seconds, operation, items, count, theta, zeta, keys, thinkMs] = process.argv.slice(2);
const JSON_TYPE = { 'content-type': 'application/json' };

const head = 1 + 0.5 ** Number(theta);
const skew = (1 - (2 / Number(count)) ** (1 - Number(theta))) / (1 - head / Number(zeta));

function zipf() {
  const uniform = Math.random();
  const scaled = uniform * Number(zeta);
  if (scaled < 1) return 0;
  if (scaled < head) return 1;
  return Math.floor(Number(count) * (skew * uniform - skew + 1) ** (1 / (1 - Number(theta))));
}

const name = () => `counter-${Number(theta) > 0 ? zipf() : Math.floor(Math.random() * Number(count))}`;
const keyHeader = () => (keys === 'keyed' ? { 'idempotency-key': randomUUID() } : {});

const read = () => ({ method: 'GET', path: `/v1/counters/${name()}` });
const increment = () => ({ method: 'POST', path: `/v1/counters/${name()}/increment`, headers: keyHeader() });
const window = () => ({
  ...increment(),
  headers: { ...keyHeader(), ...JSON_TYPE },
  body: JSON.stringify({ ttlMs: 60_000, expiry: 'ifNone' }),
});
const batch = () => ({
  method: 'POST',
  path: '/v1/increments',
  headers: { ...keyHeader(), ...JSON_TYPE },
  body: JSON.stringify({ increments: Array.from({ length: Number(items) }, () => ({ name: name() })) }),
});
const mixed = () => (Math.random() < 0.9 ? read() : increment());
const webdis = (command) => () => ({ method: 'GET', path: `/${command}/${name()}` });
const webdisOnes = { 'webdis-read': webdis('GET'), 'webdis-increment': webdis('INCR') };
const next = { read, increment, batch, mixed, window, ...webdisOnes }[operation];

// It knows no pauses, but how many requests a second a connection is to make.
const pace = Number(thinkMs) > 0 ? { connectionRate: 1000 / Number(thinkMs) } : {};
const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  ...pace,
  requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
});
const { requests, latency, duration, errors, timeouts, non2xx } = result;
const report = {
  requests: requests.total,
  seconds: duration,
  p50Ms: latency.p50,
  p99Ms: latency.p99,
  p999Ms: latency.p99_9,
  failed: errors + timeouts + non2xx,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
