import { afterEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { EventSource } from '../support/event-source.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { scrape } from '../support/scrape.js';
import { withService } from '../support/service.js';
const sources: EventSource[] = [];

const service = withService();
afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  const told = () => scrape(service.app.url);
  await eventually(async () => (await told()).get('evercount_streams_open') === 0);
  expect((await told()).get('evercount_stream_counters')).toBe(0);
});

async function open(query: string, headers: Record<string, string> = {}): Promise<EventSource> {
  const source = await EventSource.open(service.app.url, query, headers);
  sources.push(source);
  return source.untilSnapshot();
}

const rising = (versions: readonly number[]) =>
  versions.every((version, index) => index === 0 || version > (versions[index - 1] ?? 0));

describe('a stream', () => {
  it('begins with what there is, and tells of each change after it', async () => {
    await service.calls.increment('begin:a', 5);
    const source = await open('name=begin%3Aa&name=begin%3Ab');
    expect(source.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': expect.any(String),
    });
    expect(source.snapshot).toEqual([(await service.calls.read('begin:a')).body]);
    expect(source.events.map(({ event }) => event).slice(0, 2)).toEqual(['snapshot', 'status']);
    expect(source.retries).toEqual([expect.any(Number)]);

    await service.calls.increment('begin:b', 7);
    await source.untilValue('begin:b', 7);
    expect(source.of('change').at(-1)?.data).toEqual((await service.calls.read('begin:b')).body);
    await service.calls.set('begin:a', { value: 100 });
    await source.untilValue('begin:a', 100);
    await service.calls.delete('begin:a');
    await eventually(() => source.statesOf('begin:a').at(-1)?.deleted === true);
    expect(source.of('change').at(-1)?.data).toEqual({ name: 'begin:a', deleted: true, version: 3 });
    await service.calls.increment('begin:a');
    await source.untilValue('begin:a', 1);
    expect(source.statesOf('begin:a').map(({ version }) => version)).toEqual([1, 2, 3, 4]);
  });

  it('of a prefix tells of all counters that begin with it, also of those that are new, and of no other', async () => {
    await Promise.all([
      service.calls.increment("pre%'/1"),
      service.calls.increment("pre%'/2"),
      service.calls.increment('pre'),
    ]);
    const source = await open(`prefix=${encodeURIComponent("pre%'/")}&name=${encodeURIComponent("pre%'/1")}`);
    expect(source.snapshot.map(({ name }) => name)).toEqual(["pre%'/1", "pre%'/2"]);
    await Promise.all([
      service.calls.increment("pre%'/3", 9),
      service.calls.increment("pre%'/1", 4),
      service.calls.increment('pre'),
    ]);
    await source.untilValue("pre%'/3", 9);
    await source.untilValue("pre%'/1", 5);
    const told = source.of('change').map(({ data }) => (data as { name: string }).name);
    expect(told.sort()).toEqual(["pre%'/1", "pre%'/3"]);
  });

  it('of all counters has the first thousand in its snapshot, and tells of changes of the others too', async () => {
    for (let start = 0; start < 1_200; start += 600) {
      const increments = Array.from({ length: 600 }, (_, index) => ({ name: `many:${10_000 + start + index}` }));
      await send(service.app.url, 'POST', '/v1/increments', { json: { increments } });
    }
    const source = await open('prefix=many%3A');
    expect(source.snapshot.map(({ name }) => name)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => `many:${10_000 + index}`),
    );
    await service.calls.increment('many:11199', 4);
    await source.untilValue('many:11199', 5);
  });

  it('tells of a hot counter at most 4 times a second, in order, and of its last value', async () => {
    const source = await open('name=hot');
    const begin = performance.now();
    let last = 0;
    while (performance.now() - begin < 2_000) {
      const replies = await Promise.all(Array.from({ length: 20 }, () => service.calls.increment('hot')));
      last = Math.max(...replies.map(({ body }) => body.value));
    }
    await source.untilValue('hot', last);
    const times = source.of('change').map(({ atMs }) => atMs);
    const seconds = ((times.at(-1) ?? 0) - begin) / 1_000;
    expect(times.length).toBeGreaterThan(4);
    // The first one comes at once.
    expect(times.length).toBeLessThanOrEqual(1 + 4 * seconds + 1);
    expect(rising(source.statesOf('hot').map(({ version }) => version))).toBe(true);
  });

  it('has a snapshot that holds what was acknowledged before it was asked for', async () => {
    const first = await open('name=fresh&prefix=fre');
    for (let value = 1; value <= 20; value += 1) {
      await service.calls.increment('fresh');
      const source = await open('name=fresh&prefix=fre');
      expect(source.snapshot).toMatchObject([{ name: 'fresh', value }]);
    }
    await first.untilValue('fresh', 20);
  });

  it('gives whoever comes back a new snapshot, whatever the last event it saw', async () => {
    await service.calls.increment('back', 3);
    const first = await open('name=back');
    const lastId = first.events.at(-1)?.id ?? '';
    expect(lastId).not.toBe('');
    first.close();
    await service.calls.increment('back', 3);
    const second = await open('name=back', { 'last-event-id': lastId });
    expect(second.snapshot).toMatchObject([{ name: 'back', value: 6 }]);
    expect(new Set(second.events.map(({ id }) => id)).has(lastId)).toBe(false);
  });

  it('tells of a change whose message was lost', async () => {
    await Promise.all([service.calls.increment('lost:a'), service.calls.increment('lost:b')]);
    const source = await open('name=lost%3Aa&prefix=lost');
    const client = new pg.Client(service.databaseUrl);
    await client.connect();
    // As another instance would whose messages do not arrive.
    await client.query(`UPDATE counters SET value = 50, version = version + 1 WHERE name = 'lost:a'`);
    await client.query(`UPDATE counters SET deleted = true, value = 0, version = version + 1 WHERE name = 'lost:b'`);
    await client.end();
    await source.untilValue('lost:a', 50);
    await eventually(() => source.statesOf('lost:b').at(-1)?.deleted === true);
  });

  it('that asks for nothing, too much or something unknown is refused', async () => {
    const tooMany = Array.from({ length: 6 }, (_, index) => `prefix=${index}`).join('&');
    for (const query of ['', '?nam=a', '?name=', '?name=%0A', '?name=%E0', '?prefix=%00', `?${tooMany}`]) {
      const { status, body } = await send(service.app.url, 'GET', `/v1/stream${query}`);
      expect([query, status, JSON.parse(body)]).toMatchObject([query, 400, { code: 'invalid_request' }]);
    }
    expect((await send(service.app.url, 'HEAD', '/v1/stream?name=a')).status).toBe(200);
  });

  it('is closed on neither side while nothing happens, since a comment comes in time', async () => {
    const source = await open('name=quiet');
    await eventually(() => source.comments.length > 0);
    expect(source.ended).toBe(false);
  });
});
