/** The drill that the service runs by itself: begun by a call, told by what happened. */
import { expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { send } from '../support/http.js';
import { withService } from '../support/service.js';

const service = withService();

interface Item {
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const call = (method: string, path: string, json?: unknown) =>
  send(service.app.url, method, path, json === undefined ? {} : { json });
const events = async (kind: string) =>
  (JSON.parse((await call('GET', `/v1/events?kind=${kind}`)).body) as { data: Item[] }).data;

it('loses nothing, leaves nothing behind, and is one at a time', async () => {
  for (const name of ['a', 'b', 'c']) await service.calls.set(name, { value: 7 });
  const begun = await call('POST', '/v1/admin/drill', { seconds: 1, sample: 10 });
  expect([begun.status, JSON.parse(begun.body)]).toEqual([
    202,
    { drill: { state: 'running', seconds: 1, sample: 10 } },
  ]);
  const second = await call('POST', '/v1/admin/drill');
  expect([second.status, (JSON.parse(second.body) as { code: string }).code]).toEqual([409, 'in_progress']);
  await eventually(async () => (await events('drill.end')).length === 1, 120_000);
  const [end] = await events('drill.end');
  expect(end?.detail).toMatchObject({ passed: true, wrong: 0, told: [], warmAfterMs: expect.any(Number) });
  expect(end?.detail['increments']).toBeGreaterThan(0);
  expect(end?.detail['compared']).toBeGreaterThanOrEqual(3);
  expect(await events('drill.begin')).toMatchObject([{ detail: { actor: 'off', seconds: 1 } }]);
  const { body } = await call('GET', '/v1/counters');
  expect((JSON.parse(body) as { data: { name: string; value: number }[] }).data.map(({ name }) => name)).toEqual([
    'a',
    'b',
    'c',
  ]);
  for (const wrong of [{ seconds: 0 }, { seconds: 31 }, { sample: 1.5 }, { more: 1 }])
    expect((await call('POST', '/v1/admin/drill', wrong)).status).toBe(400);
});

it('the command that empties Redis itself works as it is pasted, and no count is lost', async () => {
  await service.calls.read('a');
  const before = (await events('cache.cold')).length;
  const { code, out } = await runCli(['cache', 'flushall', '--yes'], { env: service.variables });
  expect([code, out]).toEqual([0, expect.stringMatching(/^flushed: \d+ keys are gone/)]);
  await eventually(async () => (await events('cache.cold')).length > before);
  expect((await service.calls.read('a')).body.value).toBe(7);
});
