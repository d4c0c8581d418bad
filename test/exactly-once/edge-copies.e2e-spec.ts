/** What an edge acknowledged counts upstream exactly once, also where one of the two is a copy, or older than it was. */
import { copyFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { startEdge } from '../../src/edge/start.js';
import { closingAfterEach } from '../support/closing.js';
import { hasDelivered, localCalls, settingsOf } from '../support/edge.js';
import { eventually } from '../support/eventually.js';
import { withService } from '../support/service.js';

const service = withService();
const keep = closingAfterEach();

const truth = async (name: string) => (await service.calls.read(name, '?consistency=strong')).body.value;

async function withDatabase<T>(work: (database: pg.Client) => Promise<T>): Promise<T> {
  const database = new pg.Client({ connectionString: service.databaseUrl });
  await database.connect();
  return work(database).finally(() => database.end());
}

it('a copied file is found out, refused, and counts under an identity of its own; nothing is lost', async () => {
  const settings = await settingsOf(service.app.url);
  const first = await startEdge(settings, () => undefined);
  await localCalls(first).increment('copied', 1);
  await hasDelivered(first);
  await first.close();
  const copy = await settingsOf(service.app.url);
  await copyFile(settings.file, copy.file);
  const original = keep(await startEdge(settings, () => undefined));
  await localCalls(original).increment('copied', 10);
  await hasDelivered(original);
  const second = keep(await startEdge(copy, () => undefined));
  const calls = localCalls(second);
  await calls.increment('copied', 100);
  await eventually(() => second.edge.status.state === 'forked');
  await calls.increment('copied', 1_000);
  expect(await truth('copied')).toBe(11);
  expect(second.edge.status.waiting.increments).toBe(2);
  expect((await calls.call('POST', '/v1/edge/resync', {})).status).toBe(409);
  expect((await calls.call('POST', '/v1/edge/resync', { newIdentity: true })).status).toBe(200);
  await hasDelivered(second);
  await localCalls(original).increment('copied', 10_000);
  await hasDelivered(original);
  expect(await truth('copied')).toBe(11_111);
});

it('upstream restored to an older state gets again what it misses, and nothing twice', async () => {
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const calls = localCalls(edge);
  const deliver = async (by: number) => {
    await calls.increment('restored', by);
    await hasDelivered(edge);
  };
  await deliver(1);
  const { id } = edge.edge.status;
  await withDatabase(async (database) => {
    await database.query('CREATE TABLE kept_edges AS SELECT * FROM edges');
    await database.query(`CREATE TABLE kept_counters AS SELECT * FROM counters WHERE name = 'restored'`);
    await deliver(10);
    await deliver(100);
    await database.query('DELETE FROM edges WHERE id = $1', [id]);
    await database.query('INSERT INTO edges SELECT * FROM kept_edges WHERE id = $1', [id]);
    await database.query(`UPDATE counters SET value = k.value FROM kept_counters AS k WHERE counters.name = k.name`);
    await database.query('DROP TABLE kept_edges, kept_counters');
  });
  expect(await truth('restored')).toBe(1);
  await deliver(1_000);
  expect(await truth('restored')).toBe(1_111);
  expect(edge.edge.status.state).toBe('counting');
});

it('what upstream misses and is no longer kept stops the delivery until somebody decides', async () => {
  const edge = keep(await startEdge(await settingsOf(service.app.url, { keptMs: 0 }), () => undefined));
  const calls = localCalls(edge);
  for (const by of [1, 2]) {
    await calls.increment('gone', by);
    await hasDelivered(edge);
  }
  await eventually(() => edge.edge.file.all('SELECT first FROM deliveries').length <= 1);
  await withDatabase((database) => database.query('DELETE FROM edges WHERE id = $1', [edge.edge.status.id]));
  await calls.increment('gone', 4);
  await eventually(() => edge.edge.status.state === 'lost');
  await calls.increment('gone', 8);
  expect(await truth('gone')).toBe(3);
  expect((await calls.call('POST', '/v1/edge/resync', {})).status).toBe(200);
  await hasDelivered(edge);
  expect(await truth('gone')).toBe(15);
});

it('what is under way is not taken back while nothing is to be decided: upstream may have it already', async () => {
  const edge = keep(await startEdge(await settingsOf(service.app.url), () => undefined));
  const calls = localCalls(edge);
  await calls.increment('under way', 1);
  await hasDelivered(edge);
  for (const newIdentity of [false, true]) {
    const { status, body } = await calls.call<{ code: string }>('POST', '/v1/edge/resync', { newIdentity });
    expect([status, body.code]).toEqual([409, 'needs_connection']);
  }
  expect(edge.edge.file.has('SELECT 1 FROM deliveries')).toBe(true);
});

it('what was refused stays through another identity, and through an upstream that is restored after it', async () => {
  await service.calls.set('full house', { value: 0, max: 1 });
  const settings = await settingsOf(service.app.url);
  const first = await startEdge(settings, () => undefined);
  await localCalls(first).increment('full house', 7);
  await eventually(() => first.edge.status.refused.length === 1);
  await first.close();
  const copy = await settingsOf(service.app.url);
  await copyFile(settings.file, copy.file);
  const original = keep(await startEdge(settings, () => undefined));
  await localCalls(original).increment('of both');
  await hasDelivered(original);
  const second = keep(await startEdge(copy, () => undefined));
  const calls = localCalls(second);
  await calls.increment('of both');
  await eventually(() => second.edge.status.state === 'forked');
  await calls.call('POST', '/v1/edge/resync', { newIdentity: true });
  await hasDelivered(second);
  // Its first item has the number of the refused one, and is sent again.
  await withDatabase((database) => database.query('DELETE FROM edges WHERE id = $1', [second.edge.status.id]));
  await calls.increment('of both');
  await eventually(() => second.edge.status.waiting.items === 0 && second.edge.status.waiting.increments === 0);
  expect(second.edge.refusals.list()).toMatchObject([{ name: 'full house', by: 7 }]);
});
