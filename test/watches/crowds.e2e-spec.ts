/** Very many counters hold up no watch, those that are gone take no room of others; and many may change one at once. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { rateBeginMs } from '../../src/counters/watches/lengths.js';
import { WatchEvaluator } from '../../src/counters/watches/watch-evaluator.js';
import { WatchPruning } from '../../src/counters/watches/watch-pruning.js';
import type { Judge } from '../../src/store/watches/candidate.js';
import { ALL_RATES, type RatesPlace, WatchLooks } from '../../src/store/watches/watch-looks.js';
import { MAX_TRACKS } from '../../src/store/watches/watch-writes.js';
import { testBuckets } from '../support/buckets.js';
import { insertCounters, namesOf } from '../support/counter-rows.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

interface WatchBody {
  readonly id: string;
  readonly state: string;
  readonly counters: { readonly firing: number; readonly ok: number; readonly noData: number };
}

const service = withService({ inside: true });
let database: pg.Client;

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});
afterAll(() => database.end());

const watched = async (body: object): Promise<string> =>
  (await service.calls.call<WatchBody>('POST', '/v1/watches', body)).body.id;
const shown = async (id: string) => (await service.calls.call<WatchBody>('GET', `/v1/watches/${id}`)).body;
/** What is there is looked at now: the timer would take its time. */
const becomes = (id: string, state: string) =>
  eventually(async () => {
    await service.app.nest.get(WatchEvaluator, { strict: false }).runOnce();
    return (await shown(id)).state === state;
  });

it('a prefix of which as many are watched as may be leaves out those that come in a crowd, and holds up no other watch', async () => {
  const id = await watched({ prefix: 'crowd:', when: { above: 5 } });
  const beside = await watched({ name: 'beside', when: { above: 5 } });
  await service.calls.increment('beside', 1);
  await becomes(beside, 'ok');
  await database.query(
    `INSERT INTO watch_states (watch_id, name, state, since)
     SELECT $1, 'crowd:' || n, 'ok', clock_timestamp() FROM generate_series(1, ${MAX_TRACKS}) AS n`,
    [id],
  );
  // Each batch is a transaction of its own.
  await database.query(
    `DO $$ BEGIN FOR batch IN 1 .. 30 LOOP
       INSERT INTO batches (id, names, "values", versions, created_ats, updated_ats)
       SELECT gen_random_uuid(), array_agg('crowd:' || batch || ':' || n), array_agg(9), array_agg(1), array_agg(now()), array_agg(now())
       FROM generate_series(1, 1000) AS n;
       COMMIT;
     END LOOP; END $$`,
  );
  await service.calls.increment('beside', 9);
  await becomes(beside, 'firing');
  expect((await shown(id)).counters).toEqual({ firing: 0, ok: MAX_TRACKS, noData: 0 });
});

it('a prefix has room for those that come when others have gone, of which as many are remembered', async () => {
  const id = await watched({ prefix: 'room:', when: { above: 5 } });
  await database.query(
    `INSERT INTO watch_states (watch_id, name, state, since, turns)
     SELECT $1, 'room:' || n, 'no_data', now() - n * interval '1 second', 1 FROM generate_series(1, ${MAX_TRACKS} + 2) AS n`,
    [id],
  );
  await database.query(
    `INSERT INTO watch_turns (watch_id, name, turn, at, from_state, to_state)
     SELECT watch_id, name, 1, since, 'ok', 'no_data' FROM watch_states WHERE watch_id = $1`,
    [id],
  );
  await service.calls.increment('room:later', 9);
  await becomes(id, 'firing');
  await service.app.nest.get(WatchPruning, { strict: false }).runOnce({ signal: new AbortController().signal });
  expect((await shown(id)).counters).toEqual({ firing: 1, ok: 0, noData: MAX_TRACKS });
  const { rows } = await database.query('SELECT count(*)::int AS turns FROM watch_turns WHERE watch_id = $1', [id]);
  expect(rows).toEqual([{ turns: MAX_TRACKS + 1 }]);
});

it('a rate is looked at by time alone, however many there are, but of counters that are gone', async () => {
  const id = await watched({ prefix: 'fast:', when: { rate: { over: '5m', below: 1 } } });
  const counters = 2_500;
  const names = namesOf(counters, (n) => `fast:${n}`);
  await insertCounters(database, testBuckets, names, undefined, '1 hour');
  await database.query(
    `INSERT INTO watch_states (watch_id, name, state, since)
     SELECT $1, 'fast:' || n, CASE WHEN n > $2 THEN 'no_data' ELSE 'ok' END, now() FROM generate_series(1, $2 + 500) AS n
     ON CONFLICT DO NOTHING`,
    [id, counters],
  );
  const looks = service.app.nest.get(WatchLooks, { strict: false });
  const seen = new Set<string>();
  const note: Judge = (candidates) => {
    for (const { watchId, name } of candidates) if (watchId === id) seen.add(name);
    return [];
  };
  let place: RatesPlace | null = ALL_RATES;
  await eventually(async () => {
    // The timer's look may be at it, too.
    const report = place === null ? null : await looks.look(note, rateBeginMs, place);
    if (report !== null) place = report.rates;
    return place === null;
  });
  expect(seen.size).toBe(counters);
});

it('who changes parts of one at the same moment loses nothing of what others changed', async () => {
  const made = await service.calls.call<{ id: string }>('POST', '/v1/watches', { name: 'parts', when: { above: 10 } });
  const path = `/v1/watches/${made.body.id}`;
  for (let round = 0; round < 10; round += 1) {
    const [label, hold, muted] = [`round ${round}`, `${round + 1}m`, round % 2 === 0];
    const parts = [{ label }, { for: hold }, { muted }, { hysteresis: round }];
    const answers = await Promise.all(parts.map((part) => service.calls.call('PATCH', path, part)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { body } = await service.calls.call('GET', path);
    expect(body).toMatchObject({ label, for: hold, muted, hysteresis: round });
  }
});
