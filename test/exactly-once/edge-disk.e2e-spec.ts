/** An edge whose disk takes nothing counts nothing and says so; it goes on by itself when the disk does. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { EdgeFile, firstOf } from '../../src/edge/edge-file.js';
import { type RunningEdge, startEdge } from '../../src/edge/start.js';
import { closingAfterEach } from '../support/closing.js';
import { type EdgeProcess, localCalls, settingsOf, startEdgeProcess } from '../support/edge.js';
import { eventually } from '../support/eventually.js';

/** Nothing listens there: what is counted waits. */
const NOBODY = 'http://127.0.0.1:1';

const keep = closingAfterEach();

interface Status {
  readonly disk: string | null;
  readonly waiting: { readonly increments: number };
}

const many = (prefix: string) => ({
  increments: Array.from({ length: 50 }, (_, index) => ({ name: `${prefix}:${index}` })),
});

/** Leaves room for some more, as on a disk that others fill. */
function leaveRoom({ edge: { file } }: RunningEdge, pages: number): void {
  const { page_count: taken } = firstOf(file.all<{ page_count: number }>('PRAGMA page_count'));
  file.all(`PRAGMA max_page_count = ${taken + pages}`);
}

const giveRoom = ({ edge: { file } }: RunningEdge) => file.all('PRAGMA max_page_count = 1000000');

/** Counts until it is refused; answers how much was kept, and the refusal. */
async function fill(edge: { readonly url: string }): Promise<{ readonly kept: number; readonly status: number }> {
  const calls = localCalls(edge);
  for (let kept = 0; ; kept += 50) {
    const { status } = await calls.batch(many(`full:${kept}`));
    if (status !== 200) return { kept, status };
  }
}

it('says on its page, to probes and in its numbers that it counts nothing, until the disk has room again', async () => {
  const edge = keep(await startEdge(await settingsOf(NOBODY), () => undefined));
  const calls = localCalls(edge);
  const look = async () => (await calls.call<Status>('GET', '/v1/edge')).body;
  const ready = async () => (await fetch(`${edge.url}/readyz`)).status;
  const told = async () => (await fetch(`${edge.url}/metrics`)).text();
  expect([(await look()).disk, await ready()]).toEqual([null, 200]);
  expect(await told()).toContain('evercount_edge_disk_refuses 0');
  leaveRoom(edge, 4);
  const { kept, status } = await fill(edge);
  expect(kept).toBeGreaterThan(0);
  expect(status).toBe(503);
  expect((await look()).disk).toMatch(/no room/);
  expect(await ready()).toBe(503);
  expect(await told()).toContain('evercount_edge_disk_refuses 1');
  expect((await calls.call('POST', '/v1/edge/drop', {})).status).toBe(200);
  giveRoom(edge);
  // Nobody has to count for that.
  await eventually(async () => (await look()).disk === null && (await ready()) === 200);
  expect((await look()).waiting.increments).toBe(kept);
});

it('does what is due when it may be written again, and forgets all keys whose time is over', async () => {
  const settings = await settingsOf(NOBODY, { everyMs: 300 });
  const before = EdgeFile.open(settings.file);
  // More than go in one step.
  before.transact(() => {
    for (let key = 0; key < 3_500; key += 1) {
      before.run('INSERT INTO keys (key, fingerprint, answer, at) VALUES (?, ?, ?, 0)', `old-${key}`, 'f', 'a');
    }
  });
  before.close();
  const edge = keep(await startEdge(settings, () => undefined));
  const { file } = edge.edge;
  const calls = localCalls(edge);
  await eventually(() => !file.has('SELECT 1 FROM keys'));
  expect((await calls.increment('due')).status).toBe(200);
  file.all('PRAGMA query_only = 1');
  expect((await calls.increment('due')).status).toBe(503);
  expect((await calls.call('POST', '/v1/edge/retry', {})).status).toBe(503);
  expect((await calls.call<Status>('GET', '/v1/edge')).body.disk).toMatch(/cannot be written/);
  file.all('PRAGMA query_only = 0');
  expect((await calls.increment('due')).status).toBe(200);
  await eventually(() => file.has('SELECT 1 FROM deliveries') && edge.edge.courier.contact.failures > 0);
});

it('is refused by a file that may not grow, ends well, starts again as it is, and loses nothing', async () => {
  const { file } = await settingsOf(NOBODY);
  const start = async (largestFile?: number): Promise<EdgeProcess> => {
    const started = await startEdgeProcess(NOBODY, file, [], largestFile);
    keep({ close: () => started.kill() });
    return started;
  };
  const limited = () => start(400);
  let edge = await limited();
  const { kept, status } = await fill(edge);
  expect([status, kept > 0]).toEqual([503, true]);
  expect(await edge.stop()).toEqual({ code: 0, signal: null });
  edge = await limited();
  expect((await fill(edge)).status).toBe(503);
  await edge.kill();
  edge = await limited();
  await edge.kill();
  edge = await start();
  const { body } = await localCalls(edge).call<Status>('GET', '/v1/edge');
  expect(body.disk).toBeNull();
  expect(body.waiting.increments).toBeGreaterThanOrEqual(kept);
  expect((await localCalls(edge).increment('after')).status).toBe(200);
});

it('names the file in one line where it cannot be made', async () => {
  const { file } = await settingsOf(NOBODY);
  const settings = await settingsOf(NOBODY, { file });
  await (await startEdge(settings, () => undefined)).close();
  expect((await stat(file)).isFile()).toBe(true);
  const inside = await settingsOf(NOBODY, { file: join(file, 'folder', 'edge.db') });
  await expect(startEdge(inside, () => undefined)).rejects.toThrow(/folder\/edge\.db cannot be opened: .*ENOTDIR/);
});
