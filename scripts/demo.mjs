/**
 * `npm run demo`: the service with sample counters, 90 days of history and live traffic, until Ctrl-C. With servers and
 * data of its own, in `.demo`: it never touches other counters.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepare, ROOT, say } from './setup.mjs';

const DAYS = 90;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Rows in one statement: far below the statement timeout. */
const CHUNK = 5_000;

/** A dashboard moves smoothly, and the machine stays quiet. */
const TRAFFIC_INTERVAL_MS = 250;

/** Names, and how much they count in a busy minute. */
const COUNTERS = {
  'page:/home': 40,
  'page:/pricing': 14,
  'page:/docs': 22,
  'page:/docs/start': 12,
  'page:/docs/api': 9,
  'page:/blog': 7,
  'page:/blog/launch': 5,
  'page:/about': 2,
  'page:/contact': 1,
  'api:requests': 120,
  'api:requests/read': 90,
  'api:requests/write': 30,
  'api:errors/4xx': 2,
  'api:errors/5xx': 0.2,
  'orders:placed': 3,
  'orders:paid': 2.6,
  'orders:refunded': 0.1,
  'orders:shipped': 2.4,
  'users:signed-up': 1.5,
  'users:signed-in': 18,
  'users:deleted': 0.05,
  'downloads:linux': 4,
  'downloads:macos': 3,
  'downloads:windows': 5,
  'emails:sent': 11,
  'emails:opened': 5,
  'emails:bounced': 0.2,
  'likes:post/1': 1.2,
  'likes:post/2': 0.7,
  'likes:post/3': 0.4,
  'votes:yes': 0.9,
  'votes:no': 0.6,
  'search:queries': 16,
  'search:empty': 1.4,
  'plays:song/1': 6,
  'plays:song/2': 3,
};

/** One fires, one is well, and one is muted. */
const WATCHES = [
  { name: 'api:errors/5xx', when: { rate: { over: '1h', above: 1_000 } }, for: '5m', label: 'too many errors' },
  { prefix: 'likes:', when: { below: 50_000 }, label: 'hardly liked' },
  { name: 'orders:paid', when: { silent: '30m' }, label: 'nobody pays', muted: true },
];

await prepare();

// The servers of somebody's real counters may be named in the environment; what is empty counts as absent.
for (const name of ['DATABASE_URL', 'MIGRATIONS_DATABASE_URL', 'REDIS_URL', 'JOBS_REDIS_URL', 'HOST', 'AUTH']) {
  process.env[name] = '';
  process.env[`${name}_FILE`] = '';
}
process.env.PORT ??= '3000';
process.env.LOG_LEVEL ??= 'warn';
const folder = join(ROOT, '.demo');
mkdirSync(folder, { recursive: true });
process.chdir(folder);
await import('../dist/main.js');

const url = `http://127.0.0.1:${process.env.PORT}`;
if (await seed()) {
  say(`Made ${Object.keys(COUNTERS).length} counters with ${DAYS} days of history`);
  for (const watch of WATCHES) await post('/v1/watches', watch);
  await post('/v1/links', { label: 'for the wall', name: 'page:/home' });
}
say(`The dashboard is at ${url}/ - Ctrl-C ends the demo`);
for (;;) {
  await count();
  await sleep(TRAFFIC_INTERVAL_MS);
}

/** Makes counters and their past, unless there are some; answers whether it did. */
async function seed() {
  const { default: pg } = await import('pg');
  const { runningServers } = await import('../dist/embedded/running-servers.js');
  const { databaseUrl } = await runningServers('./.data');
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT 1 FROM counters LIMIT 1');
    if (rows.length > 0) return false;
    const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    await client.query('BEGIN');
    for (const [name, perMinute] of Object.entries(COUNTERS)) await seedCounter(client, name, perMinute, nowMs);
    await client.query('COMMIT');
    return true;
  } finally {
    await client.end();
  }
}

async function seedCounter(client, name, perMinute, nowMs) {
  const past = pastOf(perMinute, nowMs);
  const { createdMs, updatedMs, value, version } = past;
  await client.query(
    `INSERT INTO counters (name, value, version, created_at, updated_at) VALUES ($1, $2, $3, to_timestamp($4), to_timestamp($5))`,
    [name, value, version, createdMs / 1000, updatedMs / 1000],
  );
  for (const period of ['minutes', 'hours', 'days']) {
    const rows = [...past[period].values()];
    for (let at = 0; at < rows.length; at += CHUNK) {
      const chunk = rows.slice(at, at + CHUNK);
      await client.query(
        `INSERT INTO history_${period} (name, at, value, version, created_at)
         SELECT $1, to_timestamp(at), value, version, to_timestamp($2)
         FROM unnest($3::float8[], $4::bigint[], $5::bigint[]) AS row (at, value, version)`,
        [name, createdMs / 1000, ...['at', 'value', 'version'].map((key) => chunk.map((row) => row[key]))],
      );
    }
  }
}

/** Minute by minute what a counter might have gone through: busier by day, on weekdays, and from month to month. */
function pastOf(perMinute, nowMs) {
  const createdMs = nowMs - DAYS * DAY_MS;
  const minutesFromMs = Math.floor((nowMs - DAY_MS) / HOUR_MS) * HOUR_MS;
  const periods = { minutes: new Map(), hours: new Map(), days: new Map() };
  let [value, version, updatedMs] = [0, 0, createdMs];
  for (let ms = createdMs; ms < nowMs; ms += MINUTE_MS) {
    const changes = Math.floor(perMinute * busyness(ms, createdMs) * Math.random() * 2 + Math.random());
    if (changes === 0 && ms > createdMs) continue;
    const by = Math.max(changes, 1);
    [value, version, updatedMs] = [value + by, version + by, ms];
    if (ms >= minutesFromMs) periods.minutes.set(ms, { at: ms / 1000, value, version });
    for (const [period, lengthMs] of [
      ['hours', HOUR_MS],
      ['days', DAY_MS],
    ]) {
      const at = Math.floor(ms / lengthMs) * lengthMs;
      periods[period].set(at, { at: at / 1000, value, version });
    }
  }
  return { createdMs, updatedMs, value, version, ...periods };
}

function busyness(ms, createdMs) {
  const hour = (ms % DAY_MS) / HOUR_MS;
  const byDay = 0.55 - 0.45 * Math.cos(((hour - 3) / 24) * 2 * Math.PI);
  const weekday = new Date(ms).getUTCDay();
  return byDay * (weekday === 0 || weekday === 6 ? 0.6 : 1) * (0.6 + (0.4 * (ms - createdMs)) / (DAYS * DAY_MS));
}

/** Counts for a moment, and reads what the busy ones came to; a service that is away is asked again. */
async function count() {
  const share = (busyness(Date.now(), Date.now() - DAYS * DAY_MS) * TRAFFIC_INTERVAL_MS) / MINUTE_MS;
  const increments = Object.entries(COUNTERS).flatMap(([name, perMinute]) => {
    const by = Math.floor(perMinute * share * Math.random() * 2 + Math.random());
    return by === 0 ? [] : [{ name, by }];
  });
  if (increments.length === 0) return;
  await post('/v1/increments', { increments });
  await post('/v1/reads', { names: Object.keys(COUNTERS).filter((name) => COUNTERS[name] * Math.random() > 1) });
}

async function post(path, body) {
  await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
    .then((answer) => answer.arrayBuffer())
    .catch(() => undefined);
}
