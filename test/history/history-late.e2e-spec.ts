/** What was counted in minutes that are over when it arrives stands in the history at those minutes, hours and days. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { HistoryDeriver } from '../../src/counters/history/history-deriver.js';
import { HistoryPruner } from '../../src/counters/history/history-pruner.js';
import { HistoryRoller } from '../../src/counters/history/history-roller.js';
import { type Delivery, type DeliveryItem, digestOf } from '../../src/domain/delivery.js';
import { eventually } from '../support/eventually.js';
import { pointsOf, sumOf } from '../support/history.js';
import { withService } from '../support/service.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const LENGTHS = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS } as const;

/** Far enough back for quarters and hours to differ, and not beyond the minutes that are kept. */
const BACK_MS = 20 * HOUR_MS;

let database: pg.Client;
const service = withService({ inside: true });

beforeAll(async () => {
  database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
});

afterAll(() => database.end());

const get = <T>(kind: new (...args: never[]) => T): T => service.app.nest.get(kind, { strict: false });
const left = async () => (await database.query('SELECT FROM late_increments')).rowCount;

/** The jobs run as well, and hold the history for a moment. Until the minute is over that others arrived in, some wait. */
async function takeIn(): Promise<void> {
  await eventually(async () => {
    await get(HistoryDeriver).runOnce();
    await get(HistoryRoller).runOnce();
    return (await left()) === 0;
  }, 120_000);
}

class Edge {
  private readonly id = randomUUID();
  private last: Delivery | null = null;

  async deliver(increments: readonly DeliveryItem[]): Promise<void> {
    const from = this.last?.to ?? 0;
    const previous = this.last === null ? null : digestOf(this.last);
    const delivery: Delivery = {
      from,
      to: from + increments.length,
      previous,
      nonce: randomUUID(),
      more: true,
      increments,
    };
    const { status, text } = await service.calls.call('POST', `/v1/edges/${this.id}/deliveries`, delivery);
    if (status !== 200) throw new Error(text);
    this.last = delivery;
  }
}

const at = (ms: number) => new Date(ms).toISOString();

/** What the history must tell of changes: the sum of each interval that has one. */
function expected(changes: readonly DeliveryItem[], interval: keyof typeof LENGTHS): Map<number, number> {
  const sums = new Map<number, number>();
  for (const change of changes) {
    const begin = Math.floor(Date.parse(change.at) / LENGTHS[interval]) * LENGTHS[interval];
    sums.set(begin, (sums.get(begin) ?? 0) + change.by);
  }
  for (const [begin, sum] of sums) if (sum === 0) sums.delete(begin);
  return sums;
}

async function told(name: string, interval: keyof typeof LENGTHS): Promise<Map<number, number>> {
  const lengthMs = LENGTHS[interval];
  const to = Date.now() + MINUTE_MS;
  const from = Math.floor((to - BACK_MS - 2 * HOUR_MS) / lengthMs) * lengthMs;
  const points = await pointsOf(service.calls, name, `interval=${interval}&from=${at(from)}&to=${at(to)}`);
  return new Map(points.filter(({ delta }) => delta !== 0).map((point) => [Date.parse(point.at), point.delta]));
}

it('random items of random minutes, in any order, among increments that are made now', async () => {
  const changes: DeliveryItem[] = [];
  const edges = [new Edge(), new Edge()];
  const beganMs = Date.now();
  for (let round = 0; round < 6; round += 1) {
    const edge = edges[round % 2];
    const items = Array.from({ length: 20 }, (_, index) => {
      const minutes = Math.floor((Math.random() * BACK_MS) / MINUTE_MS);
      // Now and then the same minute twice, and the begin of a quarter.
      const whole = index % 4 === 0 ? Math.ceil(minutes / 15) * 15 : minutes;
      return { name: 'mixed', by: 1 + Math.floor(Math.random() * 9), at: at(beganMs - whole * MINUTE_MS) };
    });
    await edge?.deliver(items);
    changes.push(...items);
    const { body } = await service.calls.increment('mixed', 100);
    changes.push({ name: 'mixed', by: 100, at: body.updatedAt });
    if (round % 2 === 1) await get(HistoryDeriver).runOnce();
  }
  await takeIn();
  for (const interval of ['minute', 'hour', 'day'] as const) {
    expect([interval, await told('mixed', interval)]).toEqual([interval, expected(changes, interval)]);
  }
  const total = changes.reduce((sum, { by }) => sum + by, 0);
  expect((await service.calls.read('mixed')).body.value).toBe(total);
  const since = beganMs - BACK_MS - HOUR_MS;
  const hours = await pointsOf(service.calls, 'mixed', `interval=hour&from=${at(since)}`);
  expect(sumOf(hours)).toBe(total);
}, 180_000);

it('minutes that are gone are in their hours and days', async () => {
  const edge = new Edge();
  await service.calls.increment('gone', 1);
  const longAgo = Date.now() - 10 * DAY_MS;
  const items = [0, 1, 2, 3].map((index) => ({
    name: 'gone',
    by: 10 ** index,
    at: at(longAgo + index * 20 * MINUTE_MS),
  }));
  await edge.deliver(items);
  await takeIn();
  await eventually(async () => (await get(HistoryPruner).runOnce()).complete);
  const { rowCount } = await database.query(
    `SELECT FROM history_minutes WHERE name = 'gone' AND at < now() - interval '9 days'`,
  );
  expect(rowCount).toBe(0);
  const hours = await pointsOf(
    service.calls,
    'gone',
    `interval=hour&from=${at(longAgo - DAY_MS)}&to=${at(longAgo + DAY_MS)}`,
  );
  const changed = new Map(hours.filter(({ delta }) => delta !== 0).map((point) => [Date.parse(point.at), point.delta]));
  expect(changed).toEqual(expected(items, 'hour'));
  const days = await pointsOf(service.calls, 'gone', `interval=day&from=${at(longAgo - DAY_MS)}`);
  expect(sumOf(days)).toBe(1_112);
}, 180_000);

it('of a counter that was deleted since, nothing comes back', async () => {
  const edge = new Edge();
  await edge.deliver([{ name: 'ended', by: 7, at: at(Date.now() - 3 * HOUR_MS) }]);
  await service.calls.delete('ended');
  await service.calls.increment('ended', 1);
  await takeIn();
  const points = await pointsOf(service.calls, 'ended', `interval=hour&from=${at(Date.now() - DAY_MS)}`);
  expect(sumOf(points)).toBe(1);
}, 180_000);
