/** What a counter should be is told from its history; where it is not so for hours, whoever is to know is told, once. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { UnexpectedEvaluator } from '../../src/counters/watches/unexpected-evaluator.js';
import { eventually } from '../support/eventually.js';
import { seedHours, usualHours, withEnd } from '../support/history.js';
import { withReceiver } from '../support/receiver.js';
import { withService } from '../support/service.js';

interface Hour {
  readonly at: string;
  readonly delta: number;
  readonly low: number;
  readonly high: number;
}

interface Forecast {
  readonly data: readonly Hour[];
  readonly past: readonly (Hour & { readonly observed: number; readonly outside: string | null })[];
  readonly basis: { readonly hours: number; readonly seasons: readonly string[]; readonly model: string };
  readonly reaches: { readonly bound: string; readonly value: number; readonly at: string } | null;
}

const service = withService({ inside: true, env: { WEBHOOK_ALLOW: '127.0.0.1' } });
const receiver = withReceiver();
let database: pg.Client;

/** Four weeks, and the day that is looked back at. */
const USUAL = usualHours(36, 200);

const SERIES = {
  usual: USUAL,
  stopped: withEnd(USUAL, 4, () => 0),
  doubled: withEnd(USUAL, 4, (delta) => 2.5 * delta),
  'an odd hour': USUAL.map((delta, place) => (place === USUAL.length - 5 ? 0 : delta)),
  young: usualHours(3, 200),
  'two weeks': usualHours(15, 200),
} as const;

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  for (const [name, deltas] of Object.entries(SERIES))
    await seedHours(service.databaseUrl, name, deltas.map(Math.round));
});
afterAll(() => database.end());

const forecast = (name: string, query = '') =>
  service.calls.call<Forecast>('GET', `/v1/counters/${encodeURIComponent(name)}/forecast${query}`);

describe('a forecast', () => {
  it('tells the hours to come, the running one first, and those that are over as they had been expected', async () => {
    const { body, text } = await forecast('usual', '?hours=48&past=24');
    expect([body.data.length, body.past.length, text]).toEqual([48, 24, text]);
    const times = [...body.past, ...body.data].map(({ at }) => Date.parse(at));
    expect(new Set(times.slice(1).map((ms, place) => ms - (times[place] ?? 0)))).toEqual(new Set([3_600_000]));
    expect(body.basis).toMatchObject({ hours: 672, seasons: ['day', 'week'], model: 'mstl-ets' });
    const outside = body.past.filter(({ delta, low, high, observed, outside: side }) => {
      expect(low <= delta && delta <= high).toBe(true);
      expect(side).toBe(observed > high ? 'above' : observed < low ? 'below' : null);
      return side !== null;
    });
    // One in twenty may be.
    expect(outside.length).toBeLessThanOrEqual(3);
  });

  it('of one that stopped or doubled says since when it is not as expected', async () => {
    for (const [name, side] of [
      ['stopped', 'below'],
      ['doubled', 'above'],
    ]) {
      const { past } = (await forecast(name ?? '', '?past=24')).body;
      expect(past.slice(-3).map(({ outside }) => outside)).toEqual([side, side, side]);
      expect(past.slice(0, 19).filter(({ outside }) => outside !== null).length).toBeLessThanOrEqual(3);
    }
  });

  it('takes two weeks, and looks back only as far as there are two weeks before', async () => {
    const { status, body } = await service.calls.call<{ code: string }>('GET', '/v1/counters/young/forecast');
    expect([status, body.code]).toEqual([409, 'not_enough_history']);
    const { past, basis } = (await forecast('two weeks', '?past=168')).body;
    // A day and an hour, or another hour where that is over by now.
    expect(past.length).toBe(basis.hours - 336);
    expect(basis.seasons).toEqual(['day']);
    expect((await forecast('nowhere')).status).toBe(404);
    expect((await forecast('usual', '?past=169')).status).toBe(400);
  });

  it('of a counter that was deleted is not told of the one that comes after it', async () => {
    await seedHours(service.databaseUrl, 'reborn', usualHours(15, 200).map(Math.round));
    expect((await forecast('reborn', '?past=3')).status).toBe(200);
    await service.calls.delete('reborn');
    await service.calls.increment('reborn');
    expect((await forecast('reborn')).status).toBe(409);
    expect((await forecast('reborn', '?past=3')).status).toBe(409);
  });

  it('tells when a counter will reach its bound', async () => {
    const { value } = (await service.calls.read('usual')).body;
    await database.query(`UPDATE counters SET max = value + 10000, version = version + 1 WHERE name = 'usual'`);
    await eventually(
      async () => (await service.calls.read('usual', '?consistency=strong')).body.max === value + 10_000,
    );
    const { reaches } = (await forecast('usual')).body;
    expect(reaches).toMatchObject({ bound: 'max', value: value + 10_000 });
    // Some 170 in an hour: two days and a half.
    const hours = (Date.parse(reaches?.at ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(36);
    expect(hours).toBeLessThan(96);
  });
});

describe('a watch of what is unexpected', () => {
  const evaluator = () => service.app.nest.get(UnexpectedEvaluator, { strict: false });

  const watched = async (name: string): Promise<{ id: string; path: string }> => {
    const path = `/${encodeURIComponent(name)}`;
    const hook = await service.calls.call<{ id: string }>('POST', '/v1/webhooks', { url: receiver.url(path) });
    const wish = { name, when: { unexpected: { hours: 2 } }, notify: [hook.body.id] };
    const { status, text, body } = await service.calls.call<{ id: string }>('POST', '/v1/watches', wish);
    expect([status, text]).toEqual([201, text]);
    return { id: body.id, path };
  };
  const turnsOf = async (id: string): Promise<(string | number | null)[][]> => {
    const path = `/v1/watches/${id}/turns`;
    const { data } = (
      await service.calls.call<{ data: { from: string; to: string; observed: number | null }[] }>('GET', path)
    ).body;
    return data.map(({ to, observed }) => [to, observed]).reverse();
  };
  const stateOf = async (id: string): Promise<string> =>
    (await service.calls.call<{ state: string }>('GET', `/v1/watches/${id}`)).body.state;
  const becomes = (id: string, state: string) =>
    eventually(async () => {
      await evaluator().runOnce();
      return (await stateOf(id)) === state;
    });
  const isJudged = (id: string) =>
    eventually(async () => {
      await evaluator().runOnce();
      const { rowCount } = await database.query(
        'SELECT FROM watch_states WHERE watch_id = $1 AND judged_to IS NOT NULL',
        [id],
      );
      return rowCount === 1;
    });

  it.each([
    ['stopped', 0],
    ['doubled', null],
  ])('fires on a counter that %s, is told once, and is over once an hour is as expected', async (name, observed) => {
    const { id, path } = await watched(name);
    await becomes(id, 'firing');
    await eventually(() => Promise.resolve(receiver.told(path).length === 1));
    await evaluator().runOnce();
    expect(await turnsOf(id)).toEqual([['firing', observed ?? expect.any(Number)]]);
    expect(receiver.told(path)).toMatchObject([{ type: 'watch.firing', data: { counter: name, previous: 'no_data' } }]);
    // As if an hour had gone by since, in which it was as it should be.
    const series: readonly number[] = SERIES[name as 'stopped' | 'doubled'];
    const recovered = series.map((delta, place) =>
      place >= series.length - 4 ? (USUAL[place] ?? 0) : Math.round(delta),
    );
    await seedHours(service.databaseUrl, name, recovered);
    await database.query(
      `UPDATE watch_states SET judged_to = judged_to - interval '1 hour', expected_to = expected_to - interval '1 hour'
       WHERE watch_id = $1`,
      [id],
    );
    await becomes(id, 'ok');
    await eventually(() => Promise.resolve(receiver.told(path).length === 2));
    expect(receiver.told(path)[1]).toMatchObject({ type: 'watch.ok', data: { previous: 'firing' } });
  });

  it('is ok on one that behaves, and on one of which a single hour was odd', async () => {
    const found = [await watched('usual'), await watched('an odd hour')];
    for (const { id, path } of found) {
      await becomes(id, 'ok');
      expect(receiver.told(path)).toEqual([]);
    }
  });

  it('cannot tell of one that is too young', async () => {
    const { id } = await watched('young');
    await isJudged(id);
    expect(await stateOf(id)).toBe('no_data');
  });
});

it('a watch that is changed into another kind finds room there, or stays as it is', async () => {
  const { id } = (
    await service.calls.call<{ id: string }>('POST', '/v1/watches', { name: 'usual', when: { above: 5 } })
  ).body;
  await database.query(
    `INSERT INTO watches (id, label, name, condition, kind, hysteresis, hold_ms, notify, muted)
     SELECT 'w_full' || at, '', 'full', '{"unexpected": {"hours": 2}}', 'unexpected', 0, 0, '{}', true
     FROM generate_series(1, 100) AS at`,
  );
  try {
    const when = { unexpected: { hours: 2 } };
    const changed = await service.calls.call('PATCH', `/v1/watches/${id}`, { when });
    expect([changed.status, changed.text]).toEqual([400, expect.stringContaining('There may be 100 watches')]);
    const replaced = await service.calls.call('PUT', `/v1/watches/${id}`, { name: 'usual', when });
    expect(replaced.status).toBe(400);
    expect((await service.calls.call('PATCH', `/v1/watches/${id}`, { muted: true })).status).toBe(200);
  } finally {
    await database.query(`DELETE FROM watches WHERE id LIKE 'w_full%'`);
  }
});
